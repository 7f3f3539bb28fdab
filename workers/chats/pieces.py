"""What a message is made of when it is shown: pieces from top to bottom, each of runs of text in one look."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from urllib.parse import urlsplit

import orjson

_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


class Kind(StrEnum):
    """How a piece looks; each has its macro in templates/desk/bubble.html."""

    BANNER = "banner"  # the coloured head of a card
    COVER = "cover"  # a large picture, or none, with its title and perhaps a second line; it leads somewhere
    ROW = "row"  # a title, and a small picture on its right; it leads somewhere
    SOURCE = "source"  # whose card it is
    TITLE = "title"
    HEADING = "heading"
    TEXT = "text"
    QUOTE = "quote"
    ITEM = "item"  # of a list
    NOTE = "note"  # small print
    RULE = "rule"
    PICTURE = "picture"
    BUTTON = "button"
    JSON = "json"  # what nothing here knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text that looks the same throughout."""

    text: str
    url: str = ""  # http(s) or nothing
    look: str = ""  # strong, em, struck, code
    tone: str = ""  # quiet, seal, warn, ok, link


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing among those that stand below each other."""

    kind: Kind
    runs: tuple[Run, ...] = ()
    url: str = ""  # of the whole piece; http(s) or nothing
    tone: str = ""  # of a banner: seal, accent
    has_picture: bool = False
    below: str = ""  # a cover's second line


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A message as its readers see it."""

    form: str  # the platform's word for it
    pieces: tuple[Piece, ...]
    url: str = ""  # where a touch anywhere leads
    notice: str = ""  # what a list of chats and a notification show, where that stands nowhere else

    @property
    def groups(self) -> Iterator[tuple[Kind, list[Piece]]]:
        """The pieces, those of one kind that follow each other together."""
        for kind, pieces in groupby(self.pieces, key=lambda piece: piece.kind):
            yield kind, list(pieces)

    @property
    def language(self) -> str:
        """Of its words, as far as a look can tell."""
        said = "".join(run.text for piece in self.pieces if piece.kind is not Kind.JSON for run in piece.runs)
        return "zh-CN" if _CHINESE.search(said) else "en"


def link(url: object) -> str:
    """*url* where a page may lead there: http and https alone."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return ""
    return str(url) if parts and parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


def plain(text: object, *, look: str = "", tone: str = "") -> tuple[Run, ...]:
    """*text* as one run; none where it is empty."""
    return (Run(text=str(text), look=look, tone=tone),) if text else ()


def said(kind: Kind, text: object, *, tone: str = "") -> Iterator[Piece]:
    """A piece with *text* as it stands; none where it is empty."""
    if text:
        yield Piece(kind=kind, runs=plain(text, tone=tone))


def button(label: object, url: object) -> Piece:
    """A button; without an address that may be followed it is one to look at."""
    return Piece(kind=Kind.BUTTON, runs=plain(label), url=link(url))


def unknown(part: object) -> Piece:
    """What nothing here knows, as its JSON."""
    return Piece(kind=Kind.JSON, runs=plain(orjson.dumps(part, option=orjson.OPT_INDENT_2).decode()))

"""The part of a form in which a reader says what should come: boxes for what exists, and words.

Shared by `/subscribe` and `/manage`. Whatever a filter holds that the form does not offer (other exclusions) is carried
along by hidden fields, so that a change of the rest keeps it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.articles.folding import fold
from zonewire.errors import WrongUsage
from zonewire.feeds import Catalogue, list_feeds

KINDS = ("city", "zone", "section")
WORDS = ("keyword", "not_keyword")
CARRIED = ("not_zone", "not_city", "not_section")
_BETWEEN = re.compile(r"[,，、;；\r\n]+")
OPEN_UP_TO = 24
"""A longer list is folded away, but for what is chosen in it."""


@dataclass(frozen=True, slots=True)
class Box:
    """One thing that may be chosen."""

    value: str
    called: str
    articles: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Boxes:
    """All boxes of one kind, most articles first; `is_open`: short enough to be shown, or something is chosen in it."""

    kind: str
    boxes: tuple[Box, ...]
    is_open: bool


def wish_of(fields: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The filter's options in the *fields* of a form, as `subscribe` names them; words are parted by commas."""
    wish: dict[str, list[str]] = {}
    for name in (*KINDS, *CARRIED):
        if values := [value for given in fields.get(name, ()) if (value := given.strip())]:
            wish[name] = list(dict.fromkeys(values))
    for name in WORDS:
        parts = [part.strip() for given in fields.get(name, ()) for part in _BETWEEN.split(given)]
        if values := [part for part in parts if part]:
            wish[name] = list(dict.fromkeys(values))
    return wish


def option_of(error: WrongUsage) -> str:
    """Which option *error* is about: it stands in `where`, or at the head of what is said."""
    return error.where or error.what.partition(":")[0]


def boxes_of(db: Connection, wish: Mapping[str, Sequence[str]], *, catalogue: Catalogue, locale: str) -> list[Boxes]:
    """What there is to choose from, and what *wish* has chosen, also where nothing of that has come yet."""
    found = []
    lines = list_feeds(db)
    for kind in KINDS:
        chosen = {fold(value): value for value in wish.get(kind, ())}
        boxes = [
            Box(line.title, _called(catalogue, kind, line.title, locale), line.articles, fold(line.title) in chosen)
            for line in sorted(lines, key=lambda line: (-line.articles, line.name))
            if line.kind == kind
        ]
        there = {fold(box.value) for box in boxes}
        boxes = [Box(value, value, 0, True) for key, value in chosen.items() if key not in there] + boxes
        is_open = len(boxes) <= OPEN_UP_TO or any(box.is_chosen for box in boxes)
        found.append(Boxes(kind, tuple(boxes), is_open))
    return [one for one in found if one.boxes]


def _called(catalogue: Catalogue, kind: str, title: str, locale: str) -> str:
    return (catalogue.english_of(kind, title) or title) if locale != "zh-CN" else title

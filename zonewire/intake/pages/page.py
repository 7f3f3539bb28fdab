"""A page as a reader sees it: lines from top to bottom, whatever markup, or none, they were written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from zonewire.intake.plaintext import without_controls

MOST_LINES = 20_000
"""No article has more."""


class Kind(StrEnum):
    """What a line is."""

    TEXT = "text"
    CRUMBS = "crumbs"  # said to be a breadcrumb by the page's own names
    HEADING = "heading"
    ITEM = "item"  # of a list
    QUOTE = "quote"
    CAPTION = "caption"
    PICTURE = "picture"
    TABLE = "table"  # of data: its cells stand in `markup`


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page. Its address is as it was written."""

    address: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a page links to. Its address is as it was written."""

    address: str
    name: str  # what the link says


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands between two breaks. A row of a table of data is parted from the next by a line end."""

    text: str
    kind: Kind = Kind.TEXT
    markup: str = ""  # the same as HTML, neither sanitised nor with absolute addresses; "" where it is plain text
    level: int = 0  # of a heading, 1 to 6
    linked: int = 0  # characters of the text that stand in links
    path: tuple[int, ...] = ()  # the elements around it, from the outside in: places in Page.elements
    pictures: tuple[Picture, ...] = ()
    files: tuple[File, ...] = ()
    is_centred: bool = False

    @property
    def is_linked(self) -> bool:
        """Whether it is little else than a link."""
        return bool(self.text) and self.linked >= 0.8 * len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, read but not understood."""

    blocks: tuple[Block, ...]
    is_markup: bool = False
    title: str = ""  # what stands in <title>
    metas: Mapping[str, str] = field(default_factory=dict)  # by lower-case name or property
    elements: tuple[str, ...] = ()  # the kind of each: its tag and its class
    address: str = ""  # where it says that it stands; "" where it does not
    base: str = ""  # what it says that its addresses are relative to
    following: str = ""  # the address behind 下一页, as it was written
    has_login: bool = False
    has_frames: bool = False
    has_scripts: bool = False
    language: str = ""


def text_page(text: str) -> Page:
    """A page as a browser copies it, or a script saves it: a line is a block."""
    lines = (" ".join(line.split()) for line in without_controls(text).split("\n"))
    return Page(blocks=tuple(Block(text=line) for line in lines if line))

"""The part of a form in which a reader says what should come: boxes for what exists, and words.

Shared by `/subscribe` and `/manage`. Whatever a filter holds that the form does not offer (other exclusions) is carried
along by hidden fields, so that a change of the rest keeps it. Words stand one a line. Who types several into a line may
part them by commas, but a comma also belongs to numbers and names: one between digits parts nothing, and none does in a
word that the form was given, which hidden fields repeat.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.articles.folding import fold
from zonewire.errors import WrongUsage
from zonewire.feeds import Catalogue, list_feeds
from zonewire.filters import filter_of

KINDS = ("city", "zone", "section")
WORDS = ("keyword", "not_keyword")
CARRIED = ("not_zone", "not_city", "not_section")
_LINES = re.compile(r"[\r\n]+")
_BETWEEN = re.compile(r"[、;；]|(?<!\d)[,，]|[,，](?!\d)")
_COMMAS_IN_ONE = 8
"""So many of these a word may hold and still be known in a line that has others beside it."""
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
    """The filter's options in the *fields* of a form, as `subscribe` names them."""
    wish: dict[str, list[str]] = {}
    for name in (*KINDS, *CARRIED):
        if values := [value for given in fields.get(name, ()) if (value := given.strip())]:
            wish[name] = list(dict.fromkeys(values))
    for name in WORDS:
        whole = {_plain(given) for given in fields.get(f"{name}_whole", ())}
        lines = [_plain(line) for given in fields.get(name, ()) for line in _LINES.split(given)]
        if values := [word for line in lines for word in _words_of(line, whole) if word]:
            wish[name] = list(dict.fromkeys(values))
    return wish


def fields_of(wish: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The reverse: the fields of a form that shows *wish*."""
    fields = {name: list(values) for name, values in wish.items() if name not in WORDS}
    for name in WORDS:
        if values := wish.get(name):
            fields[name] = ["\n".join(values)]
            fields[f"{name}_whole"] = [value for value in values if _BETWEEN.search(value)]
    return fields


def is_same_wish(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> bool:
    """Whether both are the same filter, however they are written."""
    return filter_of(one).key == filter_of(other).key


def _words_of(line: str, whole: set[str]) -> Iterator[str]:
    """The words of a line: what commas part, but for what is *whole*."""
    if line in whole:
        yield line
        return
    commas = list(_BETWEEN.finditer(line))
    begins, ends = [0, *(one.end() for one in commas)], [*(one.start() for one in commas), len(line)]
    first = 0
    while first < len(begins):
        last = min(first + _COMMAS_IN_ONE, len(ends) - 1) if whole else first
        while last > first and line[begins[first] : ends[last]].strip() not in whole:
            last -= 1
        yield line[begins[first] : ends[last]].strip()
        first = last + 1


def _plain(text: str) -> str:
    return " ".join(text.split())


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

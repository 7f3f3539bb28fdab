"""Lines of Markdown as pieces: headings, lists, quotes, pictures and paragraphs."""

import re
from collections.abc import Iterable, Iterator

from workers.chats.marks import markdown
from workers.chats.pieces import Kind, Piece, Run

_LINE = re.compile(r"(?P<heading>#{1,6})\s+(?P<said>.+)|>\s?(?P<quote>.*)|[-+*]\s+(?P<item>.+)")
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)\s]*\)")
_BLANK = re.compile(r"\n[ \t]*\n\s*")


def lines_as_written(text: str) -> Iterator[Piece]:
    """WeCom's way: each line is a line. There are no lists and no pictures."""
    for paragraph in paragraphs(text):
        yield from _merged(_of_line(line, lists=False, entities=False) for line in paragraph.split("\n"))


def common_markdown(text: str) -> Iterator[Piece]:
    """DingTalk's way, which is CommonMark's: a line goes on in the next one, lists are lists, pictures stand alone."""
    for paragraph in paragraphs(text):
        for line in _joined(paragraph.split("\n")):
            if _PICTURE.fullmatch(line):
                yield Piece(kind=Kind.PICTURE)
            else:
                yield _of_line(_PICTURE.sub("", line), lists=True, entities=True)


def paragraphs(text: str) -> list[str]:
    """What stands between blank lines."""
    return [part for part in _BLANK.split(text.strip()) if part]


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """*lines*, those that open nothing joined to the one before."""
    held = ""
    for line in map(str.strip, lines):
        opens = bool(_LINE.fullmatch(line) or _PICTURE.fullmatch(line))
        if held and (opens or held.startswith("#") or _PICTURE.fullmatch(held)):
            yield held
            held = line
        else:
            held = f"{held} {line}" if held else line
    if held:
        yield held


def _of_line(line: str, *, lists: bool, entities: bool) -> Piece:
    found = _LINE.fullmatch(line.strip())
    kind, said = Kind.TEXT, line
    if found and found["heading"]:
        kind, said = (Kind.TITLE if len(found["heading"]) <= 3 else Kind.HEADING), found["said"]
    elif found and found["quote"] is not None:
        kind, said = Kind.QUOTE, found["quote"]
    elif found and found["item"] and lists:
        kind, said = Kind.ITEM, found["item"]
    return Piece(kind=kind, runs=markdown(said, entities=entities))


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """*pieces*, lines of text that follow each other as one."""
    held: Piece | None = None
    for piece in pieces:
        if held and held.kind is piece.kind is Kind.TEXT:
            held = Piece(kind=Kind.TEXT, runs=(*held.runs, Run(text="\n"), *piece.runs))
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held

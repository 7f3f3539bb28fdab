"""Text with marks, between the parser and the content: cut into paragraphs here, and written with few tags."""

import html
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

Run = tuple[str, tuple[str, ...]]
"""Text as it is, and the marks on it: strong, em, u, code, super, sub, note, or "a " with an address."""

BREAK: Run = ("\n", ("br",))
NOTED = "font-size:12px;line-height:1;vertical-align:super;color:"
"""The style of a number that leads to an address, before its colour."""
_RAISED = "font-size:12px;line-height:1;vertical-align:"
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_EDGES = " \u3000\xa0\t\r\n\f"


def paragraphs(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """*runs* parted where a line was broken twice, or the next one is indented, as old pages do; none is blank."""
    paragraph: list[Run] = []
    for text, marks in _lines_joined(runs):
        if (text, marks) == BREAK:
            paragraph.append(BREAK)
            continue
        starts_one = paragraph and paragraph[-1] == BREAK and (text[0] == "\u3000" or text[:2] == "\xa0\xa0")
        if starts_one or paragraph[-2:] == [BREAK, BREAK]:
            yield from _trimmed(paragraph)
            paragraph = []
        paragraph.append((text, marks))
    yield from _trimmed(paragraph)


def _lines_joined(runs: Iterable[Run]) -> Iterator[Run]:
    """*runs* with single blanks, without those that are only that beside a break."""
    after_break = True
    for text, marks in runs:
        said = text if (text, marks) == BREAK else _BLANKS.sub(" ", text)
        if said and not (after_break and said == " "):
            yield said, marks
            after_break = (text, marks) == BREAK


def _trimmed(runs: list[Run]) -> Iterator[list[Run]]:
    """*runs* without blanks and breaks at both ends; nothing where nothing is left."""
    while runs and not runs[0][0].strip(_EDGES):
        runs = runs[1:]
    while runs and not runs[-1][0].strip(_EDGES):
        runs = runs[:-1]
    if not runs:
        return
    runs = [(runs[0][0].lstrip(_EDGES), runs[0][1]), *runs[1:]]
    yield [*runs[:-1], (runs[-1][0].rstrip(_EDGES), runs[-1][1])]


def written(runs: Iterable[Run], accent: str) -> str:
    """*runs* as HTML, escaped; *accent* colours the numbers of addresses."""
    parts = []
    for marks, some in groupby(runs, key=lambda run: run[1]):
        text = "".join(one for one, _ in some)
        parts.append("<br>" * len(text) if marks == BREAK[1] else _marked(text, marks, accent))
    return "".join(parts)


def preformatted(text: str) -> str:
    """*text* with its line ends and blanks: WeChat joins the lines of a pre."""
    return html.escape(text).replace("\t", "    ").replace("  ", "&nbsp; ").replace("\n", "<br>")


def _marked(text: str, marks: tuple[str, ...], accent: str) -> str:
    said = html.escape(text)
    if not text.strip():
        return said
    for mark in dict.fromkeys(reversed(marks)):
        if mark == "note":
            said = f'<span style="{NOTED}{accent}">{said}</span>'
        elif mark in {"super", "sub"}:
            said = f'<span style="{_RAISED}{mark}">{said}</span>'
        elif mark.startswith("a "):
            said = f'<a href="{html.escape(mark[2:])}">{said}</a>'
        else:
            said = f"<{mark}>{said}</{mark}>"
    return said

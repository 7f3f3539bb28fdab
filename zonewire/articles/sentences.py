"""Where sentences end, in Chinese and in languages that put a blank behind a full stop."""

import re
from collections.abc import Iterator

_PAIRS = dict(zip("》〉”’）)」』】]", "《〈“‘（(「『【[", strict=True)) | {'"': '"'}
_OPENING = frozenset(_PAIRS.values())
_MARK = re.compile(r"""[《〈“‘（(「『【\[》〉”’）)」』】\]"]""")
_STOP = re.compile(r"""([。！？….!?]++)[》〉”’）)」』】\]"']*+(?![，、；：,;:])""")  # “好吗？”，他问 goes on
_ABBREVIATION = re.compile(
    r"(?<![A-Za-z.])(?:[A-Z](?:\.[A-Z])*|a\.m|p\.m|e\.g|i\.e|Co|Ltd|Inc|Corp|Nos?|Mr|Mrs|Ms|Dr|Prof|Gen|Gov|St|Mt|vs|approx|Vol"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)$"
    r"|^\d{1,2}$"  # "1. Land" is the number of an item
)
_CURRENCY = frozenset("$€£¥￥")


def sentence_ends(text: str) -> Iterator[int]:
    """The positions behind each sentence of *text*, and behind the quotes that it closes.

    A full stop inside open quotes or brackets ends no sentence; one right before they close does.
    """
    opened: list[int] = []
    looked_at = 0
    for end in _full_stops(text):
        opened = open_marks(text, looked_at, end, opened)
        looked_at = end
        if not opened:
            yield end


def has_sentence(text: str) -> bool:
    """Whether there is a full stop in *text*, be it inside quotes. Headings have none."""
    return next(_full_stops(text), None) is not None


def clause_ends(text: str) -> Iterator[int]:
    """The positions before each semicolon that stands outside quotes and brackets."""
    for found in re.finditer("[；;]", text):
        if not open_marks(text, 0, found.start(), []):
            yield found.start()


def open_marks(text: str, start: int, end: int, opened: list[int]) -> list[int]:
    """The positions of the quotes and brackets open at *end*, outermost first: *opened*, brought on from *start*."""
    for found in _MARK.finditer(text, start, end):
        mark, at = found.group(), found.start()
        if mark in _PAIRS and (mates := [nth for nth, one in enumerate(opened) if text[one] == _PAIRS[mark]]):
            del opened[mates[-1] :]
        elif mark in _OPENING and not _is_inch(text, at):  # a lone closing one is none: in "China’s" an apostrophe
            opened.append(at)
    return opened


def _is_inch(text: str, at: int) -> bool:
    return text[at] == '"' and text[at - 1 : at].isdigit()


def _full_stops(text: str) -> Iterator[int]:
    for found in _STOP.finditer(text):
        start, end = found.span(1)
        before, after = text[start - 1 : start], text[found.end() : found.end() + 2]
        chinese = text[end - 1] in "。！？…" or (text[end - 1] in "!?" and not before.isascii())
        if not chinese and not after[:1].isspace() and after:
            continue
        next_one = after.lstrip()[:1]
        if not next_one or (_may_begin(next_one) and not _is_abbreviated(text, start, end)):
            yield found.end()


def _may_begin(letter: str) -> bool:
    """Whether a sentence may begin with *letter*."""
    if letter.isalnum():
        return not letter.islower()
    return letter in _OPENING or letter in _CURRENCY or not letter.isascii()


def _is_abbreviated(text: str, start: int, end: int) -> bool:
    return text[start:end] == "." and _ABBREVIATION.search(text, max(0, start - 12), start) is not None

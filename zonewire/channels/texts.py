"""Texts as platforms take them: cut by their bytes, and with nothing in them that a chat would make something of."""

import re

from zonewire.articles.shortening import LEAST_KEPT, shorten

_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*:)(?=//)")
_WWW = re.compile(r"(?i)\bwww(?=\.)")
_BREAK = "\u200b"  # a space of no width: nobody sees it, and no client makes a link across it
_ENDS_LINK = {char: f"%{ord(char):02X}" for char in ' <>"|\\'}
_MAILBOX_OR_HANDLE = re.compile(r"@(?=\w)")
_DOMAIN = re.compile(
    r"(?i)(?<=[\w-])\.(?=(?:com|cn|net|org|gov|edu|io|top|xyz|info|cc|vip|shop|site|club|online|co|me|app|dev|link)\b)"
)

FULL_WIDTH = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "[]<>*_`#~|\\"})
"""Signs that Markdown lives by, as their full-width twins, which it leaves alone."""


def within(text: str, most_bytes: int) -> str:
    """*text*, cut between grapheme clusters and marked with … where it has more than *most_bytes* in UTF-8."""
    if len(text.encode()) <= most_bytes:
        return text
    low, high = 0, most_bytes
    while low < high:  # the most full-width characters of room whose cut fits
        room = (low + high + 1) // 2
        low, high = (room, high) if len(shorten(text, room).encode()) <= most_bytes else (low, room - 1)
    return shorten(text, low) if low else ""


def without_links(text: str) -> str:
    """*text* with the addresses in it broken, so that no client makes links of them."""
    broken = _WWW.sub(f"www{_BREAK}", _SCHEME.sub(rf"\1{_BREAK}", text))
    return _MAILBOX_OR_HANDLE.sub(f"@{_BREAK}", _DOMAIN.sub(f"{_BREAK}.", broken))


def in_markdown(text: str) -> str:
    """*text* so that a chat's Markdown shows it as it is: none of its signs does anything, and nothing is a link."""
    return without_links(text).translate(FULL_WIDTH)


def link_target(url: str) -> str:
    """*url* for Markdown's `(…)`: the few signs that would end it are escaped, as RFC 3986 has it; else unchanged."""
    escaped = "".join(_ENDS_LINK.get(char, char) for char in url) if set(url) & _ENDS_LINK.keys() else url
    return escaped if _is_balanced(escaped) else escaped.replace("(", "%28").replace(")", "%29")


def _is_balanced(url: str) -> bool:
    """Whether each ( of *url* has its ) behind it: such an address ends where it should."""
    depth = 0
    for char in url:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def within_chars(text: str, most: int) -> str:
    """*text* in at most *most* code points, by which platforms count, cut where an editor would."""
    if len(text) <= most:
        return text
    cut = next(cut for room in range(most, 0, -1) if len(cut := shorten(text, room)) <= most)
    return cut if len(cut) > LEAST_KEPT or most <= LEAST_KEPT else f"{text[: most - 1]}…"

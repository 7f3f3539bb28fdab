"""Texts as platforms take them: cut by their bytes, and with nothing in them that a chat would make something of."""

import re

from zonewire.articles.shortening import shorten

_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*:)(?=//)")
_WWW = re.compile(r"(?i)\bwww(?=\.)")
_BREAK = "\u200b"  # a space of no width: nobody sees it, and no client makes a link across it
_UNSAFE_IN_LINK = {char: f"%{ord(char):02X}" for char in "()<>[]\\`|\"' *_"}

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
    return _WWW.sub(f"www{_BREAK}", _SCHEME.sub(rf"\1{_BREAK}", text))


def in_markdown(text: str) -> str:
    """*text* so that a chat's Markdown shows it as it is: none of its signs does anything, and nothing is a link."""
    return without_links(text).translate(FULL_WIDTH)


def link_target(url: str) -> str:
    """*url* for Markdown's `(…)`: the few signs that would end it are escaped, as RFC 3986 has it; else unchanged."""
    return "".join(_UNSAFE_IN_LINK.get(char, char) for char in url) if set(url) & _UNSAFE_IN_LINK.keys() else url


def within_chars(text: str, most: int) -> str:
    """*text* in at most *most* code points, by which platforms count, cut where an editor would."""
    if len(text) <= most:
        return text
    return next(cut for room in range(most, 0, -1) if len(cut := shorten(text, room)) <= most)

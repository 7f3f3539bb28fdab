"""Addresses at the end of an article, each with a number: a link to another site cannot be clicked there."""

import re
from dataclasses import dataclass, field
from typing import Self

from zonewire.articles.shortening import shorten

NOTE_CHARS = 200
"""Nobody types a longer address."""
MOST_NOTES = 20
"""Of the links in one article."""
NOTE_TITLE = 20
"""Full-width characters of what stands beside an address."""

_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_OF_AN_ARTICLE = re.compile(r"https?://mp\.weixin\.qq\.com/s[/?][!-~]+")


@dataclass(frozen=True, slots=True)
class Note:
    """One address and what is behind it."""

    number: int
    text: str
    url: str

    @classmethod
    def of(cls, number: int, text: str, url: str) -> Self:
        """Its text no longer than NOTE_TITLE."""
        return cls(number, shorten(text, NOTE_TITLE), url)


@dataclass(slots=True)
class Notes:
    """Those of a text, as its links are met."""

    own: str  # the address of the text itself, to which 阅读原文 leads
    found: list[Note] = field(default_factory=list)

    def number(self, address: str, text: str) -> int:
        """The number of *address*, a new one where it has none; 0 where it need not be told, or there are enough."""
        if not text or address == self.own or not is_told(address) or _bare(address) == _bare(text):
            return 0
        known = next((note.number for note in self.found if note.url == address), 0)
        if not known and len(self.found) < MOST_NOTES:
            known = len(self.found) + 1
            self.found.append(Note.of(known, text, address))
        return known


def is_told(address: str) -> bool:
    """Whether a reader could type *address* into a browser."""
    is_web = address.startswith(("https://", "http://"))
    return is_web and len(address) <= NOTE_CHARS and address.isprintable() and " " not in address


def is_wechats(address: str) -> bool:
    """Whether *address* is an article of an account, the one kind of link that can be clicked."""
    return bool(_OF_AN_ARTICLE.fullmatch(address)) and not set("\"'<>") & set(address)


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/").lower()

"""Entity tags of documents: they tell bytes apart, and say which entries a reader has that sends one back.

`HASH-ERA-OLDEST-NEWEST`, numbers in base 36. OLDEST is the acceptance number of the oldest entry: behind it others come
back when some leave. NEWEST tells up to when entries had come in, by the feed's own count and not by acceptance, since
reactions come in any order. A declared feed begins a new era with another filter, and has none while it is filled.
"""

import hashlib
import re
from typing import NamedTuple

_TAG = re.compile(
    r"[0-9a-f]{32}-(?P<era>[0-9]{1,19})-(?P<oldest>[0-9a-z]{1,13})-(?P<newest>[0-9a-z]{1,13})(?:-(?:gz|br))?"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Span(NamedTuple):
    """Which entries a document has."""

    era: str  # "": entries may still come in anywhere
    oldest: int
    newest: int  # of entries and tombstones

    def lacks(self, *, number: int, came_in: int) -> bool:
        """Whether who has this document lacks what was accepted as *number* and came in then."""
        return came_in > self.newest or number < self.oldest


def tag_of(document: bytes, span: Span) -> str:
    """A strong tag of a *document*, of its bytes as they are kept, without quotes."""
    return f"{hashlib.sha256(document).hexdigest()[:32]}-{span.era or 'x'}-{_in_36(span.oldest)}-{_in_36(span.newest)}"


def span_of(tag: str) -> Span | None:
    """What a tag of ours says, in whatever coding it was sent; None where it says nothing, or is none of ours."""
    match = _TAG.fullmatch(tag)
    return None if match is None else Span(match["era"], int(match["oldest"], 36), int(match["newest"], 36))


def _in_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"

"""Conditional requests and content coding (RFC 9110 §12.5.3, §13.1)."""

import re
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

import brotli

from zonewire.feeds import Document

QUALITY = 5
"""Of brotli's eleven: a document of 28 kB takes a millisecond (docs/decisions.md 30)."""

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_CODING = re.compile(r"\s*([\w*.-]+)\s*(?:;\s*q=([0-9.]+)\s*)?")


def known_tag(if_none_match: str, tags: Collection[str], *, preferred: str) -> str | None:
    """Which of our *tags* the client has, by weak comparison; None where it has none of them.

    A 304 must name a tag that the client holds, so the one that it sent is answered, whatever the variant.
    """
    if if_none_match.strip() == "*":
        return preferred
    held = tags_in(if_none_match)
    return next((tag for tag in (preferred, *tags) if tag in held), None)


def tags_in(if_none_match: str) -> list[str]:
    """The tags that a client names, weak or strong."""
    return _TAG.findall(if_none_match)


def is_unchanged_since(if_modified_since: str, changed_at: int) -> bool:
    """Whether nothing changed after that date. What is no date says nothing."""
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError, TypeError):
        return False
    return changed_at // 1_000_000 <= (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=256)  # readers know few ways to say it
def coding_of(accept_encoding: str, available: tuple[str, ...]) -> str:
    """The coding of *available* that the client wants most, the first of equals; "" where it wants none of them.

    One that is not named has the weight of `*`, and 0 where that is not named either. What wants the plain bytes more
    gets them.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        if match := _CODING.fullmatch(part):
            weights[match[1].removeprefix("x-")] = _weight(match[2])
    anything = weights.get("*", 0.0)
    best = max(available, key=lambda coding: weights.get(coding, anything))
    weight = weights.get(best, anything)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""


def in_brotli(document: Document) -> bytes:
    """*document* in brotli (RFC 7932)."""
    pressed: bytes = brotli.compress(document.plain, quality=QUALITY, mode=brotli.MODE_TEXT)
    return pressed


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0

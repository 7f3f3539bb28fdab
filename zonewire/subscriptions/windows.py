"""What changes when a subscription becomes active: its window opens, and its first digest gets a time."""

from collections.abc import Callable
from functools import cache

from sqlalchemy import Connection

from zonewire.subscriptions import statements
from zonewire.subscriptions.cadence import PERIOD, next_due

NEVER = 1 << 62
"""A moment that no article was accepted at, whatever the clocks did."""


def next_cut(cadence: str, *, at_minute: int, weekday: int, timezone: str, now: int) -> int | None:
    """When the first window of what becomes active *now* is cut; None for instant news, which has none."""
    return None if cadence == "instant" else next_due(cadence, at_minute, weekday, timezone, now)


def openings(db: Connection, *, now: int) -> Callable[[str], int]:
    """Where a window of each cadence opens, for what becomes active *now*; each cadence is looked up once.

    A digest's opens at the first article accepted within one period before, else behind the newest one; instant news
    goes on from the newest one.
    """

    @cache
    def opening(cadence: str) -> int:
        since = now - PERIOD[cadence] if cadence in PERIOD else NEVER
        return int(db.execute(statements.OPENING, {"since": since}).scalar_one())

    return opening

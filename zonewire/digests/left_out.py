"""What is left out where a window opens anew after a pause."""

from typing import Any

from sqlalchemy import Connection

from zonewire.digests import statements
from zonewire.digests.windows import Windows, carried_before

MOST_LOOKED_AT = 2_000
"""Versions that are matched to count; that takes about half a second."""
TOO_MANY = -1
"""Stands for more than are counted."""


def count_left_out(
    db: Connection, *, filter_id: int, after: int, up_to: int, subscription_id: int = 0, filter_ids: set[int]
) -> int | None:
    """How many articles stand in (after, up_to] that pass the filter; None where that would take too long to say.

    An article that has a newer version behind *up_to* is not left out: that one is in the window. Nor is one that
    *subscription_id*, which has and had *filter_ids*, was sent before: its change is told as a correction.
    """
    windows = Windows(int(db.execute(statements.NEWEST_NUMBER).scalar_one()))
    if up_to <= after:
        return 0
    if not can_be_counted(windows, after):
        return None
    windows.open(db, after=after)
    had = carried_before(
        db, updates=windows.updates(after=after), filter_ids=filter_ids, subscription_ids=[subscription_id]
    )
    return _count(windows, filter_id, after, up_to, had=had.get(subscription_id, frozenset()))


def can_be_counted(windows: Windows, skipped_after: int | None) -> bool:
    """Whether so few versions were accepted since then that they are looked through."""
    return skipped_after is not None and windows.up_to - skipped_after <= MOST_LOOKED_AT


def skipped_by_pause(windows: Windows, row: Any, *, had: frozenset[int]) -> int | None:
    """How many stories a pause left out for the subscription of *row*: of what lies behind `skipped_after`.

    None of nothing, TOO_MANY where that would take too long to say. *windows* are open as far back; the articles *had*
    were sent before.
    """
    if row.skipped_after is None:
        return None
    if not can_be_counted(windows, row.skipped_after):
        return TOO_MANY
    return _count(windows, row.filter_id, row.skipped_after, row.window_after, had=had) or None


def _count(windows: Windows, filter_id: int, after: int, up_to: int, *, had: frozenset[int]) -> int:
    stories = windows.stories(filter_id=filter_id, after=after)
    return sum(1 for one in stories if one.number <= up_to and one.article_id not in had)

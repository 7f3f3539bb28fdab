"""What is left out where a window opens anew after a pause."""

from sqlalchemy import Connection

from zonewire.digests import statements
from zonewire.digests.windows import Windows

MOST_LOOKED_AT = 2_000
"""Versions that are matched to count; that takes about half a second."""


def count_left_out(db: Connection, *, filter_id: int, after: int, up_to: int) -> int | None:
    """How many articles stand in (after, up_to] that pass the filter; None where that would take too long to say.

    An article that has a newer version behind *up_to* is not left out: that one is in the window.
    """
    windows = Windows(int(db.execute(statements.NEWEST_NUMBER).scalar_one()))
    if up_to <= after:
        return 0
    if windows.up_to - after > MOST_LOOKED_AT:
        return None
    windows.open(db, after=after)
    return sum(1 for one in windows.stories(filter_id=filter_id, after=after) if one.number <= up_to)


def skipped_by_pause(db: Connection, filter_id: int, skipped_after: int | None, after: int) -> int | None:
    """How many stories a pause left out of (skipped_after, after]; -1 where that would take too long to say."""
    if skipped_after is None:
        return None
    count = count_left_out(db, filter_id=filter_id, after=skipped_after, up_to=after)
    return -1 if count is None else count or None

"""What is left out where a window opens anew: after a pause, and where a digest turns into instant news."""

from sqlalchemy import Connection

from zonewire.digests.windows import Windows

MOST_LOOKED_AT = 2_000
"""Versions that are matched to count; that takes about half a second."""


def count_left_out(db: Connection, *, filter_id: int, after: int, up_to: int) -> int | None:
    """How many articles stand in (after, up_to] that pass the filter; None where that would take too long to say."""
    if up_to - after > MOST_LOOKED_AT:
        return None
    windows = Windows(up_to)
    windows.open(db, after=after)
    return len(windows.stories(filter_id=filter_id, after=after))

"""Close archives (RFC 5005): what a document no longer has room for goes into one before that document is published.

So at every moment each entry of a feed stands in its document or in a closed archive, however many come at once. An
entry says itself whether an archive holds it: reactions come in any order, and the number alone would let a late one
fall between two archives. A new version stands in none again; the old one stays where it is.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from zonewire.feeds import statements
from zonewire.feeds.feed import era_of
from zonewire.store import Store
from zonewire.store import now as clock
from zonewire.store.pacing import Pace

AT_ONCE = 1_000
"""Entries that are archived in one transaction: twenty archives of fifty, and always one of the largest."""

HOLD_S = 0.015
"""So long a transaction goes on to the next feed: SQLite's only writer is wanted by others too."""

log = structlog.get_logger()


class Outside(NamedTuple):
    """A feed with entries that neither its document nor an archive would hold: those with a number below *below*."""

    name: str
    feed_id: int
    entries: int  # articles in one of its archives
    below: int


def archive(store: Store, wanted: Sequence[Outside], *, ends: float, now: int | None = None) -> None:
    """Close archives until nothing of the *wanted* feeds is outside, or time is over.

    *ends* is by the monotonic clock; one step is always made. A declared feed is left alone until it is filled. As many
    feeds as there is time for go into a transaction, in the order of their names.
    """
    pace, left = Pace(pauses=not store.is_postgresql), sorted(wanted)
    while left:
        closed: dict[str, list[Sequence[Any]]] = {}
        with pace.transaction(store.writing) as (db, _):
            until = time.monotonic() + HOLD_S
            while left:
                parts, has_more = _close_some(db, left[0], now=now)
                closed.setdefault(left[0].name, []).extend(parts)
                if not has_more:
                    left.pop(0)
                if time.monotonic() > until:
                    break
        for name, parts in closed.items():
            if parts:
                log.info("archive.closed", feed=name, archives=len(parts), entries=sum(map(len, parts)))
        if time.monotonic() > ends:
            return


def _close_some(db: Connection, wanted: Outside, *, now: int | None) -> tuple[list[Sequence[Any]], bool]:
    """One step: what each new archive holds, and whether there may be more to do."""
    feed = db.execute(statements.LOCK_FEED, {"feed_id": wanted.feed_id}).one_or_none()
    if feed is None or not era_of(feed.filter_id, feed.filled_to):
        return [], False
    rows = db.execute(statements.UNARCHIVED, {"feed_id": wanted.feed_id, "most": AT_ONCE}).all()
    parts = cut(rows, entries=wanted.entries, below=wanted.below, is_all=len(rows) < AT_ONCE)
    if parts:
        _close(db, wanted.feed_id, feed.archives, parts, at=clock(db) if now is None else now)
    return parts, bool(parts) and len(rows) == AT_ONCE


def cut(rows: Sequence[Any], *, entries: int, below: int, is_all: bool) -> list[Sequence[Any]]:
    """What each archive is to hold of *rows*, in the order of numbers, until all *below* that stands in one.

    *entries* articles each, or as many tombstones, whichever come first. What does not fill one makes a short one,
    unless more may follow that was not read.
    """
    parts: list[Sequence[Any]] = []
    begin, found = 0, Counter[bool]()
    for end, row in enumerate(rows, 1):
        if not found and row.number >= below:
            return parts
        found[bool(row.withdrawn)] += 1
        if max(found.values()) == entries:
            parts.append(rows[begin:end])
            begin, found = end, Counter()
    return [*parts, rows[begin:]] if found and is_all else parts


def _close(db: Connection, feed_id: int, last_nth: int, parts: list[Sequence[Any]], *, at: int) -> None:
    """Close an archive for each of *parts*, and number them on from *last_nth*.

    Dates do not fall: readers of RSS may take the later document's word where two have the same article.
    """
    newest_at = db.execute(statements.ARCHIVED_AT, {"feed_id": feed_id}).scalar() or 0
    closed, filled = [], []
    for nth, part in enumerate(parts, last_nth + 1):
        newest_at = max(newest_at, part[-1].accepted_at)
        closed.append({"feed_id": feed_id, "nth": nth, "closed_at": at, "changed_at": newest_at})
        filled.append({"of_feed": feed_id, "of_nth": nth, "first": part[0].number, "last": part[-1].number})
    db.execute(statements.CLOSE_ARCHIVE, closed)
    db.execute(statements.FILL_ARCHIVE, filled)
    db.execute(statements.MARK_ARCHIVED, filled)
    db.execute(statements.COUNT_ARCHIVES, {"feed_id": feed_id, "to_nth": last_nth + len(parts)})

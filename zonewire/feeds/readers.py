"""Who fetches feeds: polls by day, reader and software, added up by the web processes and read by operators."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, select

from zonewire.articles.model import rfc3339
from zonewire.store import SECOND, insert
from zonewire.store.tables import feed_readers

DAY = 24 * 3600 * SECOND
KEPT_DAYS = 30
"""Addresses are somebody's: no longer than it takes to see a habit."""

_add = insert(feed_readers)
_ADD = _add.on_conflict_do_update(
    index_elements=[feed_readers.c.day, feed_readers.c.reader, feed_readers.c.software],
    set_={name: feed_readers.c[name] + _add.excluded[name] for name in ("polls", "unchanged", "deltas", "refused")}
    | {
        name: case((_add.excluded[name] > feed_readers.c[name], _add.excluded[name]), else_=feed_readers.c[name])
        for name in ("subscribers", "last_at")
    },
)
_LISTED = (
    select(
        feed_readers.c.reader,
        feed_readers.c.software,
        func.sum(feed_readers.c.polls).label("polls"),
        func.sum(feed_readers.c.unchanged).label("unchanged"),
        func.sum(feed_readers.c.deltas).label("deltas"),
        func.sum(feed_readers.c.refused).label("refused"),
        func.max(feed_readers.c.subscribers).label("subscribers"),
        func.max(feed_readers.c.last_at).label("last_at"),
    )
    .where(feed_readers.c.day > bindparam("since"))
    .group_by(feed_readers.c.reader, feed_readers.c.software)
    .order_by(func.sum(feed_readers.c.polls).desc(), feed_readers.c.reader)
)
# The same by software alone; how many each reader claims to speak for is added up.
_of_readers = _LISTED.order_by(None).subquery("of_readers")
_SOFTWARE = (
    select(
        _of_readers.c.software,
        func.count().label("readers"),
        func.sum(_of_readers.c.polls).label("polls"),
        func.sum(_of_readers.c.unchanged + _of_readers.c.deltas).label("saved"),
        func.sum(_of_readers.c.refused).label("refused"),
        func.sum(_of_readers.c.subscribers).label("subscribers"),
        func.max(_of_readers.c.last_at).label("last_at"),
    )
    .group_by(_of_readers.c.software)
    .order_by(func.sum(_of_readers.c.polls).desc(), _of_readers.c.software)
)
_FORGET = delete(feed_readers).where(feed_readers.c.day < bindparam("before"))


@dataclass(slots=True)
class Polls:
    """What one reader has fetched since its last polls were written down."""

    reader: str
    software: str
    polls: int = 0
    unchanged: int = 0
    deltas: int = 0
    refused: int = 0
    subscribers: int = 0


def write_down(db: Connection, some: Iterable[Polls], *, now: int) -> None:
    """Add *some* to the day of *now* (microseconds)."""
    rows = [
        {
            "day": now // DAY,
            "reader": one.reader,
            "software": one.software,
            "polls": one.polls,
            "unchanged": one.unchanged,
            "deltas": one.deltas,
            "refused": one.refused,
            "subscribers": one.subscribers,
            "last_at": now,
        }
        for one in sorted(some, key=lambda one: (one.reader, one.software))  # one order for every process
    ]
    if rows:
        db.execute(_ADD, rows)


def list_readers(db: Connection, *, days: int, now: int, limit: int | None = None) -> list[dict[str, Any]]:
    """Who fetched in the last *days*, today counted, who fetched most first: as `feeds readers --json` prints it."""
    rows = db.execute(_LISTED.limit(limit), {"since": now // DAY - days})
    return [{**row._mapping, "last_at": rfc3339(row.last_at)} for row in rows]  # noqa: SLF001 - SQLAlchemy's name


def list_software(db: Connection, *, days: int, now: int, limit: int | None = None) -> list[dict[str, Any]]:
    """With what software they fetched in the last *days*: by how many readers, how often, how often it cost little."""
    rows = db.execute(_SOFTWARE.limit(limit), {"since": now // DAY - days})
    return [{**row._mapping, "last_at": rfc3339(row.last_at)} for row in rows]  # noqa: SLF001 - SQLAlchemy's name


def forget_readers(db: Connection, *, now: int) -> int:
    """Forget who fetched longer ago than KEPT_DAYS; how many rows."""
    return db.execute(_FORGET, {"before": now // DAY - KEPT_DAYS}).rowcount

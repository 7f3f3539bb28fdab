"""Signs of life: one row for each worker process, by the database's clock."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select

from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, insert
from zonewire.store import now as clock
from zonewire.store.tables import heartbeats

ALIVE = 10 * SECOND
"""A worker whose last sign is older than this does not count."""
HINTED_BY_BEAT = (Lane.UPKEEP, Lane.DIGESTS)
"""Lanes that are seldom hinted by anybody else: the others hear of work from those who made it."""

_BEAT = insert(heartbeats)
_BEAT = _BEAT.on_conflict_do_update(
    index_elements=["worker"],
    set_={name: _BEAT.excluded[name] for name in ("beat_at", "turned_at", "tasked_at", "version")},
)
_ALIVE = (
    select(heartbeats.c.lane, func.count(), func.max(heartbeats.c.turned_at))
    .where(heartbeats.c.beat_at >= bindparam("since"))
    .group_by(heartbeats.c.lane)
)
_LIVING = select(heartbeats).where(heartbeats.c.beat_at >= bindparam("since")).order_by(heartbeats.c.worker)
_SINCE_BEFORE = (
    select(heartbeats.c.lane)
    .distinct()
    .where(heartbeats.c.beat_at >= bindparam("since"), heartbeats.c.started_at < bindparam("moment"))
    .order_by(heartbeats.c.lane)
)
_GONE = delete(heartbeats).where(heartbeats.c.worker == bindparam("gone_worker"))
_LAST_TASK = select(func.max(heartbeats.c.tasked_at)).where(heartbeats.c.lane.in_(HINTED_BY_BEAT))
_LAST_TURN = select(func.max(heartbeats.c.turned_at)).where(heartbeats.c.lane == bindparam("of_lane"))


def beat(
    db: Connection,
    *,
    worker: str,
    lane: str,
    turned_ago_s: float = 0.0,
    tasked_ago_s: float | None = None,
    version: str | None = None,
) -> None:
    """*worker* lives; it completed its last turn *turned_ago_s* seconds ago, and was handed its last task so long ago.

    *version* is that of Zonewire which it runs.
    """
    now = clock(db)
    row = {
        "worker": worker,
        "lane": lane,
        "started_at": now,
        "beat_at": now,
        "turned_at": now - int(turned_ago_s * SECOND),
        "tasked_at": None if tasked_ago_s is None else now - int(tasked_ago_s * SECOND),
        "version": version,
    }
    db.execute(_BEAT, row)


def workers_by_lane(db: Connection) -> Counter[str]:
    """How many workers of each lane gave a sign of life lately."""
    rows = db.execute(_ALIVE, {"since": clock(db) - ALIVE})
    return Counter({lane: n for lane, n, _ in rows})


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker that gave a sign of life lately."""

    name: str
    lane: str
    started_at: int
    beat_at: int
    turned_at: int
    tasked_at: int | None  # Celery handed it a task
    version: str | None


def list_workers(db: Connection) -> list[Worker]:
    """All who live, by name."""
    return [
        Worker(
            name=row.worker,
            lane=row.lane,
            started_at=row.started_at,
            beat_at=row.beat_at,
            turned_at=row.turned_at,
            tasked_at=row.tasked_at,
            version=row.version,
        )
        for row in db.execute(_LIVING, {"since": clock(db) - ALIVE})
    ]


def lanes_since_before(db: Connection, moment: int) -> list[str]:
    """The lanes on which a worker lives that was started before *moment*."""
    return list(db.execute(_SINCE_BEFORE, {"since": clock(db) - ALIVE, "moment": moment}).scalars())


def last_turn(db: Connection, lane: str) -> int | None:
    """When any worker of *lane* last completed a turn."""
    return db.execute(_LAST_TURN, {"of_lane": lane}).scalar()


def last_beat(db: Connection) -> int | None:
    """When a beat's hint last reached a worker: when Celery last handed a task to a lane that nobody else hints."""
    return db.execute(_LAST_TASK).scalar()


def forget(db: Connection, worker: str) -> None:
    """*worker* is gone."""
    db.execute(_GONE, {"gone_worker": worker})

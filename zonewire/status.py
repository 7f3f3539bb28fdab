"""How things are: counts, backlog, and what waits on each lane. Health is progress, so ages come before numbers."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select

from zonewire.articles.model import rfc3339
from zonewire.delivery import counts, heartbeats, pauses, tallies
from zonewire.delivery.lanes import PUSH_LANES, Lane
from zonewire.delivery.pauses import Pause
from zonewire.delivery.states import State
from zonewire.store import SECOND
from zonewire.store import now as clock
from zonewire.store.tables import articles, deliveries, endpoints, feeds, leases, outbox, subscriptions

_READY = literal_column("ready") == literal_column("1")
_RETRY = literal_column("ready") == literal_column("0")

# Due now: claimable rows, and retries whose time has come but that nobody has made ripe yet.
_PUSH_READY = select(func.count(), func.min(deliveries.c.due_at)).where(deliveries.c.lane == bindparam("of"), _READY)
_PUSH_RIPE = select(func.count(), func.min(deliveries.c.due_at)).where(
    deliveries.c.lane == bindparam("of"), _RETRY, deliveries.c.due_at <= bindparam("moment")
)
_EVENTS = select(func.count(), func.min(outbox.c.created_at))
_FEEDS = select(func.count(), func.min(feeds.c.dirty_since)).where(feeds.c.dirty_since.is_not(None))
_DIGESTS = select(func.count(), func.min(subscriptions.c.next_at)).where(subscriptions.c.next_at <= bindparam("moment"))
# Each by one step in an index.
_PUSH_NEXT = select(func.min(deliveries.c.due_at)).where(
    deliveries.c.lane == bindparam("of"), _RETRY, deliveries.c.due_at > bindparam("moment")
)
_DIGESTS_NEXT = select(func.min(subscriptions.c.next_at)).where(subscriptions.c.next_at > bindparam("moment"))
_UPKEEP = select(func.count(), func.min(leases.c.until_at)).where(leases.c.until_at < bindparam("moment"))
_ENDPOINTS = select(endpoints.c.state, func.count().label("n")).group_by(endpoints.c.state)
_ARTICLES = select(func.count()).select_from(articles)
_SUBSCRIPTIONS = select(func.count()).select_from(subscriptions).where(subscriptions.c.state != "ended")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due on a lane."""

    items: int
    oldest_at: int | None  # microseconds

    def age_s(self, now: int) -> float:
        """Seconds since the oldest came due."""
        return 0.0 if self.oldest_at is None else max(0.0, (now - self.oldest_at) / SECOND)


def waiting(db: Connection, lane: Lane, *, now: int) -> Waiting:
    """What is due on *lane* at *now*."""
    if lane in PUSH_LANES:
        ready = db.execute(_PUSH_READY, {"of": lane}).one()
        ripe = db.execute(_PUSH_RIPE, {"of": lane, "moment": now}).one()
        oldest = [at for at in (ready[1], ripe[1]) if at is not None]
        return Waiting(ready[0] + ripe[0], min(oldest, default=None))
    statement = {Lane.EVENTS: _EVENTS, Lane.FEEDS: _FEEDS, Lane.DIGESTS: _DIGESTS, Lane.UPKEEP: _UPKEEP}[lane]
    items, oldest_at = db.execute(statement, {"moment": now} if lane in {Lane.DIGESTS, Lane.UPKEEP} else {}).one()
    return Waiting(items, oldest_at)


def next_due(db: Connection, lane: Lane, *, now: int) -> int | None:
    """When the next item comes due on *lane*, of those that are not due yet; None where none waits for its time."""
    if lane in PUSH_LANES:
        return db.execute(_PUSH_NEXT, {"of": lane, "moment": now}).scalar()
    return db.execute(_DIGESTS_NEXT, {"moment": now}).scalar() if lane is Lane.DIGESTS else None


def lanes_of(db: Connection) -> dict[str, dict[str, Any]]:
    """Every lane: what waits, for how long, who works, and whether it is paused."""
    now = clock(db)
    workers, resting = heartbeats.workers_by_lane(db), pauses.paused(db, now=now)
    return {lane.value: _lane(waiting(db, lane, now=now), workers[lane], resting.get(lane), now) for lane in Lane}


def _lane(work: Waiting, workers: int, pause: Pause | None, now: int) -> dict[str, Any]:
    return {
        "waiting": work.items,
        "workers": workers,
        "oldest_due_seconds": round(work.age_s(now), 3),
        "paused": pause_in_json(pause),
    }


def endpoints_by_state(db: Connection) -> dict[str, int]:
    """How many endpoints are healthy, failing, disabled."""
    return {"healthy": 0, "failing": 0, "disabled": 0} | {row.state: row.n for row in db.execute(_ENDPOINTS)}


def status(db: Connection) -> dict[str, Any]:
    """The whole picture, in the shape of `zonewire status --json` (rules.md, Shapes)."""
    counted = counts.read(db)
    by_state = {state.value: 0 for state in State}
    backlog = 0
    for slot, n in counted.items():
        by_state[slot.state] += n
        if slot.state in {State.PENDING, State.SENDING, State.RETRYING} and not slot.held:
            backlog += n
    lanes = lanes_of(db)
    return {
        "deliveries": by_state,
        "backlog": backlog,
        "oldest_due_seconds": max((lanes[lane]["oldest_due_seconds"] for lane in PUSH_LANES), default=0.0),
        "lanes": lanes,
        "endpoints": endpoints_by_state(db),
        "articles": db.execute(_ARTICLES).scalar_one(),
        "subscriptions": db.execute(_SUBSCRIPTIONS).scalar_one(),
    }


def pulse(db: Connection) -> str:
    """Another text whenever something has changed that operators see: counts, flows, workers, pauses, endpoints."""
    resting = pauses.paused(db, now=clock(db))
    seen = (
        sorted((slot.lane, slot.state, slot.held, n) for slot, n in counts.read(db).items()),
        sorted(tallies.totals(db).items()),
        sorted(heartbeats.workers_by_lane(db).items()),
        sorted((lane.value, pause.began_at) for lane, pause in resting.items()),
        endpoints_by_state(db),
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def pause_in_json(pause: Pause | None) -> dict[str, str | None] | None:
    """A lane's rest, as commands show it; None where it works."""
    if pause is None:
        return None
    until = None if pause.until_at is None else rfc3339(pause.until_at - pause.until_at % SECOND)
    return {
        "since": rfc3339(pause.began_at - pause.began_at % SECOND),
        "until": until,
        "by": pause.operator,
        "reason": pause.reason,
    }

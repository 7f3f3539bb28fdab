"""An endpoint that failed for long, or was off, comes back gently: a probe first, then portions that double.

What it is owed waits as held meanwhile, and so does what comes new, so that all of it goes out in order.
`endpoints.ramp` is 0 while a probe is out, and then counts portions; the settlement of what it took makes a 1 of the 0
(health.py). Upkeep lets go the next portion once the one before it was taken. Where the endpoint fails again, what was
let go and not sent is held as before, and a probe tries in ever longer steps. Each step is one transaction: whoever is
killed between two leaves the rest held, and the ramp says where to go on.

One that came back by itself, after a long failure (health.py), begins with the first portion: what is ready beyond it
is held. Where that, or what fails again, is more than a transaction holds, the ramp stands until all of it is.

A probe that fails waits for its own retry, and the next one is another delivery: tried at every probe, one alone would
run out of tries within the hour. When a probe was taken, those that had failed are held again, and go out first.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, exists, literal_column, null, or_, select, update

from zonewire.delivery import counts, enabling
from zonewire.delivery.counts import Moves
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.holding import hold
from zonewire.delivery.lanes import lane_of
from zonewire.store import SECOND, Store, many, values_of
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints

log = structlog.get_logger()

FIRST = 10
"""Deliveries of the first portion after a probe."""
DOUBLED_AT_MOST = 10
EVERY = 2 * SECOND
"""From one portion to the next, at least."""
PATIENCE = 30 * SECOND
"""A probe of which nothing was heard (it was cancelled, or its worker stands still) has so long."""
PROBED_AFTER, PROBED_AFTER_AT_MOST = 5 * SECOND, 600 * SECOND
"""From a probe that failed to the next: doubled with each failure in a row."""
LOOKED_AT = 5_000

_IS_READY = (
    deliveries.c.lane == bindparam("of_lane"),
    literal_column("deliveries.ready") == literal_column("1"),
    deliveries.c.host_id == bindparam("of_host"),
    deliveries.c.endpoint_id == bindparam("of_endpoint"),
)
# By the index `ramp`; what each holds is one step in the index `held`.
_HOLDS = exists().where(
    deliveries.c.endpoint_id == endpoints.c.id,
    literal_column("deliveries.due_at").is_(None),
    literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
)
_RAMPING = (
    select(
        endpoints.c.id,
        endpoints.c.channel,
        endpoints.c.host_id,
        endpoints.c.state,
        endpoints.c.failures,
        endpoints.c.ramp,
        endpoints.c.ramp_at,
        _HOLDS.label("holds"),
    )
    .where(literal_column("endpoints.ramp").is_not(None))
    .order_by(endpoints.c.id)
)
_THIS_ONE = _RAMPING.where(endpoints.c.id == bindparam("of_endpoint")).with_for_update(of=endpoints)
_ANY_READY = select(deliveries.c.id).where(*_IS_READY).limit(1)
_OF_ROW = (deliveries.c.id, deliveries.c.lane, deliveries.c.state)
# What is ready for one, the oldest first; the first ones stay. By the index `ready`.
_SURPLUS = (
    select(*_OF_ROW)
    .where(*_IS_READY)
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("kept"))
    .with_for_update(skip_locked=True)
)
# Its retries, but for those whose receiver said itself when to come.
_RETRIES = (
    select(*_OF_ROW)
    .where(
        literal_column("deliveries.ready") == literal_column("0"),
        deliveries.c.lane == bindparam("of_lane"),
        deliveries.c.endpoint_id == bindparam("of_endpoint"),
        deliveries.c.waits == 0,
    )
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_MOVE_ON = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("of_endpoint"))
    .values(ramp=bindparam("step"), ramp_at=bindparam("stepped_at"))
)
# Whoever enabled one anew meanwhile has begun a new ramp.
_END = (
    update(endpoints)
    .where(endpoints.c.id.in_(values_of(many("ended_ids"))), or_(endpoints.c.state == "disabled", ~_HOLDS))
    .values(ramp=null(), ramp_at=null())
)


class Next(Enum):
    """What is to be done about an endpoint that comes back."""

    WAIT = auto()
    END = auto()  # it holds nothing any more, or was turned off
    TRIM = auto()  # it came back by itself: hold what is ready beyond the first portion
    PROBE = auto()
    PORTION = auto()
    FALL_BACK = auto()  # it fails again


@dataclass(frozen=True, slots=True)
class Coming:
    """How far an endpoint is that comes back."""

    is_off: bool
    holds: bool
    has_ready: bool
    failures: int
    ramp: int
    stepped_at: int | None  # when the last probe or portion was let go; None: it came back by itself, just now

    def next(self, *, now: int) -> Next:
        """What is to be done about it at *now*."""
        if self.is_off or not (self.holds or (self.stepped_at is None and self.has_ready)):
            return Next.END
        if self.ramp > 0 and self.failures:
            return Next.FALL_BACK
        if self.stepped_at is None:
            return Next.TRIM
        if self.has_ready or 0 <= now - self.stepped_at < self._rests:  # a clock that was put back stops nothing
            return Next.WAIT
        return Next.PORTION if self.ramp else Next.PROBE

    @property
    def _rests(self) -> int:
        """How long after the last step nothing happens."""
        if self.ramp:
            return EVERY if self.ramp > 1 else 0  # a probe that was taken has been waited for
        if not self.failures:
            return PATIENCE
        return min(PROBED_AFTER << min(self.failures - 1, 20), PROBED_AFTER_AT_MOST)


def portion(ramp: int) -> int:
    """How many deliveries the next portion has, *ramp* as the column says: 10, 20, 40 and so on."""
    return FIRST << min(max(ramp - 1, 0), DOUBLED_AT_MOST)


def step_all(store: Store, pace: Pace, *, deadline: float = math.inf) -> Counter[str]:
    """Take each endpoint that comes back one step on, if it is time, until *deadline* by the monotonic clock.

    How many deliveries were `ramp_released`, and `ramp_held`.
    """
    with store.reading() as db:
        now = clock(db)
        found = {row.id: (row, _coming(db, row).next(now=now)) for row in db.execute(_RAMPING.limit(LOOKED_AT))}
    done: Counter[str] = Counter()
    for row, what in found.values():
        is_whole = what in (Next.WAIT, Next.END)
        while not is_whole and time.monotonic() < deadline:
            with pace.transaction(store.writing) as (db, most):
                stepped = step(db, row.id, most=most, now=clock(db))
            done += stepped
            is_whole = stepped["ramp_held"] < most
    if ended := [key for key, (_, what) in found.items() if what is Next.END]:
        with store.writing() as db:
            db.execute(_END, {"ended_ids": ended})
    return done


def step(db: Connection, endpoint_id: int, *, most: int, now: int) -> Counter[str]:
    """One step of one endpoint, inside its caller's transaction; touches *most* rows at most."""
    row = db.execute(_THIS_ONE, {"of_endpoint": endpoint_id}).first()
    if row is None:
        return Counter()
    match _coming(db, row).next(now=now):
        case Next.END:
            db.execute(_END, {"ended_ids": [endpoint_id]})
        case Next.TRIM:
            return _trim(db, row, most=most, now=now)
        case Next.FALL_BACK:
            return _fall_back(db, row, most=most, now=now)
        case Next.PROBE:
            return _let_go(db, row, 1, ramp=0, now=now, moves=Counter())
        case Next.PORTION:
            return _next_portion(db, row, most=most, now=now)
        case Next.WAIT:
            pass
    return Counter()


def _trim(db: Connection, row: Any, *, most: int, now: int) -> Counter[str]:
    """Hold what is ready beyond the first portion."""
    surplus = db.execute(_SURPLUS, _place(row) | {"kept": portion(row.ramp), "most": most}).all()
    hold(db, surplus)
    if len(surplus) < most:
        _move_on(db, row, row.ramp + 1, now)
    return Counter(ramp_held=len(surplus))


def _next_portion(db: Connection, row: Any, *, most: int, now: int) -> Counter[str]:
    moves: Moves = Counter()
    if row.ramp == 1:  # a probe was just taken
        hold(db, _retries(db, row, most=most), moves=moves)
    return _let_go(db, row, min(portion(row.ramp), most), ramp=row.ramp + 1, now=now, moves=moves)


def _let_go(db: Connection, row: Any, n: int, *, ramp: int, now: int, moves: Moves) -> Counter[str]:
    _move_on(db, row, ramp, now)
    released = enabling.let_go(db, row.id, n, now=now, moves=moves)
    counts.record(db, moves)
    log.info("endpoint.fed", endpoint_id=shown_id(row.id), rows=released, is_probe=not ramp)
    return Counter(ramp_released=released)


def _fall_back(db: Connection, row: Any, *, most: int, now: int) -> Counter[str]:
    """Hold what it was let have and has not taken; probes come next."""
    rows = list(_retries(db, row, most=most))
    rows += db.execute(_SURPLUS, _place(row) | {"kept": 0, "most": most - len(rows)}).all()
    hold(db, rows)
    if len(rows) < most:
        _move_on(db, row, 0, now)
    log.warning("endpoint.relapsed", endpoint_id=shown_id(row.id), rows=len(rows))
    return Counter(ramp_held=len(rows))


def _retries(db: Connection, row: Any, *, most: int) -> Sequence[Any]:
    return db.execute(_RETRIES, {"of_lane": lane_of(row.channel), "of_endpoint": row.id, "most": most}).all()


def _move_on(db: Connection, row: Any, ramp: int, now: int) -> None:
    db.execute(_MOVE_ON, {"of_endpoint": row.id, "step": ramp, "stepped_at": now})


def _coming(db: Connection, row: Any) -> Coming:
    has_ready = db.execute(_ANY_READY, _place(row)).first() is not None
    return Coming(row.state == "disabled", bool(row.holds), has_ready, row.failures, row.ramp, row.ramp_at)


def _place(row: Any) -> dict[str, Any]:
    return {"of_lane": lane_of(row.channel), "of_host": row.host_id, "of_endpoint": row.id}

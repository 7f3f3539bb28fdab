"""Upkeep: leases that ran out go back, endpoints that were disabled have their deliveries held, old rows are pruned.

Every job works in batches that adapt to the database (store.pacing), and tells how many rows it touched; a turn goes on
until nothing is left or its time is over.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, Delete, bindparam, delete, literal_column, select

from zonewire import hub
from zonewire.delivery import bulk, enabling, ledger, owing, ramps, tallies, task_failures
from zonewire.delivery.holding import cancel_long_held, hold_disabled, left_behind
from zonewire.delivery.lanes import Lane
from zonewire.delivery.states import ARTICLE_KINDS
from zonewire.delivery.tries import forget_trouble
from zonewire.feeds import forget_readers
from zonewire.keys import KeyRing
from zonewire.operators import forget_sessions, forget_tries
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import articles, attempts, deliveries, heartbeats, job_runs
from zonewire.subscriptions import finish_erasing, forget_asks, forget_unconfirmed, forget_visits

log = structlog.get_logger()

DAY = 24 * 3600 * SECOND
HEARTBEATS_FOR = 3600 * SECOND
RUNS_FOR_MINUTES = 2 * 24 * 60

# Settled rows that are older than they are kept. Ids rise with time, so the oldest stand first in the table.
_OLD = (
    select(deliveries.c.id)
    .where(deliveries.c.id <= bindparam("up_to_id"), deliveries.c.settled_at < bindparam("settled_before"))
    .order_by(deliveries.c.id)
    .limit(bindparam("most"))
)
_OLDEST_IDS = select(deliveries.c.id, deliveries.c.created_at).order_by(deliveries.c.id).limit(1)
_FORGET_ATTEMPTS = delete(attempts).where(
    attempts.c.id.in_(
        select(attempts.c.id)
        .where(attempts.c.at < bindparam("before"))
        .order_by(attempts.c.at)
        .limit(bindparam("most"))
    )
)
# Ready rows of articles that have a newer version: their try was under way when that was accepted, and failed since.
# Read outside of any write transaction, since it looks at every ready row.
_OVERTAKEN = (
    select(deliveries.c.id)
    .join(articles, articles.c.id == deliveries.c.article_id)
    .where(
        literal_column("deliveries.ready") == literal_column("1"),
        deliveries.c.kind.in_(ARTICLE_KINDS),
        deliveries.c.number < articles.c.newest,
    )
    .limit(bindparam("most"))
)
_FORGET_HEARTBEATS = delete(heartbeats).where(heartbeats.c.beat_at < bindparam("before"))
_FORGET_RUNS = delete(job_runs).where(job_runs.c.minute < bindparam("before"))


@dataclass(frozen=True, slots=True)
class UpkeepPolicy:
    """How long things are kept, and what is needed to forget somebody."""

    retention_days: int
    keys: KeyRing
    outbox: Path  # where mails are written that no SMTP server takes


def upkeep(store: Store, pace: Pace, policy: UpkeepPolicy, *, budget_s: float = 0.9) -> Counter[str]:
    """Run every job until nothing is left to do or *budget_s* is over. Rows touched, by job."""
    deadline = time.monotonic() + budget_s
    done: Counter[str] = Counter()
    jobs: dict[str, Callable[[Connection, int, int], int]] = {
        "leases_returned": lambda db, _most, now: ledger.return_lapsed(db, now=now),
        "asks_forgotten": lambda db, most, now: forget_asks(db, most, now - DAY),
        "unconfirmed_forgotten": forget_unconfirmed,
        "deliveries_held": hold_disabled,
        "deliveries_expired": cancel_long_held,
        "deliveries_pruned": lambda db, most, now: prune(db, most, now - policy.retention_days * DAY),
        "hub_ended": hub.expire,
        "hub_undecided": lambda db, _most, now: hub.decide_overdue(db, now),
        "hub_pruned": lambda db, most, now: hub.forget(db, most, now - policy.retention_days * DAY, now),
        "failures_pruned": task_failures.forget,
        "tallies_rolled_up": tallies.roll_up,
        "trouble_pruned": lambda db, most, now: forget_trouble(db, most, now - policy.retention_days * DAY),
        "attempts_pruned": lambda db, most, now: _forget(db, _FORGET_ATTEMPTS, most, now - policy.retention_days * DAY),
    }
    for name, job in jobs.items():
        while time.monotonic() < deadline:
            with pace.transaction(store.settling) as (db, most):
                touched = job(db, most, clock(db))
            done[name] += touched
            if touched < most:
                break
    done.update(_bulk(store, pace, deadline))
    done.update(ramps.step_all(store, pace, deadline=deadline))
    done["deliveries_released"] = release_left_behind(store, pace, deadline)
    done["deliveries_superseded"] = cancel_overtaken(store)
    done["subscribers_erased"] = finish_erasing(store, keys=policy.keys, outbox=policy.outbox)
    with store.settling() as db:
        now = clock(db)
        db.execute(_FORGET_HEARTBEATS, {"before": now - HEARTBEATS_FOR})
        forget_readers(db, now=now)
        forget_visits(db, now=now)
        forget_sessions(db, now=now)
        forget_tries(db, now=now)
        db.execute(_FORGET_RUNS, {"before": now // (60 * SECOND) - RUNS_FOR_MINUTES})
        flowed = {(name, Lane.UPKEEP.value): done.total() for name in (tallies.LANE_IN, tallies.LANE_OUT)}
        tallies.add(db, flowed, now=now)
    if any(done.values()):
        log.info("upkeep.done", **{name: n for name, n in done.items() if n})
    return done


def _bulk(store: Store, pace: Pace, deadline: float) -> dict[str, int]:
    """Go on with what operators have begun."""
    return {f"bulk_{act}": n for act, n in bulk.step_all(store, pace, deadline=deadline).items()}


def release_left_behind(store: Store, pace: Pace, deadline: float) -> int:
    """Release what endpoints hold that are on, until *deadline* by the monotonic clock; how many deliveries."""
    with store.reading() as db:
        endpoint_ids = left_behind(db)
    return sum(enabling.release(store, pace, endpoint_id, until=deadline) for endpoint_id in endpoint_ids)


def cancel_overtaken(store: Store, *, most: int = 1_000) -> int:
    """Cancel up to *most* ready deliveries of versions that are not the newest; no claim would ever take them."""
    with store.reading() as db:
        ids = list(db.execute(_OVERTAKEN, {"most": most}).scalars())
    if not ids:
        return 0
    with store.writing() as db:
        return owing.cancel(db, ids, why="superseded", now=clock(db))


def prune(db: Connection, most: int, before: int) -> int:
    """Forget up to *most* settled deliveries that were settled before *before*."""
    oldest = db.execute(_OLDEST_IDS).first()
    if oldest is None or oldest.created_at >= before:
        return 0
    found = (
        db.execute(_OLD, {"up_to_id": oldest.id + 10 * most, "settled_before": before, "most": most}).scalars().all()
    )
    return owing.forget(db, found)


def _forget(db: Connection, statement: Delete, most: int, before: int) -> int:
    return db.execute(statement, {"before": before, "most": most}).rowcount

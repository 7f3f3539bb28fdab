"""An operator turns an endpoint off and on again, and says what becomes of what was held meanwhile.

What is left out goes first, in batches, while the endpoint is still off; then it is on, one delivery goes out as a
probe, and upkeep lets the rest follow step by step (ramps.py). Whoever is stopped in between leaves it off, with the
question open.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import count

from sqlalchemy import Connection, bindparam, case, exists, false, func, literal_column, null, or_, select, update

from zonewire.delivery import counts, health, owing
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.holding import hold_rest
from zonewire.delivery.states import Kind, State
from zonewire.errors import Conflict
from zonewire.store import Spelled, Store, as_rows, many, read_rows, values_of
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints, subscribers

BY_OPERATOR = "disabled by an operator"
LEFT_OUT = "left out when its endpoint was enabled"
IS_OFF_BY_ITSELF = or_(endpoints.c.gone, endpoints.c.reason == health.TOO_LONG)
"""Of an endpoint that is disabled: its receiver or its failures did that, and no operator."""


class Held(StrEnum):
    """What becomes of what is held."""

    ALL = "all"  # sent, the oldest first
    NEWEST = "newest"  # the newest article, the newest digest of each subscription, and what corrects something
    NONE = "none"


_DISABLE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint_id"), endpoints.c.state != "disabled")
    .values(state="disabled", disabled_at=bindparam("moment"), reason=bindparam("why"))
)
_WHETHER_OFF = select(
    (endpoints.c.state == "disabled").label("is_off"), func.coalesce(IS_OFF_BY_ITSELF, false()).label("by_itself")
).where(endpoints.c.id == bindparam("endpoint_id"))
_WHETHER_OFF_FOR_NOW = _WHETHER_OFF.with_for_update()  # and it stays so while the transaction lasts
_IS_ERASED = (
    select(subscribers.c.address_mark.is_not(null()))
    .join(endpoints, endpoints.c.subscriber_id == subscribers.c.id)
    .where(endpoints.c.id == bindparam("endpoint_id"))
)
# What an endpoint holds, by the index `held`.
_HELD = (
    literal_column("deliveries.due_at").is_(None),
    literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
    deliveries.c.endpoint_id == bindparam("endpoint_id"),
)
_HOLDS = exists().where(*_HELD)
_ENABLE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint_id"))
    .values(
        state="healthy",
        gone=False,
        reason=None,
        disabled_at=None,
        failures=0,
        failing_since=None,
        last_error=None,
        ramp=case((_HOLDS, 0)),
        ramp_at=case((_HOLDS, bindparam("moment"))),
    )
)
_COUNT = select(func.count()).select_from(deliveries).where(*_HELD)
_ALL_HELD = select(deliveries.c.id).where(*_HELD).order_by(deliveries.c.id)
# Those of them that `newest` leaves out: there is a newer one of the same sort, and it puts nothing right that the
# receiver has, or may have. (Where an EXISTS stands for the last, PostgreSQL hashes the whole ledger.)
_OUTDATED = Spelled(
    """
    SELECT {collect}({array}(o.id)) FROM (
        SELECT h.id FROM (
            SELECT d.id, d.kind, d.article_id, d.endpoint_id, d.number, d.event_type,
                COALESCE(d.number, d.edition_id, 0) AS place,
                MAX(COALESCE(d.number, d.edition_id, 0)) OVER (PARTITION BY d.kind, d.subscription_id) AS newest
            FROM deliveries d
            WHERE d.due_at IS NULL AND d.state IN ('pending', 'retrying') AND d.endpoint_id = :endpoint_id) AS h
        WHERE h.kind IN ('news', 'digest') AND h.place < h.newest AND COALESCE(h.event_type, '') <> 'article.updated'
          AND (SELECT 1 FROM deliveries o WHERE o.kind IN ('news', 'withdrawal') AND o.article_id = h.article_id
                AND o.endpoint_id = h.endpoint_id AND o.number < h.number
                AND (o.state IN ('delivered', 'sending') OR o.unknowns > 0) LIMIT 1) IS NULL
        ORDER BY h.id) AS o
    """
)
# Some of them, locked; by primary key. Whoever was quicker with one has given it a due time, or another state.
_LOCKED = (
    select(deliveries.c.id, deliveries.c.lane, deliveries.c.state, deliveries.c.due_at)
    .where(deliveries.c.id.in_(values_of(many("of_ids"))))
    .order_by(deliveries.c.id)
    .with_for_update()
)
# Each due a microsecond after the one before it, so that they go out in their order; whoever lets them go wants them,
# however old they are.
_RELEASE = Spelled(
    """
    UPDATE deliveries SET ready = 1, due_at = r.due_at, worthless_at = NULL FROM {rows} AS r
    WHERE deliveries.id = r.id
    """,
    columns=("id bigint", "due_at bigint"),
)


def disable(db: Connection, endpoint_id: int, *, why: str, now: int) -> bool:
    """Turn an endpoint off; whether it was on. Call `holding.hold_disabled` until nothing of it is left to hold."""
    return db.execute(_DISABLE, {"endpoint_id": endpoint_id, "why": why or BY_OPERATOR, "moment": now}).rowcount > 0


def revive(db: Connection, endpoint_id: int, *, probed_at: int = 0) -> None:
    """Turn an endpoint on as if it had never failed; what it holds goes out step by step, after a probe (ramps.py)."""
    db.execute(_ENABLE, {"endpoint_id": endpoint_id, "moment": probed_at})


def wake(db: Connection, endpoint_id: int, *, now: int) -> bool:
    """Turn on an endpoint that failures or its receiver turned off, since somebody there asks; whether it is on.

    What was held meanwhile is left out: nobody asked for it. What an operator turned off stays off, and so does what
    leads nowhere any more.
    """
    found = db.execute(_WHETHER_OFF_FOR_NOW, {"endpoint_id": endpoint_id}).one()
    if not found.is_off:
        return True
    if not found.by_itself or db.execute(_IS_ERASED, {"endpoint_id": endpoint_id}).scalar():
        return False
    owing.cancel_for_endpoints(db, [endpoint_id], why=LEFT_OUT, now=now)
    revive(db, endpoint_id)
    return True


def refuse_erased(db: Connection, endpoint_id: int) -> None:
    """Raise Conflict for an endpoint whose subscriber asked to be forgotten."""
    if db.execute(_IS_ERASED, {"endpoint_id": endpoint_id}).scalar():
        raise Conflict(f"{shown_id(endpoint_id)} leads nowhere any more: its subscriber was erased")


def held_count(db: Connection, endpoint_id: int) -> int:
    """How many deliveries an endpoint holds."""
    return int(db.execute(_COUNT, {"endpoint_id": endpoint_id}).scalar_one())


def enable(store: Store, pace: Pace, endpoint_id: int, held: Held) -> Counter[str]:
    """Turn an endpoint on, as if it had never failed; how many of what it held are `released` and `cancelled`.

    What is released goes out step by step, and what comes meanwhile behind it (ramps.py). Opens its own transactions,
    as many as *pace* wants. Raises Conflict for an endpoint that leads nowhere any more.
    """
    done: Counter[str] = Counter()
    with store.writing() as db:
        hold_rest(db, endpoint_id)
    with store.reading() as db:
        refuse_erased(db, endpoint_id)
        was_off = db.execute(_WHETHER_OFF, {"endpoint_id": endpoint_id}).one().is_off
        unwanted = left_out(db, endpoint_id, held)

    def leave_out(db: Connection, ids: Sequence[int]) -> int:
        if was_off and not db.execute(_WHETHER_OFF_FOR_NOW, {"endpoint_id": endpoint_id}).one().is_off:
            return 0  # somebody else has enabled it meanwhile, and said what becomes of the rest
        return owing.cancel_held(db, ids, why=LEFT_OUT, now=clock(db))

    done["cancelled"] = _in_batches(store, pace, unwanted, leave_out)
    with store.writing() as db:
        done["released"] = held_count(db, endpoint_id)
        now = clock(db)
        revive(db, endpoint_id, probed_at=now)
        let_go(db, endpoint_id, 1, now=now)
    return done


def left_out(db: Connection, endpoint_id: int, held: Held) -> list[int]:
    """What of all that an endpoint holds is not sent if that is the choice, the oldest first."""
    of = {"endpoint_id": endpoint_id}
    match held:
        case Held.ALL:
            return []
        case Held.NEWEST:
            return [ident for (ident,) in read_rows(db, _OUTDATED.on(db), of)]
        case Held.NONE:
            return list(db.execute(_ALL_HELD.where(deliveries.c.kind != Kind.REVISION), of).scalars())


def let_go(db: Connection, endpoint_id: int, n: int, *, now: int, moves: Moves | None = None) -> int:
    """Let the oldest *n* go that an endpoint holds, inside its caller's transaction; how many there were.

    *moves* as in `owing.cancel`.
    """
    held = db.execute(_ALL_HELD.limit(n), {"endpoint_id": endpoint_id}).scalars().all()
    return _release(db, held, dict(zip(held, count(now), strict=False)), moves=moves)


def release(store: Store, pace: Pace, endpoint_id: int, *, until: float = math.inf) -> int:
    """Let go all that an endpoint holds that is on, the oldest first, *until* then by the monotonic clock; how many.

    Opens its own transactions, as many as *pace* wants.
    """
    with store.reading() as db:
        held = db.execute(_ALL_HELD, {"endpoint_id": endpoint_id}).scalars().all()
        due = dict(zip(held, count(clock(db)), strict=False))
    return _in_batches(store, pace, held, lambda db, ids: _release(db, ids, due), until=until)


def _in_batches(
    store: Store,
    pace: Pace,
    ids: Sequence[int],
    move: Callable[[Connection, Sequence[int]], int],
    *,
    until: float = math.inf,
) -> int:
    """*move* all of *ids*, each batch in a transaction of its own; how many it moved."""
    seen = moved = 0
    while seen < len(ids) and time.monotonic() < until:
        with pace.transaction(store.writing) as (db, most):
            moved += move(db, ids[seen : seen + most])
        seen += most
    return moved


def _release(db: Connection, ids: Sequence[int], due: Mapping[int, int], *, moves: Moves | None = None) -> int:
    """Make those of *ids* claimable, as *due* says, that are held still; how many are."""
    rows = [row for row in db.execute(_LOCKED, {"of_ids": list(ids)}) if owing.is_held(row)]
    if not rows:
        return 0
    db.execute(_RELEASE.on(db), {"rows": as_rows([(row.id, due[row.id]) for row in rows])})
    changes: Moves = Counter() if moves is None else moves
    for row in rows:
        changes[Slot(row.lane, State(row.state), held=True)] -= 1
        changes[Slot(row.lane, State(row.state))] += 1
    if moves is None:
        counts.record(db, changes)
    return len(rows)

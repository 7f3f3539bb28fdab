"""Holding: what is owed to a disabled endpoint waits without a due time, in no claim and no backlog.

`owing` makes such rows held from the start; here those are held that were owed before. What is held for a week is
cancelled, and what is owed to an endpoint that is gone at once. What an endpoint holds that is on again was left behind
and is released, unless it comes back step by step (ramps.py).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from zonewire.delivery import counts, owing
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.lanes import lane_of
from zonewire.delivery.states import State
from zonewire.store import SECOND, Spelled, as_rows, many, read_rows, values_of
from zonewire.store.tables import deliveries, endpoints

LATELY = 60 * SECOND
HELD_FOR = 7 * 24 * 3600 * SECOND
"""What is held for a disabled endpoint longer than this is cancelled."""

_WAITING = literal_column("ready") == literal_column("0")
_OPEN = (State.PENDING, State.RETRYING)

# By the index `disabled`.
_DISABLED = select(
    endpoints.c.id, endpoints.c.host_id, endpoints.c.channel, endpoints.c.gone, endpoints.c.disabled_at
).where(literal_column("state") == literal_column("'disabled'"))
# Those of some that are disabled still, and stay so while the transaction lasts; whom somebody changes just now is left
# for the next turn. (Who waited here would wait for whoever waits for the deliveries.)
_DISABLED_FOR_NOW = _DISABLED.where(endpoints.c.id.in_(values_of(many("some_ids")))).with_for_update(
    read=True, skip_locked=True
)
# Claimable rows of the places in `rows`, by the index `ready`.
_UNHELD = Spelled(
    """
    SELECT d.id, d.lane, d.state, d.endpoint_id FROM {rows} AS p {join} deliveries d
      ON d.lane = p.lane AND d.ready = 1 AND d.host_id = p.host_id AND d.endpoint_id = p.endpoint_id
    LIMIT :most {lock}
    """,
    columns=("lane text", "host_id bigint", "endpoint_id bigint"),
    sqlite={"join": "CROSS JOIN", "lock": ""},
    postgresql={"join": "JOIN", "lock": "FOR UPDATE OF d SKIP LOCKED"},
)
# Retries of endpoints that were disabled just now. (Those of the others are held when their time comes.)
_UNHELD_RETRIES = (
    select(deliveries.c.id, deliveries.c.lane, deliveries.c.state, deliveries.c.endpoint_id)
    .where(_WAITING, deliveries.c.endpoint_id.in_(values_of(many("endpoint_ids"))))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_HOLD = (
    update(deliveries)
    .where(deliveries.c.id.in_(values_of(many("held_ids"))), deliveries.c.state.in_(_OPEN))
    .values(ready=None, due_at=None)
)

# Rows that have been held for too long, by the index `held`.
_HELD_TOO_LONG = (
    select(deliveries.c.id)
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .where(
        literal_column("deliveries.due_at").is_(None),
        literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
        endpoints.c.state == "disabled",
        deliveries.c.created_at < bindparam("made_before"),
        func.coalesce(endpoints.c.disabled_at, 0) < bindparam("made_before"),
    )
    .limit(bindparam("most"))
    .with_for_update(read=True, skip_locked=True, of=endpoints)
)
# Endpoints that are on, have come back, and hold something all the same, each found by one step in the index `held`: an
# article's fan-out saw it off, or coming back, and was committed after that.
_LEFT_BEHIND = Spelled(
    """
    WITH RECURSIVE holding (id) AS (
        SELECT (SELECT d.endpoint_id FROM deliveries d WHERE d.due_at IS NULL AND d.state IN ('pending', 'retrying')
            ORDER BY d.endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.endpoint_id FROM deliveries d WHERE d.due_at IS NULL AND d.state IN ('pending', 'retrying')
            AND d.endpoint_id > h.id ORDER BY d.endpoint_id LIMIT 1)
        FROM holding h WHERE h.id IS NOT NULL
    )
    SELECT {collect}({array}(e.id)) FROM holding h JOIN endpoints e ON e.id = h.id
    WHERE e.state <> 'disabled' AND e.ramp IS NULL
    """
)


def hold_disabled(db: Connection, most: int, now: int) -> int:
    """Hold up to *most* open deliveries of disabled endpoints; cancel those of endpoints that are gone."""
    disabled = {row.id: row for row in db.execute(_DISABLED)}
    if not disabled:
        return 0
    places = [(lane_of(row.channel), row.host_id, row.id) for row in disabled.values()]
    rows = list(db.execute(_UNHELD.on(db), {"rows": as_rows(places), "most": most}).all())
    lately = [row.id for row in disabled.values() if (row.disabled_at or 0) > now - LATELY]
    if lately and len(rows) < most:
        rows += db.execute(_UNHELD_RETRIES, {"endpoint_ids": lately, "most": most - len(rows)}).all()
    if not rows:
        return 0
    disabled = {row.id: row for row in db.execute(_DISABLED_FOR_NOW, {"some_ids": [row.endpoint_id for row in rows]})}
    rows = [row for row in rows if row.endpoint_id in disabled]
    moves: Moves = Counter()
    gone = [row.id for row in rows if disabled[row.endpoint_id].gone]
    owing.cancel(db, gone, why="the receiver is gone", now=now, moves=moves)
    hold(db, [row for row in rows if not disabled[row.endpoint_id].gone], moves=moves)
    counts.record(db, moves)
    return len(rows)


def hold_rest(db: Connection, endpoint_id: int) -> None:
    """Hold what is open for a disabled endpoint and is not held yet: retries, say, whose time has not come."""
    if db.execute(_DISABLED.where(endpoints.c.id == endpoint_id)).first() is not None:
        rows = owing.locked(db, owing.open_at(db, [endpoint_id]))
        hold(db, [row for row in rows if not owing.is_held(row)])


def hold(db: Connection, rows: Sequence[Any], *, moves: Moves | None = None) -> None:
    """Hold *rows* (id, lane, state of open deliveries, locked) that are not held yet; *moves* as in `owing.cancel`."""
    if not rows:
        return
    db.execute(_HOLD, {"held_ids": [row.id for row in rows]})
    changes: Moves = Counter() if moves is None else moves
    for row in rows:
        changes[Slot(row.lane, State(row.state))] -= 1
        changes[Slot(row.lane, State(row.state), held=True)] += 1
    if moves is None:
        counts.record(db, changes)


def cancel_long_held(db: Connection, most: int, now: int) -> int:
    """Cancel up to *most* deliveries that have been held for a disabled endpoint for more than a week."""
    ids = list(db.execute(_HELD_TOO_LONG, {"made_before": now - HELD_FOR, "most": most}).scalars())
    return owing.cancel_held(db, ids, why="held for a week", now=now)


def left_behind(db: Connection) -> list[int]:
    """Endpoints that are on and hold something all the same: `enabling.release` lets it go, behind what is ready."""
    return [ident for (ident,) in read_rows(db, _LEFT_BEHIND.on(db), {})]

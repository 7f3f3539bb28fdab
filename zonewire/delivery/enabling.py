"""An operator turns an endpoint off and on again, and says what becomes of what was held meanwhile."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from zonewire.delivery import counts, owing
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.states import State
from zonewire.store import Spelled, as_rows, read_rows
from zonewire.store.tables import deliveries, endpoints

BY_OPERATOR = "disabled by an operator"
LEFT_OUT = "left out when its endpoint was enabled"


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
_ENABLE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint_id"))
    .values(state="healthy", gone=False, reason=None, disabled_at=None, failures=0, failing_since=None, last_error=None)
)
# What an endpoint holds, the oldest first; by the index `held`.
_HELD = (
    literal_column("deliveries.due_at").is_(None),
    literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
    deliveries.c.endpoint_id == bindparam("endpoint_id"),
)
_COUNT = select(func.count()).select_from(deliveries).where(*_HELD)
_OLDEST = (
    select(deliveries.c.id, deliveries.c.lane, deliveries.c.state)
    .where(*_HELD)
    .order_by(deliveries.c.id)
    .limit(bindparam("most"))
    .with_for_update()
)
# Those that `newest` leaves out: there is a newer one of the same sort, and nothing that the receiver has is put right.
_OUTDATED = Spelled(
    """
    SELECT {collect}({array}(o.id)) FROM (
        SELECT d.id FROM deliveries d
        WHERE d.due_at IS NULL AND d.state IN ('pending', 'retrying') AND d.endpoint_id = :endpoint_id
          AND d.kind IN ('news', 'digest') AND COALESCE(d.event_type, '') <> 'article.updated'
          AND EXISTS (SELECT 1 FROM deliveries n WHERE n.due_at IS NULL AND n.state IN ('pending', 'retrying')
            AND n.endpoint_id = :endpoint_id AND n.kind = d.kind
            AND (d.kind = 'news' OR n.subscription_id = d.subscription_id)
            AND (COALESCE(n.number, 0), COALESCE(n.edition_id, 0), n.id)
              > (COALESCE(d.number, 0), COALESCE(d.edition_id, 0), d.id))
          AND NOT EXISTS (SELECT 1 FROM deliveries h WHERE h.kind IN ('news', 'withdrawal')
            AND h.article_id = d.article_id AND h.endpoint_id = d.endpoint_id AND h.number < d.number
            AND (h.state = 'delivered' OR h.unknowns > 0))
        ORDER BY d.id LIMIT :most) AS o
    """
)
# Each due a microsecond after the one before it, so that they go out in their order.
_RELEASE = Spelled(
    """
    UPDATE deliveries SET ready = 1, due_at = r.due_at FROM {rows} AS r
    WHERE deliveries.id = r.id AND deliveries.due_at IS NULL AND deliveries.state IN ('pending', 'retrying')
    """,
    columns=("id bigint", "due_at bigint"),
)


def disable(db: Connection, endpoint_id: int, *, why: str, now: int) -> bool:
    """Turn an endpoint off; whether it was on. Call `holding.hold_disabled` until nothing of it is left to hold."""
    return db.execute(_DISABLE, {"endpoint_id": endpoint_id, "why": why or BY_OPERATOR, "moment": now}).rowcount > 0


def held_count(db: Connection, endpoint_id: int) -> int:
    """How many deliveries an endpoint holds."""
    return int(db.execute(_COUNT, {"endpoint_id": endpoint_id}).scalar_one())


def enable(db: Connection, endpoint_id: int) -> None:
    """Turn an endpoint on, as if it had never failed. `settle_held` goes with it, in the same transaction."""
    db.execute(_ENABLE, {"endpoint_id": endpoint_id})


def settle_held(db: Connection, endpoint_id: int, held: Held, *, most: int, due_from: int, now: int) -> Counter[str]:
    """Release or cancel up to *most* of what an endpoint holds; how many `released` and `cancelled`. Go on until none.

    The first that is released is due at *due_from*, each next one a microsecond later. With NEWEST what is left out is
    cancelled first, and the rest is released when there is no more of it.
    """
    if held is Held.NONE:
        ids = [row.id for row in db.execute(_OLDEST, {"endpoint_id": endpoint_id, "most": most})]
        return Counter(cancelled=_cancel(db, ids, now))
    if held is Held.NEWEST:
        outdated = read_rows(db, _OUTDATED.on(db), {"endpoint_id": endpoint_id, "most": most})
        if outdated:
            return Counter(cancelled=_cancel(db, [ident for (ident,) in outdated], now))
    rows = db.execute(_OLDEST, {"endpoint_id": endpoint_id, "most": most}).all()
    return Counter(released=_release(db, rows, due_from))


def _cancel(db: Connection, ids: Sequence[int], now: int) -> int:
    return owing.cancel(db, ids, why=LEFT_OUT, now=now)


def _release(db: Connection, rows: Sequence[Any], due_from: int) -> int:
    if not rows:
        return 0
    due = [(row.id, due_from + place) for place, row in enumerate(rows)]
    db.execute(_RELEASE.on(db), {"rows": as_rows(due)})
    moves: Moves = Counter()
    for row in rows:
        moves[Slot(row.lane, State(row.state), held=True)] -= 1
        moves[Slot(row.lane, State(row.state))] += 1
    counts.record(db, moves)
    return len(rows)

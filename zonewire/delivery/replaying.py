"""Replay: dead letters and cancelled deliveries are put back, under their old ids."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select, true

from zonewire.delivery import counts
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.states import ARTICLE_KINDS, Kind, Move, State
from zonewire.store import many, values_of
from zonewire.store.tables import articles, deliveries, endpoints, subscriptions

_MINE = subscriptions.c.id == deliveries.c.subscription_id
_OF_ENDPOINT = (subscriptions.c.endpoint_id == deliveries.c.endpoint_id) & (subscriptions.c.cadence == "instant")
HAS_LEFT = or_(
    deliveries.c.kind.in_([Kind.DIGEST, Kind.RESEND, Kind.CONFIRMATION])
    & exists().where(_MINE, subscriptions.c.state == "ended"),
    deliveries.c.kind.in_(ARTICLE_KINDS)
    & exists().where(_OF_ENDPOINT, subscriptions.c.state == "ended")
    & ~exists().where(_OF_ENDPOINT, subscriptions.c.state.in_(["active", "paused"])),
)
"""Whether whoever a delivery was made for has ended the subscription since: then it may not go out any more."""

_NEWEST = select(articles.c.newest).where(articles.c.id == deliveries.c.article_id).scalar_subquery()

# Those of a set of deliveries that can be put back, locked. By primary key.
_REPLAYABLE = (
    select(
        deliveries.c.id,
        deliveries.c.lane,
        deliveries.c.state,
        deliveries.c.endpoint_id,
        endpoints.c.state.label("endpoint_state"),
        endpoints.c.reason.label("why_disabled"),
    )
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .where(
        deliveries.c.id.in_(values_of(many("of_ids"))),
        deliveries.c.state.in_(Move.REPLAY.sources),
        func.coalesce(deliveries.c.number == _NEWEST, true()),
        ~HAS_LEFT,
    )
    .with_for_update(of=deliveries)
)
_PUT_BACK = (
    Move.REPLAY.statement()
    .where(deliveries.c.id.in_(values_of(many("of_ids"))))
    .values(attempts=0, waits=0, lapses=0, plain=False, worthless_at=None, settled_at=None, reason=None)
)
_DUE, _HELD = _PUT_BACK.values(ready=1), _PUT_BACK.values(ready=None, due_at=None)


@dataclass(frozen=True, slots=True)
class Holder:
    """A disabled endpoint that holds what was put back."""

    endpoint: str  # as everybody outside sees it
    reason: str  # why it is disabled; "" where nobody said
    held: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was put back."""

    keys: frozenset[int]
    holders: list[Holder]  # in the order of their keys

    @property
    def held(self) -> int:
        """How many of them wait until their endpoints are enabled."""
        return sum(holder.held for holder in self.holders)


def replay(db: Connection, keys: Sequence[int], *, now: int) -> Replayed:
    """Put dead and cancelled deliveries back, with all their tries before them.

    What belongs to a disabled endpoint is held; a superseded version stays as it is, and what was made for somebody
    who has left.
    """
    rows = db.execute(_REPLAYABLE, {"of_ids": list(keys)}).all()
    held = [row for row in rows if row.endpoint_state == "disabled"]
    due = [row for row in rows if row.endpoint_state != "disabled"]
    if due:
        db.execute(_DUE.values(due_at=now), {"of_ids": [row.id for row in due]})
    if held:
        db.execute(_HELD, {"of_ids": [row.id for row in held]})
    moves: Moves = Counter(Slot(row.lane, State.PENDING) for row in due)
    moves.update(Slot(row.lane, State.PENDING, held=True) for row in held)
    moves.subtract(Slot(row.lane, State(row.state)) for row in rows)
    counts.record(db, moves)
    return Replayed(frozenset(row.id for row in rows), _holders(held))


def _holders(rows: Sequence[Any]) -> list[Holder]:
    reasons = {row.endpoint_id: row.why_disabled or "" for row in rows}
    held = Counter(row.endpoint_id for row in rows)
    return [Holder(shown_id(key), reasons[key], held[key]) for key in sorted(held)]

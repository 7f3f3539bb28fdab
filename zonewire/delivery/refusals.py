"""Why a delivery was not put back or not cancelled: a sentence for each state that it may be in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.replaying import HAS_LEFT
from zonewire.delivery.states import State
from zonewire.errors import Conflict
from zonewire.store import many, values_of
from zonewire.store.tables import deliveries

Sentences = Mapping[State, str]

_REPLACED = "is {state}, and a newer version of its article has taken its place"
_LEFT = "is {state}, and its reader has left: nothing more is sent there"
_WAITS = "is {state} already, and goes out by itself"

NOT_REPLAYED: Sentences = {
    State.PENDING: _WAITS,
    State.RETRYING: _WAITS,
    State.SENDING: "is being sent right now",
    State.DELIVERED: "was delivered at {at}; only digests are sent again, on their edition's page",
    State.DEAD: _REPLACED,
    State.CANCELLED: _REPLACED,
}
NOT_CANCELLED: Sentences = {
    State.SENDING: "is being sent right now, and cannot be called back",
    State.DELIVERED: "was delivered at {at}, and cannot be called back",
    State.CANCELLED: "was cancelled at {at} already",
}
_HELD = "is {state} already, and held until {endpoint} is enabled"
_MOVED = "has become {state} meanwhile; try once more"

# What stands in a set of deliveries. By primary key.
_STANDING = (
    select(
        deliveries.c.id,
        deliveries.c.created_at,
        deliveries.c.state,
        deliveries.c.due_at,
        deliveries.c.settled_at,
        deliveries.c.endpoint_id,
        HAS_LEFT.label("has_left"),
    )
    .where(deliveries.c.id.in_(values_of(many("of_ids"))))
    .order_by(deliveries.c.id)
)


def refusals(db: Connection, keys: Sequence[int], sentences: Sentences, *, installation: int) -> list[Conflict]:
    """One for each of *keys*, which stayed as they were."""
    return [
        Conflict(_sentence(row, sentences), where=delivery_uuid(installation, row.id, row.created_at))
        for row in db.execute(_STANDING, {"of_ids": list(keys)})
    ]


def _sentence(row: Any, sentences: Sentences) -> str:
    state = State(row.state)
    held = state in {State.PENDING, State.RETRYING} and row.due_at is None
    said = _HELD if held else sentences.get(state, _MOVED)
    said = _LEFT if said == _REPLACED and row.has_left else said
    at = rfc3339(row.settled_at) if row.settled_at is not None else "an unknown time"
    return said.format(state=state.value, at=at, endpoint=shown_id(row.endpoint_id))

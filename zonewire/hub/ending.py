"""Subscriptions that end otherwise than by their subscriber's word: each is told why (WebSub §5.2)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select

from zonewire.delivery import owing
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict
from zonewire.hub.active import IS_ACTIVE
from zonewire.hub.intents import end
from zonewire.hub.looking import key_of
from zonewire.store import many, values_of
from zonewire.store.tables import endpoints, feeds, hub_requests, hub_subscriptions

EXPIRED = "its lease ran out"
FEED_GONE = "the feed is no longer there"
BY_OPERATOR = "ended by the hub's operator"

_ACTIVE = select(
    hub_subscriptions.c.id,
    hub_subscriptions.c.endpoint_id,
    hub_subscriptions.c.delivery_id,
    hub_subscriptions.c.outside,
).where(IS_ACTIVE)
# Those whose lease is over. By the index `lease_until`.
_OVER = (
    _ACTIVE.where(hub_subscriptions.c.lease_until <= bindparam("moment"))
    .order_by(hub_subscriptions.c.lease_until)
    .limit(bindparam("most"))
    .with_for_update()
)
# Those whose feed the catalogue has no longer. Reads all of them: once in a process.
_WITHOUT_FEED = (
    _ACTIVE.where(~select(feeds.c.id).where(feeds.c.id == hub_subscriptions.c.feed_id).exists())
    .order_by(hub_subscriptions.c.id)
    .with_for_update()
)
_ONE = select(
    hub_subscriptions.c.id,
    hub_subscriptions.c.endpoint_id,
    hub_subscriptions.c.delivery_id,
    hub_subscriptions.c.state,
    hub_subscriptions.c.outside,
).where(hub_subscriptions.c.id == bindparam("of_id"))
_FORGET = hub_subscriptions.delete().where(
    hub_subscriptions.c.id.in_(
        select(hub_subscriptions.c.id)
        .where(
            literal_column("state") == literal_column("'ended'"),
            hub_subscriptions.c.state_at < bindparam("before"),
        )
        .limit(bindparam("most"))
    )
)
_FORGET_REQUESTS = (
    hub_requests.delete()
    .where(
        hub_requests.c.id.in_(
            select(hub_requests.c.id)
            .where(hub_requests.c.state_at < bindparam("before"), hub_requests.c.state != "pending")
            .limit(bindparam("most"))
        )
    )
    .returning(hub_requests.c.endpoint_id)
)
# Callbacks that nothing is known of any more: anybody may invent them.
_FORGET_CALLBACKS = endpoints.delete().where(
    endpoints.c.id.in_(values_of(many("endpoint_ids"))),
    endpoints.c.created_at < bindparam("before"),
    ~select(hub_requests.c.id).where(hub_requests.c.endpoint_id == endpoints.c.id).exists(),
    ~select(hub_subscriptions.c.id).where(hub_subscriptions.c.endpoint_id == endpoints.c.id).exists(),
)


def expire(db: Connection, most: int, now: int) -> int:
    """End up to *most* subscriptions whose time is over, and tell their callbacks; how many."""
    rows = db.execute(_OVER, {"moment": now, "most": most}).all()
    _end_and_tell(db, rows, why=EXPIRED, now=now)
    return len(rows)


def end_without_feed(db: Connection, *, now: int) -> int:
    """End the subscriptions to feeds that the catalogue has no longer, and tell their callbacks; how many."""
    rows = db.execute(_WITHOUT_FEED).all()
    _end_and_tell(db, rows, why=FEED_GONE, now=now)
    return len(rows)


def _end_and_tell(db: Connection, rows: Sequence[Any], *, why: str, now: int) -> None:
    end(db, rows, why=why, now=now)
    owing.owe_for(db, Kind.DENIAL, {row.id: row.endpoint_id for row in rows if not row.outside}, now=now)


def end_by_operator(db: Connection, shown: str, *, why: str, now: int) -> None:
    """End one, and tell its callback *why*. Raises NotFound, and Conflict where it is over already."""
    key = key_of(db, shown)
    row = db.execute(_ONE, {"of_id": key}).one()
    if row.state != "active" or row.outside:
        over = "another's hub, which the catalogue names" if row.outside else "over already"
        raise Conflict(f"{shown} is {over}", mend="`zonewire hub list` shows what there is.")
    _end_and_tell(db, [row], why=why or BY_OPERATOR, now=now)


def forget(db: Connection, most: int, before: int) -> int:
    """Forget up to *most* requests, and as many subscriptions, that were over *before*; how many in all.

    And callbacks of which nothing is left.
    """
    parameters = {"before": before, "most": most}
    ended = db.execute(_FORGET, parameters).rowcount
    callbacks = db.execute(_FORGET_REQUESTS, parameters).scalars().all()
    if callbacks:
        db.execute(_FORGET_CALLBACKS, {"endpoint_ids": sorted(set(callbacks)), "before": before})
    return ended + len(callbacks)

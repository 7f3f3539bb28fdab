"""Subscriptions that end otherwise than by their subscriber's word: each is told why (WebSub §5.2)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, or_, select, update

from zonewire.delivery import counts, owing
from zonewire.delivery.counts import Moves
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict
from zonewire.hub.asking import PENDING, UNDECIDED
from zonewire.hub.intents import end
from zonewire.hub.looking import key_of
from zonewire.hub.which import IS_ACTIVE
from zonewire.store import SECOND, many, values_of
from zonewire.store.tables import endpoints, feeds, hub_requests, hub_subscriptions

DAY = 24 * 3600 * SECOND
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
_FORGET = (
    hub_subscriptions.delete()
    .where(
        hub_subscriptions.c.id.in_(
            select(hub_subscriptions.c.id)
            .where(
                literal_column("state") == literal_column("'ended'"),
                hub_subscriptions.c.state_at < bindparam("before"),
            )
            .limit(bindparam("most"))
        )
    )
    .returning(hub_subscriptions.c.endpoint_id)
)
# Requests that came true are kept as long as deliveries; anybody may write the others down, and they go after a day.
_FORGET_REQUESTS = (
    hub_requests.delete()
    .where(
        hub_requests.c.id.in_(
            select(hub_requests.c.id)
            .where(
                hub_requests.c.state_at < bindparam("a_day_ago"),
                hub_requests.c.state != PENDING,
                or_(hub_requests.c.state != "verified", hub_requests.c.state_at < bindparam("before")),
            )
            .order_by(hub_requests.c.state_at)
            .limit(bindparam("most"))
        )
    )
    .returning(hub_requests.c.endpoint_id, hub_requests.c.delivery_id, hub_requests.c.state)
)
_UNDECIDED = (
    update(hub_requests)
    .where(hub_requests.c.state == PENDING, hub_requests.c.state_at < bindparam("before"))
    .values(state="refused", reason="the callback was not asked, or did not answer", state_at=bindparam("moment"))
)
# Callbacks that nothing is known of any more: anybody may invent them.
_FORGET_CALLBACKS = endpoints.delete().where(
    endpoints.c.id.in_(values_of(many("endpoint_ids"))),
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
    moves: Moves = Counter()
    end(db, rows, why=why, now=now, moves=moves)
    told = {row.id: row.endpoint_id for row in rows if not row.outside}
    owing.owe_for(db, Kind.DENIAL, told, now=now, moves=moves)
    counts.record(db, moves)


def end_by_operator(db: Connection, shown: str, *, why: str, now: int) -> None:
    """End one, and tell its callback *why*. Raises NotFound, and Conflict where it is over already."""
    key = key_of(db, shown)
    row = db.execute(_ONE, {"of_id": key}).one()
    if row.state != "active" or row.outside:
        over = "another's hub, which the catalogue names" if row.outside else "over already"
        raise Conflict(f"{shown} is {over}", mend="`zonewire hub list` shows what there is.")
    _end_and_tell(db, [row], why=why or BY_OPERATOR, now=now)


def decide_overdue(db: Connection, now: int) -> int:
    """Refuse requests that nobody decides any more: their question was cancelled, or lost its feed. How many."""
    return db.execute(_UNDECIDED, {"before": now - UNDECIDED, "moment": now}).rowcount


def forget(db: Connection, most: int, before: int, now: int) -> int:
    """Forget up to *most* requests, and as many subscriptions, that were over *before*; how many in all.

    Requests that came to nothing go after a day, with what was asked and answered; so do callbacks that nothing is left
    of.
    """
    parameters = {"before": before, "a_day_ago": now - DAY, "most": most}
    ended = list(db.execute(_FORGET, parameters).scalars())
    requests = db.execute(_FORGET_REQUESTS, parameters).all()
    owing.forget(db, [row.delivery_id for row in requests if row.delivery_id and row.state != "verified"])
    callbacks = {*ended, *(row.endpoint_id for row in requests)}
    if callbacks:
        db.execute(_FORGET_CALLBACKS, {"endpoint_ids": sorted(callbacks)})
    return len(ended) + len(requests)

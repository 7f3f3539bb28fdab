"""Subscriptions that end otherwise than by their subscriber's word: each is told why (WebSub §5.2)."""

from sqlalchemy import Connection, bindparam, or_, select

from zonewire.delivery import owing
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict
from zonewire.hub.asking import FORGET_REQUESTS
from zonewire.hub.intents import end
from zonewire.hub.looking import key_of
from zonewire.store.tables import feeds, hub_subscriptions

EXPIRED = "its lease ran out"
FEED_GONE = "the feed is no longer there"
BY_OPERATOR = "ended by the hub's operator"

# Active subscriptions whose lease is over, or whose feed the catalogue has no longer.
_OVER = (
    select(
        hub_subscriptions.c.id,
        hub_subscriptions.c.endpoint_id,
        hub_subscriptions.c.delivery_id,
        hub_subscriptions.c.outside,
        feeds.c.id.label("feed"),
    )
    .join(feeds, feeds.c.id == hub_subscriptions.c.feed_id, isouter=True)
    .where(
        hub_subscriptions.c.state == "active",
        or_(hub_subscriptions.c.lease_until <= bindparam("moment"), feeds.c.id.is_(None)),
    )
    .order_by(hub_subscriptions.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=hub_subscriptions)
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
        .where(hub_subscriptions.c.state == "ended", hub_subscriptions.c.state_at < bindparam("before"))
        .limit(bindparam("most"))
    )
)


def expire(db: Connection, most: int, now: int) -> int:
    """End up to *most* subscriptions whose time or feed is over, and tell their callbacks; how many."""
    rows = db.execute(_OVER, {"moment": now, "most": most}).all()
    for why in (EXPIRED, FEED_GONE):
        some = [row for row in rows if (row.feed is None) == (why == FEED_GONE)]
        end(db, some, why=why, now=now)
        owing.owe_for(db, Kind.DENIAL, {row.id: row.endpoint_id for row in some if not row.outside}, now=now)
    return len(rows)


def end_by_operator(db: Connection, shown: str, *, why: str, now: int) -> None:
    """End one, and tell its callback *why*. Raises NotFound, and Conflict where it is over already."""
    key = key_of(db, shown)
    row = db.execute(_ONE, {"of_id": key}).one()
    if row.state != "active" or row.outside:
        over = "another's hub, which the catalogue names" if row.outside else "over already"
        raise Conflict(f"{shown} is {over}", mend="`zonewire hub list` shows what there is.")
    end(db, [row], why=why or BY_OPERATOR, now=now)
    owing.owe_for(db, Kind.DENIAL, {row.id: row.endpoint_id}, now=now)


def forget(db: Connection, most: int, before: int) -> int:
    """Forget up to *most* requests, and as many subscriptions, that were over *before*; how many in all."""
    parameters = {"before": before, "most": most}
    return db.execute(FORGET_REQUESTS, parameters).rowcount + db.execute(_FORGET, parameters).rowcount

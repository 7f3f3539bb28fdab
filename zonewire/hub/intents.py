"""What callbacks have answered: requests come true, notices are noted, and who says 410 is told nothing more.

Part of the transaction that settles the tries themselves, so that a subscription changes exactly when its verification
is written down as delivered.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, select, update

from zonewire.delivery import owing
from zonewire.delivery.counts import Moves
from zonewire.delivery.ledger import Settlement
from zonewire.delivery.outcomes import Delivered, Never
from zonewire.delivery.states import Kind, State
from zonewire.hub.asking import PENDING, SUBSCRIBE
from zonewire.hub.which import IS_ACTIVE, IS_THAT
from zonewire.store import SECOND, insert, many, values_of
from zonewire.store.tables import deliveries, feeds, hub_outbox, hub_requests, hub_subscriptions

log = structlog.get_logger()

UNSUBSCRIBED = "unsubscribed"
GONE = "the callback said that it is gone (HTTP 410)"

_PENDING = (
    select(hub_requests)
    .where(hub_requests.c.id.in_(values_of(many("request_ids"))), hub_requests.c.state == PENDING)
    .order_by(hub_requests.c.feed_id, hub_requests.c.id)  # feeds are locked in this order
    .with_for_update()
)
_DECIDE = (
    update(hub_requests)
    .where(hub_requests.c.id == bindparam("request_id"))
    .values(state=bindparam("to_state"), reason=bindparam("why"), state_at=bindparam("moment"))
)
_begin = insert(hub_subscriptions)
_BEGIN = _begin.on_conflict_do_update(
    index_elements=[hub_subscriptions.c.endpoint_id, hub_subscriptions.c.feed_id, hub_subscriptions.c.format],
    set_={
        name: _begin.excluded[name]
        for name in ("state", "reason", "secret", "lease_until", "requested_by", "state_at", "outside")
    }
    # A renewal goes on where it was; who had ended begins with what is new since it asked.
    | {"noticed": hub_subscriptions.c.noticed},
)
_BEGIN_ANEW = update(hub_subscriptions).where(IS_THAT, ~IS_ACTIVE).values(noticed=bindparam("tag"))
# Whoever publishes the feed just now holds its row: its documents are there before we look whether they are news, or it
# sees the new subscription.
_FEED = select(feeds.c.id).where(feeds.c.id == bindparam("feed_id")).with_for_update()
_look = insert(hub_outbox)
_LOOK = _look.on_conflict_do_update(
    index_elements=[hub_outbox.c.feed_id], set_={"cursor": 0, "again_at": None, "due_at": _look.excluded.due_at}
)
_ENDING = select(hub_subscriptions.c.id, hub_subscriptions.c.delivery_id).with_for_update()
_THAT = _ENDING.where(IS_THAT, IS_ACTIVE)
_AT = _ENDING.where(
    hub_subscriptions.c.endpoint_id.in_(values_of(many("endpoint_ids"))),
    IS_ACTIVE,
    ~hub_subscriptions.c.outside,
).order_by(hub_subscriptions.c.id)
_END = (
    update(hub_subscriptions)
    .where(hub_subscriptions.c.id.in_(values_of(many("ended_ids"))), IS_ACTIVE)
    .values(state="ended", reason=bindparam("why"), state_at=bindparam("moment"))
)
_NOTICED = (
    update(hub_subscriptions).where(hub_subscriptions.c.id == bindparam("noticed_id")).values(noticed=bindparam("tag"))
)
_BURIED = select(deliveries.c.subscription_id).where(
    deliveries.c.id.in_(values_of(many("of_ids"))), deliveries.c.state == State.DEAD
)


def follow(db: Connection, settlements: Sequence[Settlement], *, now: int, moves: Moves) -> None:
    """Draw the consequences of how tries of the hub's deliveries ended; call it when they are settled.

    *moves* takes the counts of what it cancels, for its caller to record.
    """
    ours = [s for s in settlements if s.row.channel == "websub"]
    if not ours:
        return
    questions = [s for s in ours if s.row.kind == Kind.VERIFICATION]
    if questions:
        _decide(db, questions, now=now, moves=moves)
    told = [
        {"noticed_id": s.row.subscription_id, "tag": s.note}
        for s in ours
        if s.row.kind == Kind.NOTICE and isinstance(s.outcome, Delivered)
    ]
    if told:
        db.execute(_NOTICED, sorted(told, key=lambda one: one["noticed_id"] or 0))
    gone = [s.row.endpoint_id for s in ours if isinstance(s.outcome, Never) and s.outcome.close_endpoint]
    if gone:
        end(db, list(db.execute(_AT, {"endpoint_ids": gone}).all()), why=GONE, now=now, moves=moves)


def end(db: Connection, rows: Sequence[Any], *, why: str, now: int, moves: Moves) -> None:
    """End subscriptions (`id`, `delivery_id`), and cancel the notices that they wait for."""
    if not rows:
        return
    owing.cancel(db, [row.delivery_id for row in rows if row.delivery_id], why=why, now=now, moves=moves)
    db.execute(_END, {"ended_ids": [row.id for row in rows], "why": why, "moment": now})
    for row in rows:
        log.info("hub.ended", hub_subscription_id=f"h{row.id}", reason=why)


def _decide(db: Connection, questions: Sequence[Settlement], *, now: int, moves: Moves) -> None:
    """Requests whose callback has echoed its challenge come true; those whose tries are over are refused."""
    buried = set(db.execute(_BURIED, {"of_ids": [s.row.id for s in questions]}).scalars())
    echoed = {s.row.subscription_id for s in questions if isinstance(s.outcome, Delivered)}
    why = {s.row.subscription_id: getattr(s.outcome, "error", "") for s in questions}
    wanted = [ident for ident in echoed | buried if ident is not None]
    for row in db.execute(_PENDING, {"request_ids": wanted}).all():
        is_meant = row.id in echoed
        if is_meant:
            _come_true(db, row, now=now, moves=moves)
        state, reason = ("verified", None) if is_meant else ("refused", why.get(row.id) or "no answer")
        db.execute(_DECIDE, {"request_id": row.id, "to_state": state, "why": reason, "moment": now})
        told = "hub.verified" if is_meant else "hub.refused"
        log.info(told, hub_request_id=row.id, mode=row.mode, endpoint_id=f"e{row.endpoint_id}", reason=reason)


def _come_true(db: Connection, row: Any, *, now: int, moves: Moves) -> None:
    """A subscription begins, goes on or ends. Locks in the order of all: feed, outbox, subscription, deliveries."""
    that = {"of_endpoint": row.endpoint_id, "of_feed": row.feed_id, "of_format": row.format}
    if row.mode != SUBSCRIBE:
        end(db, list(db.execute(_THAT, that).all()), why=UNSUBSCRIBED, now=now, moves=moves)
        return
    if db.execute(_FEED, {"feed_id": row.feed_id}).first() is None:
        return  # the catalogue has dropped it since; upkeep ends what there was
    if db.execute(_THAT, that).first() is None:
        db.execute(_LOOK, {"feed_id": row.feed_id, "due_at": now})
    db.execute(_BEGIN_ANEW, that | {"tag": row.tag})
    db.execute(
        _BEGIN,
        {
            "endpoint_id": row.endpoint_id,
            "feed_id": row.feed_id,
            "feed": row.feed,
            "format": row.format,
            "outside": False,
            "state": "active",
            "reason": None,
            "secret": row.secret,
            "lease_until": now + row.lease_s * SECOND,
            "requested_by": row.requested_by,
            "noticed": row.tag,
            "created_at": now,
            "state_at": now,
        },
    )

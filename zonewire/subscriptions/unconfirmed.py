"""Forgetting what nobody has confirmed: a stranger may have typed any address, and any words.

A subscription that was never anything else goes, with what was agreed to and the mails that asked; so do its endpoint
and its subscriber where nothing else is theirs. One that had ended and was asked for again ends again. Links to what is
gone open nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, literal_column, or_, select, update

from zonewire.delivery import counts, owing
from zonewire.delivery.counts import Moves
from zonewire.delivery.enabling import IS_OFF_BY_ITSELF
from zonewire.store import SECOND, is_postgresql, many, values_of
from zonewire.store.tables import (
    alarm_receivers,
    consents,
    deliveries,
    endpoints,
    private_feeds,
    subscribers,
    subscriptions,
)

WAITS_FOR = 30 * 86_400 * SECOND
"""A subscription that its reader has not confirmed so long after it was asked for last is forgotten."""
WHY = "its reader never confirmed"

_IDS = values_of(many("of_ids"))
_ASKED_SINCE = exists().where(
    consents.c.subscription_id == subscriptions.c.id, consents.c.given_at >= bindparam("before")
)
_IS_BEING_SENT = exists().where(
    literal_column("deliveries.state") == literal_column("'sending'"),
    deliveries.c.endpoint_id == subscriptions.c.endpoint_id,
)
# Those that were asked for first, by the partial index; nobody else has hold of them, of their endpoints (whoever
# subscribes there has: delivery/endpoints.py) or of their subscribers.
_OVERDUE = (
    select(
        subscriptions.c.id,
        subscriptions.c.endpoint_id,
        subscriptions.c.subscriber_id,
        (subscriptions.c.created_at == subscriptions.c.state_at).label("is_new"),
    )
    .join(endpoints, endpoints.c.id == subscriptions.c.endpoint_id)
    .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    .where(
        literal_column("subscriptions.state") == literal_column("'unconfirmed'"),
        subscriptions.c.state_at < bindparam("before"),
        ~_ASKED_SINCE,
        ~_IS_BEING_SENT,
    )
    .order_by(subscriptions.c.state_at)
    .limit(bindparam("most"))
    .with_for_update(of=[subscriptions, endpoints, subscribers], skip_locked=True)
)
# SQLite gives the highest key again once its row is gone, and links name keys: the newest stay until others come.
_IS_NOT_NEWEST: tuple[ColumnElement[bool], ...] = (
    subscriptions.c.id < select(func.max(subscriptions.alias("any").c.id)).scalar_subquery(),
    endpoints.c.id < select(func.max(endpoints.alias("any_place").c.id)).scalar_subquery(),
)
_OVERDUE_ON_SQLITE = _OVERDUE.where(*_IS_NOT_NEWEST)
# What came after the look above and before its locks.
_ASKED_MEANWHILE = select(consents.c.subscription_id).where(
    consents.c.subscription_id.in_(_IDS), consents.c.given_at >= bindparam("before")
)
# The mails that asked, by the partial index on readers' deliveries.
_MAILS = (
    select(deliveries.c.id, deliveries.c.subscription_id, deliveries.c.state)
    .where(
        literal_column("deliveries.kind").in_([literal_column("'digest'"), literal_column("'confirmation'")]),
        deliveries.c.kind == "confirmation",
        deliveries.c.subscription_id.in_(_IDS),
    )
    .with_for_update()
)
_FORGET_CONSENTS = delete(consents).where(consents.c.subscription_id.in_(_IDS))
_FORGET_FEEDS = delete(private_feeds).where(private_feeds.c.subscription_id.in_(_IDS))
_FORGET = delete(subscriptions).where(subscriptions.c.id.in_(_IDS))
_FORGET_NEW_CONSENTS = delete(consents).where(
    consents.c.subscription_id.in_(_IDS),
    consents.c.given_at
    >= select(subscriptions.c.state_at).where(subscriptions.c.id == consents.c.subscription_id).scalar_subquery(),
)
_END = (
    update(subscriptions)
    .where(subscriptions.c.id.in_(_IDS), subscriptions.c.state == "unconfirmed")
    .values(state="ended", next_at=None, state_at=bindparam("moment"))
)
# Endpoints where nothing leads any more. One that an operator turned off stays: else whoever asks would turn it on.
_EMPTY_PLACES = select(endpoints.c.id).where(
    endpoints.c.id.in_(_IDS),
    endpoints.c.channel == "email",
    or_(endpoints.c.state != "disabled", IS_OFF_BY_ITSELF),
    ~exists().where(subscriptions.c.endpoint_id == endpoints.c.id),
    ~exists().where(alarm_receivers.c.endpoint_id == endpoints.c.id),
)
_FORGET_PLACES = delete(endpoints).where(endpoints.c.id.in_(_IDS))
_FORGET_PEOPLE = delete(subscribers).where(
    subscribers.c.id.in_(_IDS),
    subscribers.c.address_mark.is_(None),  # who is being erased stays known by a mark
    ~exists().where(endpoints.c.subscriber_id == subscribers.c.id),
    ~exists().where(subscriptions.c.subscriber_id == subscribers.c.id),
)


def forget_unconfirmed(db: Connection, most: int, now: int) -> int:
    """Forget up to *most* that were asked for more than WAITS_FOR ago; how many were looked at."""
    limits = {"before": now - WAITS_FOR, "most": most}
    overdue = db.execute(_OVERDUE if is_postgresql(db) else _OVERDUE_ON_SQLITE, limits).all()
    if not overdue:
        return 0
    ids = {"of_ids": [row.id for row in overdue]}
    mails = db.execute(_MAILS, ids).all()
    spared = {mail.subscription_id for mail in mails if mail.state == "sending"}
    spared |= set(db.execute(_ASKED_MEANWHILE, ids | {"before": limits["before"]}).scalars())
    moves: Moves = Counter()
    _forget([row for row in overdue if row.is_new and row.id not in spared], mails, now=now, db=db, moves=moves)
    _end([row.id for row in overdue if not row.is_new and row.id not in spared], mails, now=now, db=db, moves=moves)
    counts.record(db, moves)
    return len(overdue)


def _forget(gone: Sequence[Any], mails: Sequence[Any], *, now: int, db: Connection, moves: Moves) -> None:
    ids = {"of_ids": [row.id for row in gone]}
    theirs = _cancel(ids["of_ids"], mails, now=now, db=db, moves=moves)
    owing.forget(db, theirs, moves=moves)
    for statement in (_FORGET_CONSENTS, _FORGET_FEEDS, _FORGET):
        db.execute(statement, ids)
    places = db.execute(_EMPTY_PLACES, {"of_ids": [row.endpoint_id for row in gone]}).scalars().all()
    owing.cancel(db, owing.open_at(db, places), why=WHY, now=now, moves=moves)  # a test message
    db.execute(_FORGET_PLACES, {"of_ids": list(places)})
    db.execute(_FORGET_PEOPLE, {"of_ids": [row.subscriber_id for row in gone]})


def _end(again: Sequence[int], mails: Sequence[Any], *, now: int, db: Connection, moves: Moves) -> None:
    """What had been more than a wish ends as it had before, and nothing of the new wish stays."""
    _cancel(again, mails, now=now, db=db, moves=moves)
    db.execute(_FORGET_NEW_CONSENTS, {"of_ids": list(again)})
    db.execute(_END, {"of_ids": list(again), "moment": now})


def _cancel(ids: Sequence[int], mails: Sequence[Any], *, now: int, db: Connection, moves: Moves) -> list[int]:
    """Cancel those of *mails* that are open still and ask for *ids*; all that do."""
    theirs = [mail for mail in mails if mail.subscription_id in set(ids)]
    still_open = [mail.id for mail in theirs if mail.state in {"pending", "retrying"}]
    owing.cancel(db, still_open, why=WHY, now=now, moves=moves)
    return [mail.id for mail in theirs]

"""Telling subscribers of a change: a row that was written with the documents becomes a notice for each of them.

A notice is built of the present document when it is claimed, so one that waits carries whatever is newest by then, and
no second one is made beside it. One that is under way is waited for: its row stays until all have what is newest.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, func, or_, select, update

from zonewire.articles.origins import FEW, events_of
from zonewire.delivery import counts, owing
from zonewire.delivery.counts import Moves
from zonewire.delivery.states import Kind, State
from zonewire.errors import ZonewireError
from zonewire.feeds import Format
from zonewire.hub.which import IS_ACTIVE
from zonewire.store import SECOND, Store, insert, many, values_of
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, documents, feed_entries, feeds, hub_outbox, hub_subscriptions

log = structlog.get_logger()

PATIENCE, MOST_PATIENCE = 5 * SECOND, 60 * SECOND
"""For each try that failed so long, and no longer in all, news waits behind it: the callback may be there again."""
AGAIN_AFTER = SECOND // 4
"""So long it takes until who is being told just now is looked at again."""

FEEDS_AT_ONCE = 50

_ANY = select(hub_outbox.c.feed_id).where(hub_outbox.c.due_at <= bindparam("moment")).limit(1)
_NEXT = (
    select(hub_outbox)
    .where(hub_outbox.c.due_at <= bindparam("moment"))
    .order_by(hub_outbox.c.due_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_MOVE_ON = (
    update(hub_outbox)
    .where(hub_outbox.c.feed_id == bindparam("of_feed"))
    .values(
        cursor=bindparam("to_cursor"),
        again_at=bindparam("look_again", type_=hub_outbox.c.again_at.type),
        due_at=bindparam("next_at"),
    )
)
_DONE = hub_outbox.delete().where(hub_outbox.c.feed_id == bindparam("of_feed"))

# Some feeds by name, each with the version that it has taken in last, by the index on feed and number.
_NEWEST = select(func.max(feed_entries.c.number)).where(feed_entries.c.feed_id == feeds.c.id)
_NEWEST_IN = select(feeds.c.name, _NEWEST.scalar_subquery().label("number")).where(
    feeds.c.id.in_(values_of(many("feed_ids")))
)

_NAME = select(feeds.c.name).where(feeds.c.id == bindparam("of_feed"))

# The next subscriptions to a feed, with what each waits for. By the index `active`, then primary keys.
_SUBSCRIBED = (
    select(
        hub_subscriptions.c.id,
        hub_subscriptions.c.endpoint_id,
        hub_subscriptions.c.noticed,
        hub_subscriptions.c.delivery_id,
        documents.c.etag,
        deliveries.c.state,
        deliveries.c.attempts,
        deliveries.c.settled_at,
    )
    .join(
        documents,
        (documents.c.feed_id == hub_subscriptions.c.feed_id) & (documents.c.format == hub_subscriptions.c.format),
    )
    .join(deliveries, deliveries.c.id == hub_subscriptions.c.delivery_id, isouter=True)
    .where(
        hub_subscriptions.c.feed_id == bindparam("of_feed"),
        IS_ACTIVE,
        hub_subscriptions.c.id > bindparam("after"),
        or_(hub_subscriptions.c.lease_until.is_(None), hub_subscriptions.c.lease_until > bindparam("moment")),
    )
    .order_by(hub_subscriptions.c.id)
    .limit(bindparam("most"))
)
_OWED = (
    update(hub_subscriptions)
    .where(hub_subscriptions.c.id == bindparam("of_id"))
    .values(delivery_id=bindparam("owed_as"))
)
_begin = insert(hub_subscriptions)
_TELL_OUTSIDE = _begin.on_conflict_do_update(
    index_elements=[hub_subscriptions.c.endpoint_id, hub_subscriptions.c.feed_id, hub_subscriptions.c.format],
    set_={
        "outside": True,
        "state": "active",
        "reason": None,
        "lease_until": None,
        "state_at": _begin.excluded.state_at,
    },
    where=or_(hub_subscriptions.c.state != "active", ~hub_subscriptions.c.outside),
)
_NO_LONGER_OUTSIDE = (
    update(hub_subscriptions)
    .where(
        hub_subscriptions.c.feed_id == bindparam("of_feed"),
        IS_ACTIVE,
        hub_subscriptions.c.outside,
        hub_subscriptions.c.endpoint_id.not_in(values_of(many("outside_ids"))),
    )
    .values(state="ended", reason="the catalogue names this hub no longer", state_at=bindparam("moment"))
)


@dataclass(slots=True)
class _Batch:
    """What a look at some subscriptions found."""

    fresh: dict[int, int] = field(default_factory=dict)  # endpoints by subscription, to which a notice is owed anew
    hastened: dict[int, list[int]] = field(default_factory=dict)  # notices that wait for a retry, by their patience
    again_at: int | None = None  # when somebody has to be looked at once more


def tell_subscribers(store: Store, pace: Pace, *, outside: Sequence[int] = (), budget_s: float = 0.5) -> int:
    """Owe notices for every feed whose documents have changed, for about *budget_s*; how many.

    *outside* are the endpoints of other hubs, each told that a topic has changed.
    """
    deadline, owed, told = time.monotonic() + budget_s, 0, set[int]()
    while time.monotonic() < deadline:
        with store.reading() as db:  # an idle lane writes nothing
            if db.execute(_ANY, {"moment": clock(db)}).first() is None:
                break
        with pace.transaction(store.writing) as (db, most):
            made, feed_ids = _tell_many(db, outside=outside, most=most, now=clock(db))
            owed, told = owed + made, told | feed_ids
    if owed:
        _log(store, owed, sorted(told))
    return owed


def _log(store: Store, owed: int, feed_ids: Sequence[int]) -> None:
    """How many notices are owed, the feeds they are of, and the event that each of these has heard of last."""
    found: Sequence[Any] = []
    with suppress(ZonewireError), store.reading() as db:
        found = db.execute(_NEWEST_IN, {"feed_ids": feed_ids[:FEW]}).all()
    events = events_of(store, sorted({row.number for row in found if row.number is not None}, reverse=True))
    log.info("hub.notices_owed", deliveries=owed, feeds=[row.name for row in found], event_ids=events)


def _tell_many(db: Connection, *, outside: Sequence[int], most: int, now: int) -> tuple[int, set[int]]:
    """Feed after feed, until *most* subscriptions were looked at; how many notices are new, and of which feeds."""
    moves: Moves = Counter()
    owed, left, told = 0, most, set[int]()
    for _ in range(FEEDS_AT_ONCE):
        feed_id, seen, made = _tell_some(db, outside=outside, most=left, now=now, moves=moves)
        owed, left = owed + made, left - max(seen, 1)
        told |= {feed_id} if made else set()
        if not feed_id or left <= 0:
            break
    counts.record(db, moves)
    return owed, told


def _tell_some(db: Connection, *, outside: Sequence[int], most: int, now: int, moves: Moves) -> tuple[int, int, int]:
    """The next *most* subscriptions of the feed that has waited longest; how many there were, and new notices.

    The feed is 0 where none waits.
    """
    row = db.execute(_NEXT, {"moment": now}).first()
    if row is None:
        return 0, 0, 0
    if row.cursor == 0:
        _know_outside(db, row.feed_id, outside, now=now)
    parameters = {"of_feed": row.feed_id, "after": row.cursor, "moment": now, "most": most}
    found = db.execute(_SUBSCRIBED, parameters).all()
    batch = _looked_at(found, now=now)
    owed = owing.owe_for(db, Kind.NOTICE, batch.fresh, now=now, moves=moves)
    if owed:
        db.execute(_OWED, [{"of_id": ident, "owed_as": key} for ident, key in sorted(owed.items())])
    for patience, keys in batch.hastened.items():
        owing.hasten(db, keys, by=now + patience)
    again_at = min((at for at in (row.again_at, batch.again_at) if at is not None), default=None)
    if len(found) == most:
        place = {"to_cursor": found[-1].id, "look_again": again_at, "next_at": now}
        db.execute(_MOVE_ON, {"of_feed": row.feed_id, **place})
    elif again_at is not None:
        place = {"to_cursor": 0, "look_again": None, "next_at": again_at}
        db.execute(_MOVE_ON, {"of_feed": row.feed_id, **place})
    else:
        db.execute(_DONE, {"of_feed": row.feed_id})
    return row.feed_id, len(found), len(owed)


def _looked_at(found: Sequence[Any], *, now: int) -> _Batch:
    batch, again = _Batch(), list[int]()
    for row in found:
        if row.noticed == row.etag:
            continue
        match row.state:
            case State.SENDING:
                again.append(now + AGAIN_AFTER)  # nobody knows yet which document that one will have taken
            case State.PENDING:
                pass  # it will carry what is newest when its turn comes
            case State.RETRYING:
                batch.hastened.setdefault(_patience(row), []).append(row.delivery_id)
            case State.DEAD if row.settled_at + _patience(row) > now:
                again.append(row.settled_at + _patience(row))  # its tries have only just run out
            case _:
                batch.fresh[row.id] = row.endpoint_id
    batch.again_at = min(again, default=None)
    return batch


def _patience(row: Any) -> int:
    return min(PATIENCE * max(1, int(row.attempts)), MOST_PATIENCE)


def _know_outside(db: Connection, feed_id: int, outside: Sequence[int], *, now: int) -> None:
    """The hubs that the catalogue names are told of every format of the feed, and no others."""
    name = db.execute(_NAME, {"of_feed": feed_id}).scalar() if outside else None
    rows = [
        {"endpoint_id": endpoint, "feed_id": feed_id, "feed": name, "format": form, "outside": True, "state": "active"}
        | {"created_at": now, "state_at": now}
        for endpoint in sorted(outside)
        for form in Format
        if name is not None
    ]
    if rows:
        db.execute(_TELL_OUTSIDE, rows)
    db.execute(_NO_LONGER_OUTSIDE, {"of_feed": feed_id, "outside_ids": list(outside), "moment": now})

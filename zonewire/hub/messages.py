"""What the hub's deliveries carry, as things stand when they are claimed. Only reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, select

from zonewire.delivery.ledger import Claimed
from zonewire.delivery.messages import IntentMessage, Message, NoticeMessage, PingMessage
from zonewire.delivery.states import Kind
from zonewire.feeds import Format, content_type
from zonewire.feeds.pressing import opened
from zonewire.hub.asking import SUBSCRIBE
from zonewire.hub.topics import topic_url
from zonewire.keys import KeyRing
from zonewire.store import many, values_of
from zonewire.store.tables import documents, feeds, hub_requests, hub_subscriptions

DENIED = "denied"

_SUBSCRIBED = (
    select(
        hub_subscriptions.c.id,
        hub_subscriptions.c.feed_id,
        hub_subscriptions.c.format,
        hub_subscriptions.c.outside,
        hub_subscriptions.c.state,
        hub_subscriptions.c.reason,
        hub_subscriptions.c.secret,
        hub_subscriptions.c.lease_until,
        feeds.c.name,
    )
    .join(feeds, feeds.c.id == hub_subscriptions.c.feed_id, isouter=True)
    .where(hub_subscriptions.c.id.in_(values_of(many("of_ids"))))
)
_ASKED = (
    select(hub_requests, feeds.c.name)
    .join(feeds, feeds.c.id == hub_requests.c.feed_id)
    .where(hub_requests.c.id.in_(values_of(many("of_ids"))), hub_requests.c.state == "pending")
)
_DOCUMENTS = select(documents.c.feed_id, documents.c.format, documents.c.etag, documents.c.body).where(
    documents.c.feed_id.in_(values_of(many("feed_ids"))), documents.c.format.in_(values_of(many("formats", Text)))
)

Noted = tuple[Message, str]
"""A message, and what its settlement needs to know: the challenge that is to be heard again, the tag of a document."""


def hub_messages(
    db: Connection, rows: Sequence[Claimed], *, base_url: str, keys: KeyRing, now: int
) -> dict[int, Noted]:
    """The message of each claimed row; none for one that has nothing to say any more."""
    questions = [row for row in rows if row.kind == Kind.VERIFICATION]
    others = [row for row in rows if row.kind != Kind.VERIFICATION]
    messages = _questions(db, questions, base_url) if questions else {}
    if others:
        about = {row.id: row for row in db.execute(_SUBSCRIBED, {"of_ids": [row.subscription_id for row in others]})}
        notices = [row for row in others if row.kind == Kind.NOTICE]
        messages |= _notices(db, notices, about, base_url=base_url, keys=keys, now=now) if notices else {}
        messages |= _denials([row for row in others if row.kind == Kind.DENIAL], about, base_url)
    return messages


def _questions(db: Connection, rows: Sequence[Claimed], base_url: str) -> dict[int, Noted]:
    asked = {row.id: row for row in db.execute(_ASKED, {"of_ids": [row.subscription_id for row in rows]})}
    found: dict[int, Noted] = {}
    for row in rows:
        if (it := asked.get(row.subscription_id or 0)) is not None and it.delivery_id == row.id:
            topic = topic_url(base_url, it.name, it.format)
            lease_s = it.lease_s if it.mode == SUBSCRIBE else None
            found[row.id] = IntentMessage(it.mode, topic, challenge=it.challenge, lease_s=lease_s), it.challenge
    return found


def _denials(rows: Sequence[Claimed], about: Mapping[int, Any], base_url: str) -> dict[int, Noted]:
    found: dict[int, Noted] = {}
    for row in rows:
        it = about.get(row.subscription_id or 0)
        if it is not None and it.state == "ended":  # it may have been asked for anew meanwhile
            topic = topic_url(base_url, it.name, it.format) if it.name else f"{base_url}/feeds/"
            found[row.id] = IntentMessage(DENIED, topic, reason=it.reason or ""), ""
    return found


def _notices(
    db: Connection, rows: Sequence[Claimed], about: Mapping[int, Any], *, base_url: str, keys: KeyRing, now: int
) -> dict[int, Noted]:
    wanted = {
        "feed_ids": list({it.feed_id for it in about.values()}),
        "formats": list({it.format for it in about.values()}),
    }
    published = {(row.feed_id, row.format): row for row in db.execute(_DOCUMENTS, wanted)}
    plain: dict[tuple[int, str], bytes] = {}  # opened once, and shared by all who get it
    found: dict[int, Noted] = {}
    for row in rows:
        it = about.get(row.subscription_id or 0)
        if it is None or it.state != "active" or (it.lease_until or now) < now:
            continue
        key = it.feed_id, it.format
        if (document := published.get(key)) is None:
            continue
        topic = topic_url(base_url, it.name, it.format)
        if it.outside:
            found[row.id] = PingMessage(topic), document.etag
            continue
        body = plain.get(key) or plain.setdefault(key, opened(document.body))
        secret = keys.open(it.secret) if it.secret else None
        media_type = content_type(Format(it.format))
        found[row.id] = NoticeMessage(topic, f"{base_url}/hub", media_type, body, secret), document.etag
    return found

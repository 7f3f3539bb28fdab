"""What the hub's deliveries carry, as things stand when they are claimed. Only reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from zonewire.delivery.ledger import Claimed
from zonewire.delivery.messages import IntentMessage, Message, NoRoom, NoticeMessage, PingMessage
from zonewire.delivery.states import Kind
from zonewire.feeds import Format, content_type
from zonewire.feeds.pressing import opened
from zonewire.hub.asking import PENDING, SUBSCRIBE
from zonewire.hub.topics import topic_url
from zonewire.keys import KeyRing
from zonewire.store import many, values_of
from zonewire.store.tables import documents, hub_requests, hub_subscriptions

DENIED = "denied"

_SUBSCRIBED = select(
    hub_subscriptions.c.id,
    hub_subscriptions.c.feed_id,
    hub_subscriptions.c.format,
    hub_subscriptions.c.outside,
    hub_subscriptions.c.state,
    hub_subscriptions.c.reason,
    hub_subscriptions.c.secret,
    hub_subscriptions.c.lease_until,
    hub_subscriptions.c.feed,
).where(hub_subscriptions.c.id.in_(values_of(many("of_ids"))))
_ASKED = select(hub_requests).where(hub_requests.c.id.in_(values_of(many("of_ids"))), hub_requests.c.state == PENDING)
_DOCUMENT = select(documents.c.etag, documents.c.body).where(
    documents.c.feed_id == bindparam("of_feed"), documents.c.format == bindparam("of_format")
)
OPEN_BYTES = 32 * 1024 * 1024
"""Of different documents so much is opened for one turn of pushing; what is left has the next one."""

Noted = tuple[Message | NoRoom, str]
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
            topic = topic_url(base_url, it.feed, it.format)
            lease_s = it.lease_s if it.mode == SUBSCRIBE else None
            found[row.id] = IntentMessage(it.mode, topic, challenge=it.challenge, lease_s=lease_s), it.challenge
    return found


def _denials(rows: Sequence[Claimed], about: Mapping[int, Any], base_url: str) -> dict[int, Noted]:
    found: dict[int, Noted] = {}
    for row in rows:
        it = about.get(row.subscription_id or 0)
        if it is not None and it.state == "ended":  # it may have been asked for anew meanwhile
            topic = topic_url(base_url, it.feed, it.format)
            found[row.id] = IntentMessage(DENIED, topic, reason=it.reason or ""), ""
    return found


def _notices(
    db: Connection, rows: Sequence[Claimed], about: Mapping[int, Any], *, base_url: str, keys: KeyRing, now: int
) -> dict[int, Noted]:
    published = _Published(db)
    found: dict[int, Noted] = {}
    for row in rows:
        it = about.get(row.subscription_id or 0)
        if it is None or it.state != "active" or (it.lease_until or now) < now:
            continue
        if (document := published.get(it.feed_id, it.format)) is None:
            continue
        if isinstance(document, NoRoom):
            found[row.id] = document, ""
            continue
        tag, body = document
        topic = topic_url(base_url, it.feed, it.format)
        if it.outside:
            found[row.id] = PingMessage(topic), tag
            continue
        secret = keys.open(it.secret) if it.secret else None
        found[row.id] = NoticeMessage(topic, f"{base_url}/hub", content_type(Format(it.format)), body, secret), tag
    return found


class _Published:
    """The documents of one turn: each read and opened once and shared by all who get it, OPEN_BYTES of them at most."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._opened: dict[tuple[int, str], tuple[str, bytes] | None] = {}
        self._bytes = 0

    def get(self, feed_id: int, form: str) -> tuple[str, bytes] | NoRoom | None:
        """Tag and plain bytes; None where nothing is published."""
        key = feed_id, form
        if key in self._opened:
            return self._opened[key]
        if self._bytes > OPEN_BYTES:
            return NoRoom()
        row = self._db.execute(_DOCUMENT, {"of_feed": feed_id, "of_format": form}).one_or_none()
        found = None if row is None else (row.etag, opened(row.body))
        self._bytes += 0 if found is None else len(found[1])
        self._opened[key] = found
        return found

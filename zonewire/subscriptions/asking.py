"""What strangers ask for on our pages: a subscription, or the links to those that they have.

A mail comes of it, at most. Whoever asks is told the same whether or not the address is known, so that nobody learns
who is subscribed; only the mailbox does. How many mails one mailbox gets, and how often one
place asks, has a bound. Both functions count and then write: call them in a writing transaction.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from zonewire.delivery.addresses import Address, normalised
from zonewire.delivery.enabling import wake
from zonewire.delivery.owing import owe_service_mails
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict, TooMany
from zonewire.keys import KeyRing
from zonewire.store import SECOND, is_postgresql
from zonewire.store.tables import asks, endpoints, subscribers, subscriptions
from zonewire.subscriptions import statements
from zonewire.subscriptions.consents import Act, Consent, record
from zonewire.subscriptions.lifecycle import locked
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import Subscribed, subscribe

HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
MAILS_A_DAY = 3
"""To one mailbox, in whatever case it is written."""
ASKS_AN_HOUR = 20
"""From one network address."""

# Who asks, then whom a mail would go to: one order for everybody. Others who count for them wait for our commit.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:sort, :whose)")
_OF_ASKERS, _OF_MAILBOXES = 0x5A4F4E47, 0x5A4F4E48

_FROM_THERE = select(func.count(), func.min(asks.c.asked_at)).where(
    asks.c.asked_from == bindparam("there"), asks.c.asked_at > bindparam("since")
)
_TO_THEM = select(func.count()).where(
    asks.c.receiver.in_(bindparam("mailboxes", expanding=True)), asks.c.asked_at > bindparam("since")
)
_ADD = insert(asks)
_FORGET = delete(asks).where(
    asks.c.id.in_(select(asks.c.id).where(asks.c.asked_at < bindparam("before")).limit(bindparam("most")))
)
# The endpoints of a mailbox, in whatever case it is written, with the newest subscription that goes on at each. By the
# index on lower(address), and those on the subscriber and the endpoint.
_NEWEST = (
    select(func.max(subscriptions.c.id))
    .where(subscriptions.c.endpoint_id == endpoints.c.id, subscriptions.c.state.in_(["active", "paused"]))
    .correlate(endpoints)
    .scalar_subquery()
)
_SPELLINGS = (
    select(endpoints.c.id, endpoints.c.address, _NEWEST.label("newest"))
    .join(subscribers, subscribers.c.id == endpoints.c.subscriber_id)
    .where(
        func.lower(subscribers.c.address) == bindparam("mailbox"),
        endpoints.c.channel == "email",
        endpoints.c.address.is_not(None),
    )
    .order_by(endpoints.c.id)
)
_ENDPOINT_OF = select(subscriptions.c.endpoint_id).where(subscriptions.c.id == bindparam("subscription_id"))
# Another wish of somebody who has not confirmed. The row is locked; its state is named all the same.
_CHANGE_WISH = statements.CHANGE.where(subscriptions.c.state == "unconfirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who sent a form, as far as we know."""

    address: str  # the network address
    locale: str
    wording: str  # what stood above the button


def ask_to_subscribe(db: Connection, request: SubscriptionRequest, asker: Asker, *, keys: KeyRing, now: int) -> None:
    """Owe the mailbox of *request* a mail: one that asks, or, where it has just this already, one with its links.

    None where it has had its mails of the day or was erased. Raises TooMany for *asker*.
    """
    with_mail = _may_mail(db, request.address, asker, keys=keys, now=now)
    request = _as_known(db, request, now=now) if with_mail else request
    try:
        subscribed = subscribe(db, request, keys=keys, now=now) if with_mail else None
    except Conflict:  # erased at its owner's wish
        subscribed = None
    _note(db, request.address if subscribed else None, asker, keys=keys, now=now)
    if subscribed is None:
        return
    if subscribed.state != "unconfirmed":
        _owe_links(db, subscribed.id, now=now)
        return
    if not (subscribed.is_asked or _ask_anew(db, subscribed, request, now=now)):
        return
    consent = Consent(act=Act.ASKED, given_at=now, given_from=asker.address, locale=asker.locale, wording=asker.wording)
    record(db, subscribed.id, consent)


def ask_for_links(
    db: Connection, address: Address, asker: Asker, *, keys: KeyRing, now: int, known: int | None = None
) -> bool:
    """Owe the mailbox a mail with the links to its subscriptions, if it has any; whether one is owed.

    Raises TooMany for *asker*.
    *known* is one of them, where whoever asks has shown that there is one.
    """
    newest = known
    if not _may_mail(db, address, asker, keys=keys, now=now):
        newest = None
    elif known is None:
        newest = max((one.newest for one in _spellings(db, address) if one.newest), default=None)
    is_owed = newest is not None and _owe_links(db, newest, now=now)
    _note(db, address if is_owed else None, asker, keys=keys, now=now)
    return is_owed


def forget_asks(db: Connection, most: int, before: int) -> int:
    """Forget up to *most* that were asked before *before*; how many."""
    return db.execute(_FORGET, {"before": before, "most": most}).rowcount


def _may_mail(db: Connection, address: Address, asker: Asker, *, keys: KeyRing, now: int) -> bool:
    """Whether the mailbox may get one more mail today. Raises TooMany where *asker* has asked too often."""
    mailboxes = _mailboxes(address, keys)
    if is_postgresql(db):  # SQLite has one writer anyway
        db.execute(_ONE_AT_A_TIME, {"sort": _OF_ASKERS, "whose": _key(asker.address.encode())})
        db.execute(_ONE_AT_A_TIME, {"sort": _OF_MAILBOXES, "whose": _key(mailboxes[0])})
    count, first = db.execute(_FROM_THERE, {"there": asker.address, "since": now - HOUR}).one()
    if count >= ASKS_AN_HOUR:
        wait_s = max(1, (first + HOUR - now) // SECOND)
        raise TooMany(f"more than {ASKS_AN_HOUR} requests in an hour from one address", retry_after_s=int(wait_s))
    mails = db.execute(_TO_THEM, {"mailboxes": mailboxes, "since": now - DAY}).scalar_one()
    return int(mails) < MAILS_A_DAY


def _note(db: Connection, address: Address | None, asker: Asker, *, keys: KeyRing, now: int) -> None:
    mailbox = _mailboxes(address, keys)[0] if address else None
    db.execute(_ADD, {"receiver": mailbox, "asked_from": asker.address, "asked_at": now})


def _mailboxes(address: Address, keys: KeyRing) -> tuple[bytes, ...]:
    """The marks of a mailbox, under each key: a rotation lets nobody have more mails."""
    return keys.marks(f"asked for {address.text.lower()}".encode())


def _owe_links(db: Connection, subscription_id: int, *, now: int) -> bool:
    """Owe the mail with the links to where a subscription leads; False where no mail goes any more."""
    endpoint_id = db.execute(_ENDPOINT_OF, {"subscription_id": subscription_id}).scalar()
    if endpoint_id is None or not wake(db, endpoint_id, now=now):
        return False
    return owe_service_mails(db, kind=Kind.LINKS, subscription_ids=[subscription_id], now=now) > 0


def _spellings(db: Connection, address: Address) -> Sequence[Any]:
    return db.execute(_SPELLINGS, {"mailbox": address.text.lower()}).all()


def _as_known(db: Connection, request: SubscriptionRequest, *, now: int) -> SubscriptionRequest:
    """*request* for the mailbox as it is written already: where something goes on, else just so, else as at first.

    If that mailbox failed once, it is tried again.
    """
    known = _spellings(db, request.address)
    if not known:
        return request
    best = max(known, key=lambda one: (one.newest is not None, one.address == request.address.text, -one.id))
    wake(db, best.id, now=now)
    return replace(request, address=normalised("email", best.address))


def _key(name: bytes) -> int:
    """A number for a lock. Two names with the same one wait for each other, and no more."""
    return int.from_bytes(hashlib.sha256(name).digest()[:4], signed=True)


def _ask_anew(db: Connection, known: Subscribed, request: SubscriptionRequest, *, now: int) -> bool:
    """Somebody who has not confirmed yet asks once more: the last wish counts, and the first mail may be lost.

    False where they have confirmed meanwhile: nothing is changed then, and the mail holds the links.
    """
    if locked(db, known.id).state != "unconfirmed":
        _owe_links(db, known.id, now=now)
        return False
    wish = {
        "subscription_id": known.id,
        "new_cadence": request.cadence,
        "at": request.at_minute,
        "day": request.weekday,
        "zone": request.timezone,
        "language": request.locale,
        "due_at": None,
    }
    db.execute(_CHANGE_WISH, wish)
    owe_service_mails(db, kind=Kind.CONFIRMATION, subscription_ids=[known.id], now=now)
    return True

"""Forgetting a subscriber: everything that says who it was goes, and nobody can take its address in again.

Subscribers whose addresses differ in capitals alone are one person: `same_person` names them all.

First everything ends (`end_everything`), in one transaction: subscriptions, what is owed, and the endpoints, for which
nothing more is made; from then on the address is known by a keyed hash, and `erased_among` refuses it. What is being
sent at that moment may not be touched, so whoever erases waits until `is_being_sent` says no; then `forget` ends what
has come in between all the same, and removes address, secrets, private feeds and what receivers answered. Rows of the
ledger stay, about nobody.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, exists, func, literal_column, null, select, update

from zonewire.delivery.owing import cancel_for_endpoints
from zonewire.errors import Conflict, NotFound
from zonewire.keys import KeyRing
from zonewire.outbound.couriers.eml import remove_mails
from zonewire.store import Store, is_postgresql, many, values_of
from zonewire.store import now as clock
from zonewire.store.tables import attempts, deliveries, endpoints, hosts, subscribers, subscriptions
from zonewire.subscriptions.consents import forget_consents
from zonewire.subscriptions.people import same_person
from zonewire.subscriptions.private_feeds import forget_private_feeds

ERASED = "its subscriber was erased"

_PEOPLE = values_of(many("people"))
# By the index on lower(address).
_BY_ADDRESS = (
    select(subscribers.c.id, subscribers.c.address)
    .where(func.lower(subscribers.c.address) == bindparam("of_address"))
    .order_by(subscribers.c.id)
)
_LOCK = select(subscribers.c.id).where(subscribers.c.id.in_(_PEOPLE)).order_by(subscribers.c.id).with_for_update()
_MARK = (
    update(subscribers).where(subscribers.c.id.in_(_PEOPLE)).values(address_mark=bindparam("mark", type_=LargeBinary))
)
_ERASED_AT = select(func.max(subscribers.c.erased_at)).where(
    subscribers.c.address_mark.in_(bindparam("marks", expanding=True))
)
_ENDPOINTS = select(endpoints.c.id).where(endpoints.c.subscriber_id.in_(_PEOPLE)).order_by(endpoints.c.id)
_THEIRS = select(endpoints.c.id).where(endpoints.c.subscriber_id.in_(_PEOPLE)).scalar_subquery()
_GOING_ON = (
    select(func.count())
    .select_from(subscriptions)
    .where(subscriptions.c.endpoint_id.in_(_THEIRS), subscriptions.c.state != "ended")
)
_END = (
    update(subscriptions)
    .where(subscriptions.c.endpoint_id.in_(_THEIRS), subscriptions.c.state != "ended")
    .values(state="ended", next_at=None, state_at=bindparam("moment"))
)
_CLOSE = (
    update(endpoints)
    .where(endpoints.c.subscriber_id.in_(_PEOPLE))
    .values(
        state="disabled",
        gone=True,  # nothing more is made for it
        reason=ERASED,
        disabled_at=func.coalesce(endpoints.c.disabled_at, bindparam("moment")),
    )
)
# By the partial index on what is being sent, hence the literal state.
_SENDING = select(
    exists().where(
        literal_column("deliveries.state") == literal_column("'sending'"), deliveries.c.endpoint_id.in_(_THEIRS)
    )
)
_DELIVERIES = select(deliveries.c.id).where(deliveries.c.endpoint_id.in_(_THEIRS))
_WIPE_ATTEMPTS = (
    update(attempts)
    .where(attempts.c.delivery_id.in_(values_of(many("of_deliveries"))))
    .values(error="", answer=null(), headers=null())
)
_WIPE_DELIVERIES = (
    update(deliveries)
    .where(deliveries.c.id.in_(values_of(many("of_deliveries"))), deliveries.c.reason.is_not(null()))
    .values(reason=null())
)
# A host that nobody else has is a partner's name.
_other = endpoints.alias("other")
_WIPE_HOST = (
    update(hosts)
    .where(
        hosts.c.id == select(endpoints.c.host_id).where(endpoints.c.id == bindparam("endpoint")).scalar_subquery(),
        ~exists().where(_other.c.host_id == hosts.c.id, _other.c.subscriber_id.not_in(_PEOPLE)),
    )
    .values(name=bindparam("no_name"))
)
_WIPE_ENDPOINT = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint"))
    .values(
        address=null(),
        sealed_address=null(),
        address_key=bindparam("no_key", type_=LargeBinary),
        secret=null(),
        previous_secret=null(),
        previous_until=null(),
        last_error=null(),
    )
)
_WIPE_SUBSCRIBERS = (
    update(subscribers).where(subscribers.c.id.in_(_PEOPLE)).values(address=null(), erased_at=bindparam("moment"))
)

# Whether anybody was ever erased, by the partial index: most installations never ask for more.
_ANY_ERASED = select(exists().where(subscribers.c.address_mark.is_not(null())))
_BEING_ERASED = (
    select(subscribers.c.id, subscribers.c.address)
    .where(subscribers.c.address_mark.is_not(null()), subscribers.c.address.is_not(null()))
    .order_by(subscribers.c.id)
    .limit(bindparam("most"))
)
_ERASED_BEFORE = select(func.count()).where(
    subscribers.c.address_mark.is_not(null()), subscribers.c.erased_at <= bindparam("moment")
)
_MARKED = select(subscribers.c.address_mark).where(subscribers.c.address_mark.in_(bindparam("marks", expanding=True)))


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended for a subscriber."""

    subscriptions: int
    deliveries: int  # cancelled


@dataclass(frozen=True, slots=True)
class Found:
    """A subscriber, by its key and its address as it is kept."""

    id: int
    address: str


def subscriber_of(db: Connection, address: str, *, keys: KeyRing) -> Found:
    """The subscriber with this address, in whatever case. Raises NotFound, and Conflict where it was erased."""
    rows = db.execute(_BY_ADDRESS, {"of_address": address.lower()}).all()
    row = next((row for row in rows if row.address == address), rows[0] if rows else None)
    if row is not None:
        return Found(row.id, row.address)
    if db.execute(_ERASED_AT, {"marks": list(_marks(address, keys))}).scalar() is not None:
        raise Conflict(f"{address} has been erased already", mend="Nothing is kept of it but a mark to know it by.")
    raise NotFound(f"there is no subscriber {address}", mend="`zonewire subscriptions list` shows whom there is.")


def what_ends(db: Connection, subscriber_id: int) -> tuple[int, int]:
    """How many subscriptions that have not ended, and how many endpoints, a subscriber has."""
    of = {"people": same_person(db, subscriber_id)}
    return int(db.execute(_GOING_ON, of).scalar_one()), len(db.execute(_ENDPOINTS, of).all())


def end_everything(db: Connection, found: Found, *, keys: KeyRing, now: int) -> Ended:
    """End all that a subscriber has and is owed, and refuse its address from now on. Twice is as good as once."""
    of = {"people": same_person(db, found.id)}
    db.execute(_LOCK, of)
    db.execute(_MARK, of | {"mark": _marks(found.address, keys)[0]})
    ended = db.execute(_END, of | {"moment": now}).rowcount
    db.execute(_CLOSE, of | {"moment": now})
    theirs = db.execute(_ENDPOINTS, of).scalars().all()
    return Ended(ended, cancel_for_endpoints(db, theirs, why=ERASED, now=now))


def being_erased(db: Connection, most: int) -> list[Found]:
    """Up to *most* for whom everything has ended, and who are to be forgotten. By the partial index on marks."""
    return [Found(row.id, row.address) for row in db.execute(_BEING_ERASED, {"most": most})]


def is_being_sent(db: Connection, subscriber_id: int) -> bool:
    """Whether something is on its way to them: a lease is open."""
    return bool(db.execute(_SENDING, {"people": same_person(db, subscriber_id)}).scalar())


def deliveries_of(db: Connection, subscriber_id: int) -> Sequence[int]:
    """Every delivery to a subscriber. Looks at the whole ledger: outside of any write transaction."""
    return db.execute(_DELIVERIES, {"people": same_person(db, subscriber_id)}).scalars().all()


def forget(db: Connection, found: Found, delivery_ids: Sequence[int], *, keys: KeyRing, now: int) -> None:
    """Remove who they were. *delivery_ids* are theirs, read after everything ended. Raises Conflict too early.

    On SQLite what is removed is overwritten with zeros.
    """
    if not is_postgresql(db):
        db.exec_driver_sql("PRAGMA secure_delete=ON")
    people = same_person(db, found.id)
    of = {"people": people}
    if is_being_sent(db, found.id):
        raise Conflict("something is on its way to them", mend="Wait until it has arrived, or until its lease is over.")
    end_everything(db, found, keys=keys, now=now)
    forget_private_feeds(db, people)
    forget_consents(db, people)
    db.execute(_WIPE_ATTEMPTS, {"of_deliveries": list(delivery_ids)})
    db.execute(_WIPE_DELIVERIES, {"of_deliveries": list(delivery_ids)})
    for endpoint_id in db.execute(_ENDPOINTS, of).scalars().all():
        db.execute(_WIPE_HOST, of | {"endpoint": endpoint_id, "no_name": f"erased {endpoint_id}"})
        db.execute(_WIPE_ENDPOINT, {"endpoint": endpoint_id, "no_key": f"erased {endpoint_id}".encode()})
    db.execute(_WIPE_SUBSCRIBERS, of | {"moment": now})


def finish_erasing(store: Store, *, keys: KeyRing, outbox: Path, most: int = 10) -> int:
    """Forget those for whom everything has ended and to whom nothing is on its way any more; how many.

    Who asks for it on a page cannot be kept waiting for a lease. Mails that were written into *outbox* go first:
    whoever is stopped behind that begins anew.
    """
    with store.reading() as db:
        each = {found.address.lower(): found for found in being_erased(db, most)}  # one of each person's spellings
        waiting = [found for found in each.values() if not is_being_sent(db, found.id)]
    for found in waiting:
        remove_mails(outbox, found.address)
        with store.reading() as db:
            theirs = deliveries_of(db, found.id)
        with contextlib.suppress(Conflict), store.writing() as db:  # something is sent after all: the next turn
            forget(db, found, theirs, keys=keys, now=clock(db))
    return len(waiting)


def erased_among(db: Connection, addresses: Iterable[str], *, keys: KeyRing) -> frozenset[str]:
    """Those of *addresses* whose subscribers were erased, under whichever key of the ring they were marked."""
    if not db.execute(_ANY_ERASED).scalar():
        return frozenset()
    by_mark: dict[bytes, list[str]] = {}  # the mark is the same for every spelling
    for address in addresses:
        for mark in _marks(address, keys):
            by_mark.setdefault(mark, []).append(address)
    found: Sequence[Any] = db.execute(_MARKED, {"marks": list(by_mark)}).scalars().all()
    return frozenset(address for mark in found for address in by_mark[bytes(mark)])


def erased_before(db: Connection, moment: int) -> int:
    """How many subscribers were erased before *moment*: the key of then is what knows them."""
    return int(db.execute(_ERASED_BEFORE, {"moment": moment}).scalar_one())


def refused(address: str) -> Conflict:
    """The error about an address that was erased at its owner's wish."""
    return Conflict(
        f"{address} was erased at its owner's wish",
        where="to",
        mend="Nobody but its owner can bring it back; leave it out.",
    )


def _marks(address: str, keys: KeyRing) -> tuple[bytes, ...]:
    return keys.marks(f"subscriber {address.lower()}".encode())

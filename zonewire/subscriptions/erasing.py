"""Forgetting a subscriber: everything that says who it was goes, and nobody can take its address in again.

First everything ends (`end_everything`), in one transaction: subscriptions, what is owed, and the endpoints, for which
nothing more is made. What is being sent at that moment may not be touched, so whoever erases waits until
`is_being_sent` says no; then `forget` removes address, secrets and what receivers answered. Rows of the ledger stay,
about nobody; of the address a keyed hash stays, by which `refuse_erased` knows it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, exists, func, null, select, update

from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.owing import cancel_for_endpoint
from zonewire.delivery.states import State
from zonewire.errors import Conflict, NotFound
from zonewire.keys import KeyRing
from zonewire.store import is_postgresql
from zonewire.store.tables import attempts, deliveries, endpoints, subscribers, subscriptions

ERASED = "its subscriber was erased"

_BY_ADDRESS = select(subscribers.c.id).where(subscribers.c.address == bindparam("of_address"))
_LOCK = select(subscribers.c.id).where(subscribers.c.id == bindparam("subscriber")).with_for_update()
_ERASED_AT = select(func.max(subscribers.c.erased_at)).where(
    subscribers.c.address_mark.in_(bindparam("marks", expanding=True))
)
_ENDPOINTS = select(endpoints.c.id).where(endpoints.c.subscriber_id == bindparam("subscriber")).order_by(endpoints.c.id)
_END = (
    update(subscriptions)
    .where(subscriptions.c.subscriber_id == bindparam("subscriber"), subscriptions.c.state != "ended")
    .values(state="ended", next_at=None, state_at=bindparam("moment"))
)
_CLOSE = (
    update(endpoints)
    .where(endpoints.c.subscriber_id == bindparam("subscriber"))
    .values(
        state="disabled",
        gone=True,  # nothing more is made for it
        reason=ERASED,
        disabled_at=func.coalesce(endpoints.c.disabled_at, bindparam("moment")),
    )
)
_THEIRS = select(endpoints.c.id).where(endpoints.c.subscriber_id == bindparam("subscriber")).scalar_subquery()
_SENDING = select(exists().where(deliveries.c.endpoint_id.in_(_THEIRS), deliveries.c.state == State.SENDING))
_DELIVERIES = select(deliveries.c.id, deliveries.c.created_at).where(deliveries.c.endpoint_id.in_(_THEIRS))
_WIPE_ATTEMPTS = (
    update(attempts)
    .where(attempts.c.delivery_id.in_(select(deliveries.c.id).where(deliveries.c.endpoint_id.in_(_THEIRS))))
    .values(error="", answer=null())
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
_WIPE_SUBSCRIBER = (
    update(subscribers)
    .where(subscribers.c.id == bindparam("subscriber"))
    .values(address=null(), address_mark=bindparam("mark", type_=LargeBinary), erased_at=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended for a subscriber."""

    subscriptions: int
    deliveries: int  # cancelled


def subscriber_of(db: Connection, address: str, *, keys: KeyRing) -> int:
    """The subscriber with this address. Raises NotFound, and Conflict where it was erased."""
    found = db.execute(_BY_ADDRESS, {"of_address": address}).scalar()
    if found is not None:
        return int(found)
    if erased_at(db, address, keys=keys) is not None:
        raise Conflict(f"{address} has been erased already", mend="Nothing is kept of it but a mark to know it by.")
    raise NotFound(f"there is no subscriber {address}", mend="`zonewire subscriptions list` shows whom there is.")


def end_everything(db: Connection, subscriber_id: int, *, now: int) -> Ended:
    """End all that a subscriber has and is owed. Twice is as good as once."""
    db.execute(_LOCK, {"subscriber": subscriber_id})
    ended = db.execute(_END, {"subscriber": subscriber_id, "moment": now}).rowcount
    db.execute(_CLOSE, {"subscriber": subscriber_id, "moment": now})
    theirs = db.execute(_ENDPOINTS, {"subscriber": subscriber_id}).scalars().all()
    return Ended(ended, sum(cancel_for_endpoint(db, one, why=ERASED, now=now) for one in theirs))


def is_being_sent(db: Connection, subscriber_id: int) -> bool:
    """Whether something is on its way to them: a lease is open."""
    return bool(db.execute(_SENDING, {"subscriber": subscriber_id}).scalar())


def forget(
    db: Connection, subscriber_id: int, address: str, *, keys: KeyRing, installation: int, now: int
) -> list[str]:
    """Remove who they were; the names of their deliveries, under which files may lie about. Raises Conflict too early.

    On SQLite what is removed is overwritten with zeros.
    """
    if not is_postgresql(db):
        db.exec_driver_sql("PRAGMA secure_delete=ON")
    of = {"subscriber": subscriber_id}
    if is_being_sent(db, subscriber_id):
        raise Conflict("something is on its way to them", mend="Wait until it has arrived, or until its lease is over.")
    theirs = db.execute(_ENDPOINTS, of).scalars().all()
    names = [delivery_uuid(installation, row.id, row.created_at) for row in db.execute(_DELIVERIES, of)]
    db.execute(_WIPE_ATTEMPTS, of)
    for endpoint_id in theirs:
        db.execute(_WIPE_ENDPOINT, {"endpoint": endpoint_id, "no_key": f"erased {endpoint_id}".encode()})
    db.execute(_WIPE_SUBSCRIBER, of | {"mark": _marks(address, keys)[0], "moment": now})
    return names


def erased_at(db: Connection, address: str, *, keys: KeyRing) -> int | None:
    """When the subscriber with this address was erased (microseconds); None where it was not."""
    found = db.execute(_ERASED_AT, {"marks": list(_marks(address, keys))}).scalar()
    return None if found is None else int(found)


# Whether anybody was ever erased, by the partial index: most installations never ask for more.
_ANY_ERASED = select(exists().where(subscribers.c.address_mark.is_not(null())))
_MARKED = select(subscribers.c.address_mark).where(subscribers.c.address_mark.in_(bindparam("marks", expanding=True)))


def erased_among(db: Connection, addresses: Iterable[str], *, keys: KeyRing) -> frozenset[str]:
    """Those of *addresses* whose subscribers were erased, under whichever key of the ring they were marked."""
    if not db.execute(_ANY_ERASED).scalar():
        return frozenset()
    by_mark = {mark: address for address in addresses for mark in _marks(address, keys)}
    found: Sequence[Any] = db.execute(_MARKED, {"marks": list(by_mark)}).scalars().all()
    return frozenset(by_mark[bytes(mark)] for mark in found)


def refused(address: str) -> Conflict:
    """The error about an address that was erased at its owner's wish."""
    return Conflict(
        f"{address} was erased at its owner's wish",
        where="to",
        mend="Nobody but its owner can bring it back; leave it out.",
    )


def _marks(address: str, keys: KeyRing) -> tuple[bytes, ...]:
    return keys.marks(f"subscriber {address}".encode())

"""One subscriber, as an operator looks at it: who it is, all that it has, and whether it is being forgotten."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from zonewire.errors import NotFound
from zonewire.store import many, values_of
from zonewire.store.tables import deliveries, endpoints, subscribers, subscriptions
from zonewire.subscriptions import statements
from zonewire.subscriptions.lifecycle import Subscription
from zonewire.subscriptions.people import same_person


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A subscriber. Moments are microseconds."""

    id: int
    address: str | None  # None once it is forgotten
    people: tuple[int, ...]  # itself, and who is the same but for capitals
    created_at: int
    erased_at: int | None
    is_ended: bool  # everything has ended at its wish: it is being forgotten, or is
    subscriptions: tuple[Subscription, ...]  # the newest first; not all, where there are many
    has_more: bool


_SUBSCRIBER = select(subscribers).where(subscribers.c.id == bindparam("subscriber"))
_PEOPLE = values_of(many("people"))
# By the index on the subscriber.
_THEIRS = (
    statements.SHOWN.where(subscriptions.c.subscriber_id.in_(_PEOPLE))
    .order_by(None)
    .order_by(subscriptions.c.id.desc())
    .limit(bindparam("most"))
)
_OWNER = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == bindparam("subscription"))
# By the indices on endpoints; no more rows than are asked about.
_SOME_DELIVERIES = (
    select(deliveries.c.id)
    .where(deliveries.c.endpoint_id.in_(select(endpoints.c.id).where(endpoints.c.subscriber_id.in_(_PEOPLE))))
    .limit(bindparam("most"))
    .subquery()
)
_COUNT_SOME = select(func.count()).select_from(_SOME_DELIVERIES)


def profile_of(db: Connection, subscriber_id: int, *, most: int = 30) -> Profile:
    """The subscriber, with its newest *most* subscriptions. Raises NotFound."""
    row = db.execute(_SUBSCRIBER, {"subscriber": subscriber_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no subscriber {subscriber_id}")
    people = same_person(db, subscriber_id)
    theirs = [Subscription(**one) for one in db.execute(_THEIRS, {"people": people, "most": most + 1}).mappings()]
    return Profile(
        id=row.id,
        address=row.address,
        people=tuple(people),
        created_at=row.created_at,
        erased_at=row.erased_at,
        is_ended=row.address_mark is not None,
        subscriptions=tuple(theirs[:most]),
        has_more=len(theirs) > most,
    )


def subscriber_behind(db: Connection, subscription_id: int) -> int | None:
    """Whose subscription it is; None where there is none."""
    return db.execute(_OWNER, {"subscription": subscription_id}).scalar()


def was_sent_more_than(db: Connection, profile: Profile, most: int) -> bool:
    """Whether the ledger has more than *most* deliveries to a subscriber."""
    counted = db.execute(_COUNT_SOME, {"people": list(profile.people), "most": most + 1}).scalar_one()
    return int(counted) > most

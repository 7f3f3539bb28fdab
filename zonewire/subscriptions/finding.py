"""Finding subscriptions: by whose they are, by id, by endpoint, by state; the newest first, in a bounded time.

Few can be meant by an id, an endpoint or an address: these are found by an index. Else they are read backwards in
portions, until the page is full or the time is over: then the page says so, and the next one goes on from there.
"""

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, exists, func, select, text

from zonewire.errors import WrongUsage
from zonewire.store import is_postgresql, many, values_of
from zonewire.store.tables import endpoints, subscribers, subscriptions
from zonewire.subscriptions import statements
from zonewire.subscriptions.names import owner_of

STATES = ("active", "unconfirmed", "paused", "ended")
PORTION = 20_000
"""So many rows are looked at by one statement."""
LOOKS_FOR_S = 0.15
MOST_PEOPLE = 500
"""Of addresses that begin alike, so many are looked at."""
FIRST_CHARS = 2
"""A beginning of an address has at least so many."""
_KEY = re.compile(r"([se])([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which subscriptions are looked for; None and "" leave a thing open."""

    subscription_id: int | None = None
    endpoint_id: int | None = None
    people: tuple[int, ...] | None = None  # subscribers
    state: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of them: rows of statements.SHOWN with their `subscriber_id`."""

    rows: Sequence[Row[Any]]
    before: int | None = None  # where the next page begins; None: there is none
    is_full: bool = True  # False: the time was over before; the next page goes on from there


# By the index on lower(address).
_AT = select(subscribers.c.id).where(func.lower(subscribers.c.address).in_(bindparam("addresses", expanding=True)))
# A range of the same index.
_lowered = func.lower(subscribers.c.address)
_BEGINNING = select(subscribers.c.id).where(_lowered >= bindparam("first"), _lowered < bindparam("behind"))
_COLLATION = text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
_ENDS = select(func.max(subscriptions.c.id))
_ROWS = (
    statements.SHOWN.add_columns(subscriptions.c.subscriber_id)
    .where(subscriptions.c.id.in_(values_of(many("of_ids"))))
    .order_by(None)
    .order_by(subscriptions.c.id.desc())
)


def find_subscriptions(
    db: Connection, wanted: Wanted, *, before: int | None = None, limit: int = 50, looks_for_s: float = LOOKS_FOR_S
) -> Found:
    """The newest *limit* that are *wanted*, of those with smaller keys than *before* where that is given."""
    newest = int(db.execute(_ENDS).scalar() or 0)
    top = newest + 1 if before is None else min(before, newest + 1)
    looked_to = None
    if (few := _few(wanted)) is not None:
        found = select(subscriptions.c.id).where(few, subscriptions.c.id < top, *_conditions(wanted))
        ids = list(db.execute(found.order_by(subscriptions.c.id.desc()).limit(limit + 1)).scalars())
    else:
        ids, looked_to = _looked(db, wanted, top=top, limit=limit + 1, looks_for_s=looks_for_s)
    page = ids[:limit]
    rows = db.execute(_ROWS, {"of_ids": page}).all() if page else []
    if len(ids) > limit:
        return Found(rows=rows, before=page[-1])
    return Found(rows=rows, before=looked_to, is_full=looked_to is None)


def meant_by(db: Connection, given: str, *, beginning: bool) -> Wanted | None:
    """What somebody means who writes s12 (a subscription), e7 (an endpoint), an address, or a partner's host or URL.

    Where no address is just so and *beginning* is allowed: all that begin so. None where nobody can be meant. Raises
    WrongUsage for too short a beginning.
    """
    if match := _KEY.fullmatch(given):
        key = int(match[2])
        return Wanted(subscription_id=key) if match[1] == "s" else Wanted(endpoint_id=key)
    people = _people_at(db, given) or (_people_beginning(db, given) if beginning else ())
    return Wanted(people=people) if people else None


def _people_at(db: Connection, given: str) -> tuple[int, ...]:
    spelled = {given.lower()}
    with contextlib.suppress(WrongUsage):  # it is no whole address: then it may be the beginning of one
        spelled.add(owner_of(given).lower())
    return tuple(db.execute(_AT, {"addresses": sorted(spelled)}).scalars())


def _people_beginning(db: Connection, given: str) -> tuple[int, ...]:
    """Subscribers whose address begins so, MOST_PEOPLE of them."""
    first = given.lower()
    if len(first) < FIRST_CHARS:
        raise WrongUsage(f"too many addresses begin with {first!r}", mend="Write more of it.")
    if _sorts_by_characters(db):
        span = {"first": first, "behind": first + "\U0010ffff"}
        return tuple(db.execute(_BEGINNING.limit(MOST_PEOPLE), span).scalars())
    alike = select(subscribers.c.id).where(_lowered.startswith(first, autoescape=True))
    return tuple(db.execute(alike.limit(MOST_PEOPLE)).scalars())


def _sorts_by_characters(db: Connection) -> bool:
    """Whether what begins alike stands together in an index.

    In other collations of PostgreSQL it need not, and all addresses are looked through: half a second for a million.
    """
    return not is_postgresql(db) or str(db.execute(_COLLATION).scalar_one()).upper().split(".")[0] in {"C", "POSIX"}


def _few(wanted: Wanted) -> ColumnElement[bool] | None:
    """What an index finds few rows by; None where there is no such thing in *wanted*."""
    if wanted.subscription_id is not None:
        return subscriptions.c.id == wanted.subscription_id
    if wanted.endpoint_id is not None:
        return subscriptions.c.endpoint_id == wanted.endpoint_id
    if wanted.people is not None:
        return subscriptions.c.subscriber_id.in_(wanted.people)
    return None


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state:
        found.append(subscriptions.c.state == wanted.state)
    if wanted.channel:
        of = select(endpoints.c.id).where(
            endpoints.c.id == subscriptions.c.endpoint_id, endpoints.c.channel == wanted.channel
        )
        found.append(exists(of.correlate(subscriptions)))
    return found


def _looked(
    db: Connection, wanted: Wanted, *, top: int, limit: int, looks_for_s: float
) -> tuple[list[int], int | None]:
    """The first *limit* by reading backwards from *top*; and, if the time was over before, down to where."""
    deadline = time.monotonic() + looks_for_s
    statement = (
        select(subscriptions.c.id)
        .where(subscriptions.c.id < bindparam("top"), subscriptions.c.id >= bindparam("floor"), *_conditions(wanted))
        .order_by(subscriptions.c.id.desc())
        .limit(bindparam("most"))
    )
    ids: list[int] = []
    while top > 1 and len(ids) < limit:
        floor = max(1, top - PORTION)
        ids += db.execute(statement, {"top": top, "floor": floor, "most": limit - len(ids)}).scalars()
        top = floor
        if time.monotonic() > deadline and len(ids) < limit and top > 1:
            return ids, top
    return ids, None

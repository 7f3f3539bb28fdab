"""What comes next: how many digests fall due in which hour, for which audiences, and how much there is for each so far.

An audience is all whose digests will be one edition: the same filter, window and language.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from zonewire.digests import statements
from zonewire.digests.windows import Windows
from zonewire.filters import parse_written
from zonewire.store import SECOND, each, many, values_of
from zonewire.store.tables import filters, subscriptions

HOUR = 3_600 * SECOND
MOST_READ = 2_000
"""Due subscriptions of an hour that are looked at for its audiences."""
MOST_COUNTED = 100_000
MOST_AUDIENCES = 12
MOST_MATCHED = 300
"""Versions that are matched against the filters, the newest: a tenth of a second's work."""

# How many fall due in each of some hours, by the index on next_at alone, no further than so many: grouping would sort
# them all (250 ms for a million; so it is 40).
_hours = each(many("hours"))  # by no other name: PostgreSQL calls the column as the alias
_in_one = (
    select(subscriptions.c.id)
    .where(
        subscriptions.c.next_at.is_not(None),
        subscriptions.c.next_at >= _hours.c.value,
        subscriptions.c.next_at < _hours.c.value + HOUR,
    )
    .limit(bindparam("most"))
    .correlate(_hours)
    .subquery()
)
_HOURS = select(_hours.c.value.label("at"), select(func.count()).select_from(_in_one).scalar_subquery().label("n"))
_OVERDUE = select(
    select(func.count())
    .select_from(
        select(subscriptions.c.id)
        .where(subscriptions.c.next_at.is_not(None), subscriptions.c.next_at < bindparam("before"))
        .limit(bindparam("most"))
        .subquery()
    )
    .scalar_subquery()
)
_DUE = (
    select(
        subscriptions.c.id,
        subscriptions.c.filter_id,
        subscriptions.c.window_after,
        subscriptions.c.locale,
        subscriptions.c.template,
    )
    .where(
        subscriptions.c.next_at.is_not(None),
        subscriptions.c.next_at >= bindparam("since"),
        subscriptions.c.next_at < bindparam("until"),
    )
    .order_by(subscriptions.c.next_at, subscriptions.c.id)
    .limit(bindparam("most"))
)
_WRITTEN = select(filters.c.id, filters.c.written).where(filters.c.id.in_(values_of(many("filter_ids"))))


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour in which digests fall due."""

    at: int  # its beginning, microseconds
    subscriptions: int
    has_more: bool = False  # than were counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who will share an edition."""

    options: Mapping[str, list[str]]  # the filter, as it was written
    locale: str
    subscriptions: int
    subscription_id: int  # one of them
    stories: int  # that are there for it so far
    is_all: bool  # False: its window goes further back than was matched, so there are more


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """The audiences of an hour, the largest first; not all of them, where there are many."""

    audiences: tuple[Audience, ...]
    read: int  # subscriptions that were looked at: the first to fall due
    is_all: bool


def next_hours(db: Connection, *, now: int, hours: int = 24) -> list[Hour]:
    """The hours from the one of *now* on in which digests fall due."""
    first = now // HOUR * HOUR
    rows = db.execute(_HOURS, {"hours": [first + n * HOUR for n in range(hours)], "most": MOST_COUNTED + 1})
    return sorted(
        (Hour(row.at, min(row.n, MOST_COUNTED), row.n > MOST_COUNTED) for row in rows if row.n), key=lambda one: one.at
    )


def overdue(db: Connection, *, now: int) -> int:
    """How many should have been cut in an hour before that of *now*; MOST_COUNTED at most."""
    return int(db.execute(_OVERDUE, {"before": now // HOUR * HOUR, "most": MOST_COUNTED}).scalar_one())


def coming(db: Connection, hour: int) -> Coming:
    """Who falls due in the hour that begins at *hour*, and what there is for them by now."""
    span = {"since": hour, "until": hour + HOUR, "most": MOST_READ + 1}
    due = db.execute(_DUE, span).all()
    rows, is_all = due[:MOST_READ], len(due) <= MOST_READ
    first: dict[tuple[int, int, str, str], int] = {}
    counted: Counter[tuple[int, int, str, str]] = Counter()
    for row in rows:
        key = (row.filter_id, row.window_after, row.locale, row.template)
        first.setdefault(key, row.id)
        counted[key] += 1
    keys = [key for key, _ in counted.most_common(MOST_AUDIENCES)]
    shown = _audiences(db, keys, counted, first)
    return Coming(audiences=shown, read=len(rows), is_all=is_all and len(keys) == len(counted))


def _audiences(
    db: Connection,
    keys: Sequence[tuple[int, int, str, str]],
    counted: Mapping[tuple[int, int, str, str], int],
    first: Mapping[tuple[int, int, str, str], int],
) -> tuple[Audience, ...]:
    if not keys:
        return ()
    newest = int(db.execute(statements.NEWEST_NUMBER).scalar_one())
    windows, oldest = Windows(newest), max(min(after for _, after, _, _ in keys), newest - MOST_MATCHED)
    windows.open(db, after=oldest)
    written = {row.id: row.written for row in db.execute(_WRITTEN, {"filter_ids": sorted({key[0] for key in keys})})}
    return tuple(
        Audience(
            options=parse_written(written[filter_id]),
            locale=locale,
            subscriptions=counted[key],
            subscription_id=first[key],
            stories=len(windows.stories(filter_id=filter_id, after=after)),
            is_all=after >= oldest,
        )
        for key in keys
        for filter_id, after, locale, _ in (key,)
    )

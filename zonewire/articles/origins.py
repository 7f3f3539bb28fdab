"""The event that made each version: by its id the log lines about one article are found, from intake to the last try.

An id is unique with its source only. Where two sources use the same one, their articles' guids tell the lines apart.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import Connection, select

from zonewire.errors import ZonewireError
from zonewire.store import Store, many, values_of
from zonewire.store.tables import articles, edition_versions, events, versions

FEW = 20
"""Of what belongs together so many are named on one line."""


class Origin(NamedTuple):
    """What a version goes back to."""

    number: int
    guid: str
    event_id: str | None  # None where it came in by no event
    source: str | None

    @property
    def told(self) -> dict[str, str]:
        """As fields of a log line."""
        return {"article_guid": self.guid} | ({"event_id": self.event_id} if self.event_id is not None else {})


# The events that left some versions standing, the first of each last: those behind it changed nothing. By primary keys
# and the index on the guid.
_EVENTS = (
    select(versions.c.number, articles.c.guid, events.c.event_id, events.c.source)
    .join(articles, articles.c.id == versions.c.article_id)
    .join(events, (events.c.guid == articles.c.guid) & (events.c.version == versions.c.version), isouter=True)
    .where(versions.c.number.in_(values_of(many("numbers"))))
    .order_by(versions.c.number, events.c.accepted_at.desc())
)
# What some editions tell as news, by their index.
_CARRIED = (
    select(edition_versions.c.edition_id, edition_versions.c.number)
    .where(edition_versions.c.edition_id.in_(values_of(many("edition_ids"))), edition_versions.c.role == "story")
    .order_by(edition_versions.c.edition_id, edition_versions.c.number)
)


def origins_of(db: Connection, numbers: Collection[int]) -> dict[int, Origin]:
    """By acceptance number, where each of those versions comes from that are there."""
    if not numbers:
        return {}
    return {row.number: Origin(*row) for row in db.execute(_EVENTS, {"numbers": sorted(numbers)})}


def stories_of(db: Connection, edition_ids: Collection[int], *, most: int = FEW) -> dict[int, list[int]]:
    """By edition, the first *most* numbers of the versions that it tells as news."""
    found: dict[int, list[int]] = {}
    if edition_ids:
        for edition, number in db.execute(_CARRIED, {"edition_ids": sorted(edition_ids)}):
            some = found.setdefault(edition, [])
            if len(some) < most:
                some.append(number)
    return found


def event_ids(origins: Mapping[int, Origin], numbers: Iterable[int], *, most: int = FEW) -> list[str]:
    """The ids of the events that *numbers* go back to, *most* of them."""
    found = [origins[number].event_id for number in numbers if number in origins]
    return [one for one in found if one is not None][:most]


def origins_read(store: Store, numbers: Collection[int]) -> dict[int, Origin]:
    """`origins_of` for log lines: what they tell of is done, so a database that went away since costs the ids alone."""
    if numbers:
        with suppress(ZonewireError), store.reading() as db:
            return origins_of(db, numbers)
    return {}


def events_of(store: Store, numbers: Collection[int]) -> list[str]:
    """The ids of the events that *numbers* go back to, in that order, for log lines."""
    return event_ids(origins_read(store, numbers), numbers)

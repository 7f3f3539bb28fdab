"""Looking through the endpoints: a page of what a filter shows, those in trouble first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal_column, or_, select

from zonewire.delivery.endpoints import SHOWN
from zonewire.store.tables import deliveries, endpoints, hosts

STATES = ("failing", "disabled", "healthy")
"""In the order in which they are listed."""
MANY = 1_000
"""What an endpoint has more of than this is not counted to the end."""

_PLACE = re.compile(r"[1-9][0-9]{0,17}")
# By the index `held`.
_SOME_HELD = (
    select(deliveries.c.id)
    .where(
        literal_column("deliveries.due_at").is_(None),
        literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
        deliveries.c.endpoint_id == endpoints.c.id,
    )
    .correlate(endpoints)
    .limit(MANY + 1)
    .subquery("some_held")
)
_LISTED = select(
    endpoints.c.id,
    endpoints.c.channel,
    endpoints.c.address,
    endpoints.c.state,
    endpoints.c.reason,
    endpoints.c.last_error,
    endpoints.c.failures,
    endpoints.c.failing_since,
    endpoints.c.disabled_at,
    endpoints.c.ramp,
    select(func.count()).select_from(_SOME_HELD).correlate(endpoints).scalar_subquery().label("held"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which endpoints are looked for; "" leaves a thing open."""

    state: str = ""  # of STATES
    channel: str = ""
    words: str = ""  # stands in the address; or an id, as it is shown outside
    by_letters: bool = True  # else the words are the whole address, or stand in its host: nobody can guess it


@dataclass(frozen=True, slots=True)
class Found:
    """A page of them."""

    rows: Sequence[Row[Any]]
    after: str = ""  # where the next page begins; "": there is none


def search(db: Connection, wanted: Wanted, *, after: str = "", limit: int = 50) -> Found:
    """The first *limit* that are *wanted*, behind *after*: failing, disabled, healthy ones, each the oldest first.

    By primary key; the disabled ones by their own index.
    """
    begin, _, last = after.partition("-")
    states = (wanted.state,) if wanted.state else STATES
    rows: list[Row[Any]] = []
    for state in states[states.index(begin) if begin in states else 0 :]:
        found = _of(wanted, state).order_by(endpoints.c.id).limit(limit + 1 - len(rows))
        if state == begin and _PLACE.fullmatch(last):
            found = found.where(endpoints.c.id > int(last))
        rows += db.execute(found)
        if len(rows) > limit:
            return Found(rows[:limit], f"{rows[limit - 1].state}-{rows[limit - 1].id}")
    return Found(rows)


def _of(wanted: Wanted, state: str) -> Select[Any]:
    found = _LISTED.where(literal_column("endpoints.state") == literal_column(f"'{state}'"))
    if wanted.channel:
        found = found.where(endpoints.c.channel == wanted.channel)
    if match := SHOWN.fullmatch(wanted.words):
        found = found.where(endpoints.c.id == int(match[1]))
    elif wanted.words and not wanted.by_letters:
        at = select(hosts.c.id).where(hosts.c.name.icontains(wanted.words, autoescape=True))
        is_whole = func.lower(endpoints.c.address) == wanted.words.lower()
        found = found.where(or_(is_whole, endpoints.c.host_id.in_(at)))
    elif wanted.words:
        found = found.where(endpoints.c.address.icontains(wanted.words, autoescape=True))
    return found

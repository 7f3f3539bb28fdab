"""The editions that were cut, as operators look at them: what each carried, and what became of its deliveries.

An edition may have a hundred thousand deliveries, and their states stand in no index: a list counts those of the
editions that have few, and the page of one counts all of its own, up to a bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, func, literal_column, select

from zonewire.delivery.states import State
from zonewire.errors import NotFound
from zonewire.filters import parse_written
from zonewire.store import many, values_of
from zonewire.store.tables import deliveries, edition_versions, editions, filters

HELD = "held"
COUNTED_IN_LIST = 20_000
"""Deliveries whose states one page of the list counts, all editions together."""
COUNTED_OF_ONE = 200_000
OWED_MOST = 50_000
"""So far the deliveries of each are counted in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEdition:
    """One edition. Moments are microseconds."""

    id: int
    made_at: int
    options: Mapping[str, list[str]]  # the filter, as it was written
    locale: str
    after: int  # the window (after, up_to] in acceptance numbers
    up_to: int
    late_since: int | None
    stories: int
    owed: int
    has_more: bool = False  # more are owed than were counted
    states: Mapping[str, int] | None = field(default=None)  # by state, or HELD; None: not counted here


# The newest editions, by primary key; what each carries by its own.
_STORIES = (
    select(func.count())
    .where(edition_versions.c.edition_id == editions.c.id, edition_versions.c.role == "story")
    .correlate(editions)
    .scalar_subquery()
)
_IS_DIGEST = literal_column("deliveries.kind") == literal_column("'digest'")


def _owed(most: str) -> Any:
    """How many are owed, counted by the unique index alone, no further than *most*."""
    some = (
        select(deliveries.c.id)
        .where(_IS_DIGEST, deliveries.c.edition_id == editions.c.id)
        .limit(bindparam(most))
        .correlate(editions)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


_LISTED = (
    select(editions, filters.c.written, _STORIES.label("stories"), _owed("owed_most").label("owed"))
    .join(filters, filters.c.id == editions.c.filter_id)
    .order_by(editions.c.id.desc())
)
_STATE = case(
    (
        deliveries.c.due_at.is_(None) & deliveries.c.state.in_([State.PENDING, State.RETRYING]),
        literal_column(f"'{HELD}'"),
    ),
    else_=deliveries.c.state,
).label("state")
_STATES = (
    select(deliveries.c.edition_id, _STATE, func.count().label("n"))
    .where(_IS_DIGEST, deliveries.c.edition_id.in_(values_of(many("edition_ids"))))
    .group_by(deliveries.c.edition_id, _STATE)
)


def list_editions(db: Connection, *, before: int | None = None, limit: int = 25) -> list[ListedEdition]:
    """The newest first, of those before *before*."""
    found = _LISTED if before is None else _LISTED.where(editions.c.id < before)
    rows = db.execute(found.limit(limit), {"owed_most": OWED_MOST + 1}).all()
    states = _states(db, _few(rows))
    return [_edition(row, states.get(row.id), most=OWED_MOST) for row in rows]


def listed_edition(db: Connection, edition_id: int) -> ListedEdition:
    """One of them, with what became of its deliveries. Raises NotFound."""
    found: Select[Any] = _LISTED.where(editions.c.id == edition_id)
    row = db.execute(found, {"owed_most": COUNTED_OF_ONE + 1}).one_or_none()
    if row is None:
        raise NotFound(f"there is no edition d{edition_id}")
    states = _states(db, [edition_id]) if row.owed <= COUNTED_OF_ONE else {}
    return _edition(row, states.get(edition_id, {} if row.owed <= COUNTED_OF_ONE else None), most=COUNTED_OF_ONE)


def _few(rows: Sequence[Row[Any]]) -> list[int]:
    """Those of *rows* that are counted, the newest first, as long as they come to COUNTED_IN_LIST together."""
    left, few = COUNTED_IN_LIST, []
    for row in rows:
        if row.owed <= left:
            left -= row.owed
            few.append(row.id)
    return few


def _states(db: Connection, edition_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {edition_id: {} for edition_id in edition_ids}
    for row in db.execute(_STATES, {"edition_ids": list(edition_ids)}) if edition_ids else ():
        found[row.edition_id][row.state] = row.n
    return found


def _edition(row: Row[Any], states: Mapping[str, int] | None, *, most: int) -> ListedEdition:
    return ListedEdition(
        id=row.id,
        made_at=row.created_at,
        options=parse_written(row.written),
        locale=row.locale,
        after=row.after,
        up_to=row.up_to,
        late_since=row.late_since,
        stories=row.stories,
        owed=min(row.owed, most),
        has_more=row.owed > most,
        states=states,
    )

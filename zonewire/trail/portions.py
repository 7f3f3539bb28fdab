"""An article's trail in portions: what stands above its deliveries, and these page by page.

Of an article that a hundred thousand readers were owed nobody reads all deliveries at once. They are counted, and those
in one state are found, by their indexes; a page of them is told as the whole trail tells them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, union_all

from zonewire.articles import Version
from zonewire.delivery.searching import of_state
from zonewire.delivery.states import State
from zonewire.digests.windows import Role
from zonewire.filters import MATCHING, facts_of, keyword_index
from zonewire.store import SECOND
from zonewire.store.tables import deliveries
from zonewire.trail import statements
from zonewire.trail.deliveries import History, Shape, View, had_older, shapes_of
from zonewire.trail.reach import IS_HELD
from zonewire.trail.trail import deliveries_of

OLDER = "older"
"""Besides the states: what carried an older text than the newest, to whoever has or may have it."""

_HAS = or_(deliveries.c.state == State.DELIVERED, deliveries.c.unknowns > 0)
_COUNTED = (
    deliveries.c.state,
    IS_HELD.label("held"),
    func.count().label("n"),
    func.min(deliveries.c.settled_at).label("first_at"),
    func.max(deliveries.c.settled_at).label("last_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The deliveries of an article, counted."""

    by_state: Mapping[str, int]  # held ones by that name
    older: int  # that carried an older text, to whoever has or may have it
    first_s: float | None = None  # from the acceptance of the newest version until its first receipt
    last_s: float | None = None  # and until its last yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A page of them."""

    deliveries: list[Shape]
    newest: Mapping[str, str]  # of what carried an older text: how the newest stands, by endpoint
    before: int | None = None  # where the next page begins; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Open windows of digests that hold an article."""

    cadence: str
    n: int  # up to statements.MOST_WINDOWS, of all cadences together
    next_at: int  # the first of them is cut then, microseconds


def tally_of(db: Connection, version: Version, history: History) -> Tally:
    """All deliveries of the article, and of the editions that carry it, counted."""
    by_state: Counter[str] = Counter()
    older, moments = 0, list[int]()
    for part in _parts(version, history):
        counted = part.keys.with_only_columns(
            *_COUNTED, part.is_newest.label("is_newest"), func.count().filter(part.is_older, _HAS).label("older")
        )
        for row in db.execute(counted.group_by(deliveries.c.state, IS_HELD, part.is_newest), part.given):
            by_state["held" if row.held else row.state] += row.n
            older += row.older
            moments += [row.first_at, row.last_at] if row.is_newest and row.state == State.DELIVERED else []
    ends = [(moment - version.accepted_at) / SECOND for moment in moments]
    return Tally(by_state=by_state, older=older, first_s=min(ends, default=None), last_s=max(ends, default=None))


def portion_of(
    db: Connection, version: Version, history: History, view: View, *, state: str, before: int | None, limit: int
) -> Portion:
    """The newest *limit* deliveries in *state*, of those with smaller keys than *before*.

    A state is a State, "held", or OLDER; "" means all.
    """
    parts = list(_parts(version, history))
    chosen = union_all(*(part.keys.where(*_conditions(part, state, before)) for part in parts))
    # PostgreSQL would else read the whole ledger backwards, in the hope of meeting enough of them.
    found = chosen.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    statement = select(found.c.id).order_by(found.c.id.desc()).limit(limit + 1)
    keys = list(db.execute(statement, {name: value for part in parts for name, value in part.given.items()}).scalars())
    rows = db.execute(statements.BY_KEYS, {"of_ids": keys[:limit]}).all()
    rows = sorted(rows, key=lambda row: -row.id)
    told: dict[str, str] = {}
    if state == OLDER and rows:
        receivers = tuple({row.endpoint_id for row in rows})
        theirs = deliveries_of(db, version, history, receivers)
        shapes = shapes_of(db, theirs, history, view)
        told = {one["endpoint"]: one["newest"] for one in had_older(shapes, version)}
    return Portion(
        deliveries=shapes_of(db, rows, history, view),
        newest=told,
        before=keys[limit - 1] if len(keys) > limit else None,
    )


def windows_of(db: Connection, version: Version) -> list[Windows]:
    """The digests that will carry the article when their windows close, by cadence, the first to be cut first."""
    if version.withdrawn:
        return []
    facts = facts_of(version.article, keyword_index(db))
    matching = db.execute(MATCHING, {"dimensions": facts.dimensions, "values": facts.values}).scalars().all()
    given = {"filter_ids": matching, "number": version.number}
    return [
        Windows(cadence=row.cadence, n=row.n, next_at=row.next_at)
        for row in db.execute(statements.WINDOWS_BY_CADENCE, given)
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """News and withdrawals, or digests: how their rows are found, and which of them carry what."""

    keys: Select[Any]
    given: Mapping[str, Any]
    is_newest: ColumnElement[bool]
    is_older: ColumnElement[bool]


def _parts(version: Version, history: History) -> Iterator[_Part]:
    number = deliveries.c.number
    yield _Part(
        statements.NEWS_KEYS,
        {"article_id": version.article_id},
        number == version.number,
        number < version.number,
    )
    if history.carried:
        highest = {key: max(one["version"] for one in inside) for key, inside in history.carried.items()}
        newest = [key for key, n in highest.items() if n == version.version]
        older = [
            key for key, inside in history.carried.items() if key not in newest and inside[0]["role"] != Role.WITHDRAWAL
        ]
        edition = deliveries.c.edition_id
        yield _Part(statements.DIGEST_KEYS, {"edition_ids": list(highest)}, edition.in_(newest), edition.in_(older))


def _conditions(part: _Part, state: str, before: int | None) -> list[ColumnElement[bool]]:
    found = [part.is_older, _HAS] if state == OLDER else list(of_state(state))
    return found if before is None else [*found, deliveries.c.id < before]

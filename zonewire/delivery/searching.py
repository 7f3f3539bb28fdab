"""Looking through the ledger: a page of what a filter shows, the newest first, in a bounded time.

Millions of rows are there, and every filter is meant to answer at once. Where few rows can match (a state that is rare,
one endpoint, one article, one edition) they are found by an index. Else the ledger is read backwards in portions, until
the page is full or the time is over: then the page says how far it looked, and the next one goes on from there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, exists, func, literal_column, or_, select

from zonewire.delivery import counts
from zonewire.delivery.counts import Slot
from zonewire.delivery.lanes import lane_of
from zonewire.delivery.listing import LAST_ERROR
from zonewire.delivery.states import ARTICLE_KINDS, Kind, State
from zonewire.errors import NotFound
from zonewire.store import many, values_of
from zonewire.store.tables import articles, attempts, deliveries, endpoints, hosts, versions

PORTION = 20_000
"""So many rows are looked at by one statement."""
LOOKS_FOR_S = 0.15
FEW = 20_000
"""Of a state with so many rows all are taken from its index, and sorted."""
LEEWAY = 60_000_000
"""Microseconds: transactions that ran side by side leave ids and times of creation in another order."""
HELD = "held"
"""A state of the filter alone: owed to a disabled endpoint."""
HIDDEN = ("@", "%40", "?")
"""What stands in an error that names a mailbox, or a URL with its query."""


class Tried(StrEnum):
    """Whether something went out already."""

    NEVER = "never"
    MAYBE = "maybe"  # bytes went out and no answer came


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which deliveries are looked for; None and "" leave a thing open."""

    state: str = ""  # a State, or HELD
    channel: str = ""
    kind: str = ""
    endpoint_id: int | None = None
    article_id: int | None = None
    edition_id: int | None = None
    host_id: int | None = None  # a mail domain, or "host:port"
    error: str = ""  # stands in an error of it, or in why it is dead or cancelled
    open_error: str = ""  # the same, of errors that name no mailbox and no URL with a query
    tried: str = ""  # Tried
    since: int | None = None  # made at or after
    until: int | None = None  # made before

    def as_json(self) -> str:
        """To be kept."""
        return orjson.dumps({name: value for name, value in asdict(self).items() if value not in (None, "")}).decode()

    @classmethod
    def of_json(cls, kept: str) -> "Search":
        """What `as_json` made; a part that only a newer release knows is an error."""
        return cls(**orjson.loads(kept))

    @property
    def is_open(self) -> bool:
        """Whether it asks for everything."""
        return all(getattr(self, one.name) in (None, "") for one in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of them."""

    rows: Sequence[Row[Any]]
    titles: Mapping[int, str] = field(default_factory=dict)  # of articles, by acceptance number
    before: int | None = None  # where the next page begins; None: there is none
    looked_to: int | None = None  # the page is not full, and older rows than of this moment were not looked at


_SHOWN = select(
    deliveries,
    endpoints.c.channel,
    endpoints.c.address,
    endpoints.c.state.label("endpoint_state"),
    articles.c.guid,
    LAST_ERROR.label("last_error"),
)
# Each by one step in the primary key; both in one SELECT would read all of it on SQLite.
_ENDS = select(select(func.min(deliveries.c.id)).scalar_subquery(), select(func.max(deliveries.c.id)).scalar_subquery())
_MADE_AT = (
    select(deliveries.c.id, deliveries.c.created_at)
    .where(deliveries.c.id >= bindparam("from_id"))
    .order_by(deliveries.c.id)
    .limit(1)
)
_HOST = select(hosts.c.id).where(hosts.c.name == bindparam("name"))
_TITLES = select(versions.c.number, versions.c.title).where(versions.c.number.in_(values_of(many("numbers"))))


def search(
    db: Connection, wanted: Search, *, before: int | None = None, limit: int = 50, looks_for_s: float = LOOKS_FOR_S
) -> Found:
    """The newest *limit* that are *wanted*, of those with smaller keys than *before* where that is given."""
    ids, looked_to_id = _first(db, wanted, before=before, limit=limit + 1, looks_for_s=looks_for_s)
    page = ids[:limit]
    rows = _rows(db, page)
    numbers = [row.number for row in rows if row.number is not None]
    titles = {row.number: row.title for row in db.execute(_TITLES, {"numbers": numbers})} if numbers else {}
    if len(ids) > limit:
        return Found(rows=rows, titles=titles, before=page[-1])
    if looked_to_id is None:
        return Found(rows=rows, titles=titles)
    found = db.execute(_MADE_AT, {"from_id": looked_to_id}).first()
    return Found(rows=rows, titles=titles, before=looked_to_id, looked_to=found.created_at if found else None)


def portions(db: Connection, wanted: Search, *, before: int | None, most: int) -> tuple[list[int], int | None]:
    """The keys of the next *most* at most, and where to go on; None once nothing older is left."""
    ids, looked_to = _first(db, wanted, before=before, limit=most, looks_for_s=LOOKS_FOR_S)
    return ids, (ids[-1] if len(ids) == most else looked_to)


def may_come_again(db: Connection, wanted: Search, *, before: int) -> bool:
    """Whether retries are wanted and some with smaller keys are there, or tried just now: they may be back in a moment.

    One statement sees both those that wait and those that are tried, so that none is between the two.
    """
    if wanted.state != State.RETRYING:
        return False
    tried = _by_state(State.SENDING, "ix_deliveries_lease").where(
        deliveries.c.attempts + deliveries.c.waits + deliveries.c.unknowns > 0
    )
    either = _retrying().union_all(tried).cte("either").prefix_with("MATERIALIZED", dialect="postgresql")
    found = select(deliveries.c.id).where(
        deliveries.c.id.in_(select(either.c.id)), deliveries.c.id < before, *_conditions(replace(wanted, state=""))
    )
    return db.execute(found.limit(1)).first() is not None


def read_all(
    db: Connection, wanted: Search, columns: Sequence[ColumnElement[Any]], *, by: ColumnElement[Any]
) -> Iterator[Row[Any]]:
    """Aggregates (*columns*, grouped *by* one of them) over all that are wanted, portion by portion: add them up."""
    lowest, highest = db.execute(_ENDS).one()
    if highest is None or _is_hopeless(db, wanted):
        return
    if (few := _few(db, wanted)) is not None:
        is_of_one = any(key is not None for key in (wanted.article_id, wanted.edition_id, wanted.endpoint_id))
        rows = few if is_of_one else _BY_INDEX[wanted.state]()  # each row is fetched once
        yield from db.execute(rows.with_only_columns(*columns).where(*_conditions(wanted)).group_by(by))
        return
    portion = (deliveries.c.id >= bindparam("floor"), deliveries.c.id < bindparam("top"))
    statement = select(*columns).where(*portion, *_conditions(wanted)).group_by(by)
    for floor in range(lowest, highest + 1, PORTION):
        yield from db.execute(statement, {"floor": floor, "top": floor + PORTION})


def host_key(db: Connection, name: str) -> int:
    """The key of a mail domain, or of "host:port". Raises NotFound."""
    key = db.execute(_HOST, {"name": name}).scalar()
    if key is None:
        raise NotFound(f"nothing is sent to {name[:80]!r}")
    return int(key)


def newest_id(db: Connection) -> int:
    """The key of the newest delivery; 0 where there is none."""
    return int(db.execute(_ENDS).one()[1] or 0)


def _first(
    db: Connection, wanted: Search, *, before: int | None, limit: int, looks_for_s: float
) -> tuple[list[int], int | None]:
    """The keys of the first *limit*; and, if the time was over before, the key down to which was looked."""
    lowest, highest = db.execute(_ENDS).one()
    if highest is None or _is_hopeless(db, wanted):
        return [], None
    above = max(lowest, _id_at(db, wanted.since - LEEWAY, lowest, highest)) if wanted.since is not None else lowest
    top = highest + 1 if before is None else min(before, highest + 1)
    if wanted.until is not None:
        top = min(top, _id_at(db, wanted.until + LEEWAY, lowest, highest) + 1)
    if (few := _few(db, wanted)) is not None:
        found = few.where(deliveries.c.id < top, deliveries.c.id >= above, *_conditions(wanted))
        return list(db.execute(found.order_by(deliveries.c.id.desc()).limit(limit)).scalars()), None
    return _looked(db, wanted, top=top, above=above, limit=limit, looks_for_s=looks_for_s)


def _looked(
    db: Connection, wanted: Search, *, top: int, above: int, limit: int, looks_for_s: float
) -> tuple[list[int], int | None]:
    """The same by reading backwards from *top* to *above*."""
    deadline = time.monotonic() + looks_for_s
    statement = (
        select(deliveries.c.id)
        .where(deliveries.c.id < bindparam("top"), deliveries.c.id >= bindparam("floor"), *_conditions(wanted))
        .order_by(deliveries.c.id.desc())
        .limit(bindparam("most"))
    )
    ids: list[int] = []
    while top > above and len(ids) < limit:
        floor = max(above, top - PORTION)
        ids += db.execute(statement, {"top": top, "floor": floor, "most": limit - len(ids)}).scalars()
        top = floor
        if time.monotonic() > deadline and len(ids) < limit and top > above:
            return ids, top
    return ids, None


def _rows(db: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    shown = (
        _SHOWN.join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .join(articles, articles.c.id == deliveries.c.article_id, isouter=True)
        .where(deliveries.c.id.in_(values_of(many("of_ids"))))
        .order_by(deliveries.c.id.desc())
    )
    return db.execute(shown, {"of_ids": list(ids)}).all() if ids else []


# --- where few can match ---------------------------------------------------------------------------------------------


def _is_hopeless(db: Connection, wanted: Search) -> bool:
    """Whether the ledger holds none of the state."""
    return bool(wanted.state) and _n_of_state(db, wanted.state) == 0


def _n_of_state(db: Connection, state: str) -> int:
    return sum(n for slot, n in counts.read(db).items() if _is_of(slot, state))


def _is_of(slot: Slot, state: str) -> bool:
    return slot.held if state == HELD else slot.state == state and not slot.held


def _few(db: Connection, wanted: Search) -> Select[Any] | None:
    """Keys of few rows, by an index, that hold all that are wanted; None where there is no such index."""
    chosen = select(deliveries.c.id)
    if wanted.article_id is not None:
        kinds = literal_column("deliveries.kind").in_([literal_column(f"'{kind}'") for kind in ARTICLE_KINDS])
        return chosen.where(kinds, deliveries.c.article_id == wanted.article_id)
    if wanted.edition_id is not None and wanted.kind != Kind.RESEND:  # which the index does not have
        digests = literal_column("deliveries.kind") == literal_column(f"'{Kind.DIGEST}'")
        return chosen.where(digests, deliveries.c.edition_id == wanted.edition_id)
    if wanted.endpoint_id is not None:
        return chosen.where(deliveries.c.endpoint_id == wanted.endpoint_id)
    if wanted.state in _BY_INDEX and _n_of_state(db, wanted.state) <= FEW:
        rare = _BY_INDEX[wanted.state]().cte("rare").prefix_with("MATERIALIZED", dialect="postgresql")
        return chosen.where(deliveries.c.id.in_(select(rare.c.id)))
    return None


def _by_state(state: State, index: str) -> Select[Any]:
    stands = literal_column("deliveries.state") == literal_column(f"'{state}'")
    return select(deliveries.c.id).where(stands).with_hint(deliveries, f"INDEXED BY {index}", "sqlite")


def _held() -> Select[Any]:
    owed = literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")])
    return (
        select(deliveries.c.id)
        .where(literal_column("deliveries.due_at").is_(None), owed)
        .with_hint(deliveries, "INDEXED BY ix_deliveries_held", "sqlite")
    )


def _retrying() -> Select[Any]:
    """Ready again or waiting for their time: each has an index of its own."""
    ready, waiting = (
        select(deliveries.c.id)
        .where(literal_column("deliveries.ready") == literal_column(str(n)), deliveries.c.state == State.RETRYING)
        .with_hint(deliveries, f"INDEXED BY {index}", "sqlite")
        for n, index in ((1, "ix_deliveries_ready"), (0, "ix_deliveries_waiting"))
    )
    return select(ready.union_all(waiting).subquery().c.id)


_BY_INDEX = {
    State.DEAD: lambda: _by_state(State.DEAD, "ix_deliveries_dead"),
    State.SENDING: lambda: _by_state(State.SENDING, "ix_deliveries_lease"),
    State.RETRYING: _retrying,
    HELD: _held,
}


# --- what is wanted --------------------------------------------------------------------------------------------------


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    """What a row has to fulfil. The cheap ones first."""
    errors = (*_of_error(wanted.error), *_of_error(wanted.open_error, without=HIDDEN))
    return [*of_state(wanted.state), *_of_row(wanted), *_of_channel(wanted.channel), *errors]


def of_state(state: str) -> Iterator[ColumnElement[bool]]:
    """What a row in *state*, or held, fulfils; nothing for ""."""
    if state == HELD:
        yield deliveries.c.due_at.is_(None)
        yield deliveries.c.state.in_([State.PENDING, State.RETRYING])
    elif state:
        yield deliveries.c.state == state
        if state in {State.PENDING, State.RETRYING}:
            yield deliveries.c.due_at.is_not(None)


def _of_row(wanted: Search) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (deliveries.c.endpoint_id, wanted.endpoint_id),
        (deliveries.c.article_id, wanted.article_id),
        (deliveries.c.edition_id, wanted.edition_id),
        (deliveries.c.host_id, wanted.host_id),
        (deliveries.c.kind, wanted.kind or None),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield deliveries.c.created_at >= wanted.since
    if wanted.until is not None:
        yield deliveries.c.created_at < wanted.until
    if wanted.tried == Tried.NEVER:
        yield deliveries.c.attempts + deliveries.c.waits + deliveries.c.unknowns == 0
    elif wanted.tried == Tried.MAYBE:
        yield deliveries.c.unknowns > 0


def _of_channel(channel: str) -> Iterator[ColumnElement[bool]]:
    if channel:
        yield deliveries.c.lane == lane_of(channel)
        of = select(endpoints.c.id).where(endpoints.c.id == deliveries.c.endpoint_id, endpoints.c.channel == channel)
        yield exists(of.correlate(deliveries))


def _of_error(words: str, *, without: Sequence[str] = ()) -> Iterator[ColumnElement[bool]]:
    if words:
        tried = attempts.c.delivery_id == deliveries.c.id
        failed = select(attempts.c.id).where(tried, _says(attempts.c.error, words, without))
        yield or_(deliveries.c.attempts > 0, deliveries.c.waits > 0, deliveries.c.reason.is_not(None))
        yield or_(_says(deliveries.c.reason, words, without), exists(failed.correlate(deliveries)))


def _says(text: ColumnElement[Any], words: str, without: Sequence[str]) -> ColumnElement[bool]:
    says = text.icontains(words, autoescape=True)
    for one in without:
        says &= ~text.contains(one, autoescape=True)
    return says


def _id_at(db: Connection, moment: int, lowest: int, highest: int) -> int:
    """The first key, more or less, of those made at *moment* or later; keys rise with time."""
    low, high = lowest, highest + 1
    while low < high:
        middle = (low + high) // 2
        found = db.execute(_MADE_AT, {"from_id": middle}).first()
        if found is None or found.created_at >= moment:
            high = middle
        else:
            low = found.id + 1
    return low

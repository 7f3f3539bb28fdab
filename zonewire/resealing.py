"""Everything that the ring has sealed or marked is brought under its first key, batch by batch, beside running workers.

Whoever stops it loses nothing: each batch is whole, any key of the ring opens what is left, and the next run goes on
with that. Marks of people who were erased stay as they are: nothing is left that they could be made of.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Column, Connection, RowMapping, Table, bindparam, select, tuple_, update

from zonewire.delivery.channel_names import SEALED as SEALED_CHANNELS
from zonewire.delivery.endpoints import marks_of
from zonewire.errors import SettingWrong, StoreBusy
from zonewire.keys import KeyRing
from zonewire.store import Store
from zonewire.store.pacing import Pace
from zonewire.store.tables import endpoints, hub_requests, hub_subscriptions, private_feeds

log = structlog.get_logger()

BUSY_TRIES = 5
PASSES = 3
"""What another process seals under the key of before, while it does not know better, is met by the next pass."""

NONE = -1
"""The place of the key that is not in the ring."""


class Sealed(NamedTuple):
    """A table with sealed columns; its key is `id`."""

    table: Table
    columns: tuple[Column[Any], ...]


SEALED = (
    Sealed(endpoints, (endpoints.c.secret, endpoints.c.previous_secret, endpoints.c.sealed_address)),
    Sealed(private_feeds, (private_feeds.c.sealed_token,)),
    Sealed(hub_subscriptions, (hub_subscriptions.c.secret,)),
    Sealed(hub_requests, (hub_requests.c.secret,)),
)
"""Whatever is sealed. A test holds it against every column of bytes."""

Told = Callable[[int], None]
"""How many rows more it is through with."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a run came to, in rows."""

    written: int = 0
    unopened: int = 0  # with something that no key of the ring opens: left as they are
    twins: int = 0  # endpoints that another one of the same address stands beside: left as they are

    def __add__(self, other: "Resealed") -> "Resealed":
        return Resealed(self.written + other.written, self.unopened + other.unopened, self.twins + other.twins)


def uses_of(store: Store, keys: KeyRing, *, told: Told = lambda _: None) -> Counter[int]:
    """How many rows rest on each key, by its place in the ring; NONE counts those that no key opens."""
    uses: Counter[int] = Counter()
    for sealed in SEALED:
        after: int | None = 0
        while after is not None:
            with store.reading() as db:
                rows = _rows(db, sealed, after, 5_000)
            for row in rows:
                uses.update({place for _, place in _places(row, sealed, keys)})
            told(len(rows))
            after = rows[-1]["id"] if rows else None
    return uses


def reseal(store: Store, keys: KeyRing, *, told: Told = lambda _: None) -> Resealed:
    """Seal and mark again under the first key whatever another one has. Raises StoreBusy where that lasts."""
    pace, written = Pace(pauses=not store.is_postgresql), 0
    for _ in range(PASSES):
        came_to = Resealed()
        for sealed in SEALED:
            for looked_at, step in _steps(store, pace, sealed, keys):
                came_to += step
                told(looked_at)
        written += came_to.written
        if not came_to.written:
            break
    log.info("secrets.resealed", rows=written, unopened=came_to.unopened, twins=came_to.twins)
    return replace(came_to, written=written)


def _steps(store: Store, pace: Pace, sealed: Sealed, keys: KeyRing) -> Iterator[tuple[int, Resealed]]:
    """Go through a table, a batch and a transaction a step: how many rows it looked at, and what came of it."""
    after, tries = 0, 0
    while True:
        try:
            with pace.transaction(store.writing) as (db, most):
                rows = _rows(db, sealed, after, most, locked=True)
                step = _renew(db, sealed, rows, keys)
        except StoreBusy:  # PostgreSQL ends one of two that wait for each other
            tries += 1
            if tries > BUSY_TRIES:
                raise
            continue
        if not rows:
            return
        after, tries = rows[-1]["id"], 0
        yield len(rows), step


def _rows(db: Connection, sealed: Sealed, after: int, most: int, *, locked: bool = False) -> Sequence[RowMapping]:
    key = sealed.table.c.id
    wanted = [key, *sealed.columns]
    if sealed.table is endpoints:
        wanted += [endpoints.c.channel, endpoints.c.address, endpoints.c.address_key]
    statement = select(*wanted).where(key > after).order_by(key).limit(most)
    return db.execute(statement.with_for_update() if locked else statement).mappings().all()


def _places(row: RowMapping, sealed: Sealed, keys: KeyRing) -> Iterator[tuple[str, int]]:
    """Each column of a row that rests on a key, and on which."""
    for column in sealed.columns:
        if (value := row[column.name]) is not None:
            yield column.name, _place(value, keys)
    if sealed.table is endpoints and (text := _address(row, keys)) is not None:
        marks = marks_of(row["channel"], text, keys)
        mark = bytes(row["address_key"])
        yield endpoints.c.address_key.name, marks.index(mark) if mark in marks else NONE


def _place(value: bytes, keys: KeyRing) -> int:
    try:
        return keys.opened(bytes(value))[1]
    except SettingWrong:
        return NONE


def _address(row: RowMapping, keys: KeyRing) -> str | None:
    """The address of an endpoint; None where it is erased, or cannot be opened."""
    if row["channel"] not in SEALED_CHANNELS:
        return None if row["address"] is None else str(row["address"])
    if row["sealed_address"] is None or _place(row["sealed_address"], keys) == NONE:
        return None
    return keys.open(bytes(row["sealed_address"])).decode()


def _renew(db: Connection, sealed: Sealed, rows: Sequence[RowMapping], keys: KeyRing) -> Resealed:
    """Write anew those of *rows* that rest on another key than the first."""
    unopened, changed = 0, []
    for row in rows:
        places = dict(_places(row, sealed, keys))
        unopened += NONE in places.values()
        if any(place > 0 for place in places.values()):
            changed.append(_renewed(row, places, keys))
    if not changed:
        return Resealed(unopened=unopened)
    names = [column.name for column in sealed.columns]
    twins = 0
    if sealed.table is endpoints:
        twins = _leave_twins(db, changed)
        names.append(endpoints.c.address_key.name)
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    statement = update(sealed.table).where(sealed.table.c.id == bindparam("of_id")).values(values)
    db.execute(statement, [{key: one[key] for key in ("of_id", *(f"new_{name}" for name in names))} for one in changed])
    return Resealed(len(changed) - twins, unopened, twins)


def _renewed(row: RowMapping, places: Mapping[str, int], keys: KeyRing) -> dict[str, Any]:
    """The columns of a row as they are to be: what the first key has already, and what none opens, as it is."""
    values: dict[str, Any] = {"of_id": row["id"]}
    for name, value in row.items():
        values[name] = values[f"new_{name}"] = value
        if places.get(name, 0) > 0:
            is_mark = name == endpoints.c.address_key.name
            address = _address(row, keys) or "" if is_mark else ""
            values[f"new_{name}"] = (
                marks_of(row["channel"], address, keys)[0] if is_mark else keys.seal(keys.open(value))
            )
    return values


def _leave_twins(db: Connection, changed: Sequence[dict[str, Any]]) -> int:
    """Let marks stay that would become those of another endpoint; how many.

    Two processes that knew different rings have taken the same address in at once: both are found, under either key.
    """
    moved = {
        (one["channel"], one["new_address_key"]): one for one in changed if one["new_address_key"] != one["address_key"]
    }
    if not moved:
        return 0
    pair = tuple_(endpoints.c.channel, endpoints.c.address_key)
    taken = (
        db.execute(select(endpoints.c.channel, endpoints.c.address_key).where(pair.in_(list(moved)))).mappings().all()
    )
    for row in taken:
        one = moved[row["channel"], bytes(row["address_key"])]
        one["new_address_key"] = one["address_key"]
    return len(taken)

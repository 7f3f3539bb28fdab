"""Rows of any table, out of either database and into either, in the words of `manifest.Shape`.

The database writes each row as JSON itself: read column by column, a million deliveries took 12 s, so they take 3.
PostgreSQL takes rows by COPY.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    LargeBinary,
    Text,
    case,
    cast,
    column,
    func,
    insert,
    inspect,
    null,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from zonewire.backup.manifest import BOOLEAN, BYTES, NUMBER, TEXT, Shape
from zonewire.backup.numbering import last_key
from zonewire.store import is_postgresql
from zonewire.store.tables import metadata

OF_THE_MOMENT = frozenset({"heartbeats", "operator_sessions", "login_tries"})
"""Tables that say who is there now: nobody of them is, when a backup is restored."""

AT_ONCE = 1_000
"""Rows that are fetched together."""


def shapes_of(db: Connection) -> tuple[Shape, ...]:
    """Every table of ours that is there, in whatever shape, in an order in which rows find what they refer to."""
    ours = [name for name in tables_of(db) if name not in OF_THE_MOMENT]
    found = inspect(db).get_multi_columns(filter_names=ours)
    shapes = []
    for name in ours:
        columns = tuple((one["name"], _kind(one["type"])) for one in found[None, name])
        shapes.append(Shape(name, columns, last_key(db, name) if ("id", NUMBER) in columns else None))
    return tuple(shapes)


def tables_of(db: Connection) -> list[str]:
    """The names of our tables that are there; those that others refer to come first."""
    in_order = [name for name, _ in inspect(db).get_sorted_table_and_fkc_names() if name is not None]
    return [name for name in in_order if name in metadata.tables]


def lines_of(db: Connection, shape: Shape) -> Iterator[Sequence[str]]:
    """The rows of a table as JSON arrays, AT_ONCE of them at a time; never all in memory."""
    as_row = func.json_build_array if is_postgresql(db) else func.json_array
    values = [_in_json(db, name, kind) for name, kind in shape.columns]
    statement = select(cast(as_row(*values), Text)).select_from(table(shape.name))
    yield from db.execute(statement, execution_options={"yield_per": AT_ONCE}).scalars().partitions()


def _in_json(db: Connection, name: str, kind: str) -> ColumnElement[Any]:
    if kind != BYTES:
        return column(name)
    of = column(name, LargeBinary)
    # JSON has no bytes. SQLite's hex() makes an empty text of null.
    return func.encode(of, "hex") if is_postgresql(db) else case((of.is_(null()), null()), else_=func.hex(of))


def write(db: Connection, shape: Shape, lines: bytes) -> None:
    """Put rows, as `lines_of` gave them, a line each, into a table that lacks them."""
    rows = _read(shape, lines)
    if not rows:
        return
    names = [name for name, _ in shape.columns]
    if is_postgresql(db):
        quoted = db.dialect.identifier_preparer.quote
        into = f"{quoted(shape.name)} ({', '.join(map(quoted, names))})"
        with db.connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:  # type: ignore[attr-defined]  # psycopg's own
            for row in rows:
                copy.write_row(row)
    else:
        statement = insert(table(shape.name, *map(column, names))).compile(dialect=db.dialect)
        db.exec_driver_sql(str(statement), [tuple(row) for row in rows])


def _read(shape: Shape, lines: bytes) -> list[list[Any]]:
    rows: list[list[Any]] = orjson.loads(b"[" + b",".join(lines.splitlines()) + b"]")
    for place, (_, kind) in enumerate(shape.columns):
        if kind == BYTES:
            for row in rows:
                row[place] = None if row[place] is None else bytes.fromhex(row[place])
        elif kind == BOOLEAN:  # SQLite's are 0 and 1
            for row in rows:
                row[place] = None if row[place] is None else bool(row[place])
    return rows


def _kind(of: TypeEngine[Any]) -> str:
    if isinstance(of, Boolean):
        return BOOLEAN
    if isinstance(of, LargeBinary):
        return BYTES
    return TEXT if isinstance(of, Text) else NUMBER

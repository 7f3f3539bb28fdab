"""A database in the shape of any migration, with a row in each of its tables, written as a release of then would have.

The rows are made from the tables as they are found, so a shape needs nothing written down here; only what the main job
looks at has values that mean something, in `SAID`. What a later migration adds is not there yet.
"""

from typing import Any

from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, MetaData, Table, Text, inspect, text

from tests.builders import NOON, an_article
from zonewire.articles.model import pack
from zonewire.store import Store, migrate

REVISIONS = [f"{n:04}" for n in range(1, int(migrate.HEAD) + 1)]

ARTICLE = an_article(guid="https://portal.example/news/of-then", url="https://portal.example/news/of-then")

MARK = "alembic_version"
"""The table that says which shape it is."""

Row = dict[str, Any]

# A partner who wants everything at once, and one article that is owed to them.
SAID: dict[str, Row] = {
    "installation": {"number": 4711, "works_from": migrate.WORKS_FROM},
    "articles": {"guid": ARTICLE.guid, "entry_id": ARTICLE.guid, "newest": 1, "version": 1, "event_at": NOON},
    "versions": {"version": 1, "title": ARTICLE.title, "content": pack(ARTICLE)},
    "hosts": {"name": "receiver.example:443"},
    "endpoints": {"channel": "webhook", "address": "https://receiver.example/hook", "state": "healthy", "failures": 0},
    "filters": {"key": "{}", "wanted": 0, "written": "{}"},
    "filter_terms": {"dimension": "zone", "filter_id": 2},  # of another filter
    "subscriptions": {"cadence": "instant", "state": "active", "timezone": "Asia/Shanghai"},
    "deliveries": {"kind": "news", "lane": "push.http", "state": "pending", "ready": 1, "due_at": NOON}
    | {"article_id": 1, "number": 1}
    | dict.fromkeys(("attempts", "waits", "lapses", "unknowns", "part"), 0),
    "delivery_counts": {"lane": "push.http", "state": "pending", "shard": 0, "n": 1},
    "outbox": {"number": 1, "stage": "feeds", "taken_until": 0, "after_filter": 0, "after_endpoint": 0},
    "sequences": {"last": 0},
}


def make(store: Store, revision: str) -> dict[str, Row]:
    """Bring the empty *store* to *revision* and fill it; the row of each table as it stands then."""
    with store.writing() as db:
        migrate.bring_to(db, revision)
        return fill(db)


def fill(db: Connection) -> dict[str, Row]:
    """Put a row into every table; all of them as they stand then."""
    found = MetaData()
    found.reflect(db)
    for table in found.sorted_tables:  # in an order in which rows find what they refer to
        if table.name != MARK:
            db.execute(table.insert().values(_row(table)))
    return rows_of(db)


def rows_of(db: Connection) -> dict[str, Row]:
    """The first row of each table that has one."""
    found = {name: db.execute(text(f"SELECT * FROM {name}")).mappings().first() for name in tables_of(db)}
    return {name: dict(row) for name, row in found.items() if row is not None}


def tables_of(db: Connection) -> set[str]:
    """The names of the tables that are there."""
    return set(inspect(db).get_table_names()) - {MARK}


def _row(table: Table) -> Row:
    """What is said of it, else anything. Rows number themselves; what the main job looks at has only what it needs."""
    said = SAID.get(table.name)
    columns = [c for c in table.columns if c.name != "id" or table.name == "installation"]
    if said is None:
        return {column.name: _value(column) for column in columns}
    return {c.name: said[c.name] if c.name in said else None if c.nullable else _value(c) for c in columns}


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, LargeBinary):
        return b"bytes"
    if isinstance(column.type, Text):
        return column.name
    assert isinstance(column.type, Integer), column
    return NOON if column.name.endswith(("_at", "_until")) else 1

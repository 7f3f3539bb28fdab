"""The statements that every intake sends go by index, also on a large installation."""

from typing import Any

import pytest
from sqlalchemy import Connection, Executable, text

from tests.plans import plan_of
from zonewire.articles.statements import LAST_NUMBER
from zonewire.intake import statements
from zonewire.store import is_postgresql

ROWS = 100_000
KEYS = [str(n) for n in range(100)]
ASKED: dict[str, tuple[Executable, dict[str, Any]]] = {
    "known events": (statements.KNOWN_EVENTS, {"sources": ["urn:cms"] * 100, "event_ids": KEYS}),
    "articles": (statements.LOCK_ARTICLES, {"guids": KEYS}),
    "contents": (statements.NEWEST_CONTENTS, {"numbers": list(range(100))}),
    "last number": (LAST_NUMBER, {}),
}
FILLED = (
    "INSERT INTO events SELECT 'urn:cms', CAST(n AS text), CAST(n AS text), 1, n FROM {numbers}",
    "INSERT INTO articles SELECT n, CAST(n AS text), CAST(n AS text), n, 1, false, n, n FROM {numbers}",
    "INSERT INTO versions SELECT n, n, 1, false, 't', '', CAST('x' AS {bytes}), n, n FROM {numbers}",
    "ANALYZE",
)


@pytest.fixture
def large(db: Connection) -> Connection:
    series, of_bytes = f"generate_series(1, {ROWS}) AS n(n)", "bytea"
    if not is_postgresql(db):
        counting = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS}) SELECT n FROM n"
        series, of_bytes = f"({counting})", "blob"
    for statement in FILLED:
        db.execute(text(statement.format(numbers=series, bytes=of_bytes)))
    return db


def test_no_statement_of_intake_reads_a_whole_table(large: Connection) -> None:
    plans = {name: plan_of(large, statement, values) for name, (statement, values) in ASKED.items()}
    assert [(name, line) for name, plan in plans.items() for line in plan if _reads_all(line, plan)] == []


def _reads_all(line: str, plan: list[str]) -> bool:
    """A table without an index, or, on SQLite, an index from end to end; the last number needs one entry of it."""
    tables = ("events", "articles", "versions")
    is_last = len(plan) == 1
    return any(f"Seq Scan on {t}" in line or (line.startswith(f"SCAN {t}") and not is_last) for t in tables)

"""How a database means to run a statement."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Executable, event


def plan_of(db: Connection, statement: Executable, parameters: Mapping[str, Any]) -> list[str]:
    """The lines of the query plan, made with these very *parameters*; the statement is not run."""
    explain = "EXPLAIN " if db.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "

    def explained(_db: Any, _cursor: Any, words: str, given: Any, _context: Any, _many: bool) -> Any:  # noqa: FBT001
        return explain + words, given

    event.listen(db, "before_cursor_execute", explained, retval=True)
    try:
        rows = db.execute(statement, parameters).cursor.fetchall()
    finally:
        event.remove(db, "before_cursor_execute", explained)
    return [str(row[-1]) for row in rows]

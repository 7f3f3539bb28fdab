"""Count the statements that a block sends."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event


@contextlib.contextmanager
def counted(db: Connection) -> Iterator[list[str]]:
    """The statements that *db* sends within the block; one that is executed for many rows counts once."""
    sent: list[str] = []

    def note(_db: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db, "before_cursor_execute", note)

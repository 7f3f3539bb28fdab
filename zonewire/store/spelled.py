"""Statements written by hand that both databases take, and sets of rows as one parameter.

For statements whose shape the planner is touchy about, or that move a set of rows with values of their own. A template
holds `{rows}` where the set stands; it is bound as JSON under the name `rows`.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, TextClause, text

from zonewire.store.dialect import is_postgresql


class Spelled:
    """One statement, spelled for each database.

    *columns* name and type what one row of the set holds, such as ("id bigint", "reason text"). *sqlite* and
    *postgresql* give the words that differ, by their name in the template.
    """

    def __init__(
        self,
        template: str,
        *,
        columns: Sequence[str] = (),
        sqlite: dict[str, str] | None = None,
        postgresql: dict[str, str] | None = None,
    ) -> None:
        names = [column.split() for column in columns]
        on_sqlite = ", ".join(f"json_extract(value, '$[{i}]') AS {name}" for i, (name, _) in enumerate(names))
        on_postgresql = ", ".join(f"(r ->> {i})::{kind} AS {name}" for i, (name, kind) in enumerate(names))
        self._sqlite = text(
            template.format(rows=f"(SELECT {on_sqlite} FROM json_each(:rows))", **(sqlite or {})),
        )
        self._postgresql = text(
            template.format(
                rows=f"(SELECT {on_postgresql} FROM json_array_elements(CAST(:rows AS json)) AS r)",
                **(postgresql or {}),
            ),
        )

    def on(self, db: Connection) -> TextClause:
        """The statement in the words of *db*'s database."""
        return self._postgresql if is_postgresql(db) else self._sqlite


def as_rows(rows: Sequence[Sequence[Any]]) -> str:
    """What to bind as `rows`."""
    return orjson.dumps([tuple(row) for row in rows]).decode()

"""Statements written by hand that both databases take, and sets of rows as one parameter.

For statements whose shape the planner is touchy about, or that move a set of rows with values of their own. A template
holds `{rows}` where the set stands, `{ids}` or `{lease_ids}` where a set of ids does; each is bound as JSON under its
name. Many rows come back as one as well, `SELECT {collect}({array}(a, b))`, for `read_rows` to open: SQLite's driver
gives the interpreter's lock away at each row, and with other threads waiting for it that costs more than the row.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, TextClause, text

from zonewire.store.dialect import is_postgresql

_ON_SQLITE = {"collect": "json_group_array", "array": "json_array", "ascii": "CAST", "as_ascii": "AS TEXT"}
_ON_POSTGRESQL = {"collect": "json_agg", "array": "json_build_array", "ascii": "convert_from", "as_ascii": ", 'UTF8'"}
_SETS_OF_IDS = ("ids", "lease_ids")
_IDS_ON_POSTGRESQL = "(SELECT r::bigint AS id FROM json_array_elements_text(CAST(:{name} AS json)) AS r)"


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
        on_one = _ON_SQLITE | (sqlite or {})
        sets = {"rows": f"(SELECT {on_sqlite} FROM json_each(:rows))"}
        sets |= {name: f"(SELECT value AS id FROM json_each(:{name}))" for name in _SETS_OF_IDS}
        self._sqlite = text(template.format(**sets, **on_one))
        on_other = _ON_POSTGRESQL | (postgresql or {})
        sets = {"rows": f"(SELECT {on_postgresql} FROM json_array_elements(CAST(:rows AS json)) AS r)"}
        sets |= {name: _IDS_ON_POSTGRESQL.format(name=name) for name in _SETS_OF_IDS}
        self._postgresql = text(template.format(**sets, **on_other))

    def on(self, db: Connection) -> TextClause:
        """The statement in the words of *db*'s database."""
        return self._postgresql if is_postgresql(db) else self._sqlite


def as_rows(rows: Sequence[Sequence[Any]]) -> str:
    """What to bind as `rows`."""
    return orjson.dumps([tuple(row) for row in rows]).decode()


def as_ids(ids: Sequence[int]) -> str:
    """What to bind as `ids`."""
    return orjson.dumps(ids).decode()


def read_rows(db: Connection, statement: TextClause, parameters: dict[str, Any]) -> list[list[Any]]:
    """The rows of a *statement* that collects them into one JSON array."""
    collected = db.execute(statement, parameters).scalar()
    if isinstance(collected, str):
        return list(orjson.loads(collected))
    return collected or []  # PostgreSQL's driver has read it already; no rows are null there

"""The first and the last member of a backup: what it is of, and the sums by which it is known to be whole."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from zonewire.errors import BackupUnreadable

FORMAT = 1
"""Of the file. Another one is refused by name; tables and columns may change without it."""

NUMBER, TEXT, BOOLEAN, BYTES = "number", "text", "boolean", "bytes"
"""What a column holds. Bytes stand in the file as hexadecimal digits."""


class Shape(NamedTuple):
    """A table as it stood when the backup was made."""

    name: str
    columns: tuple[tuple[str, str], ...]  # name and kind
    last_key: int | None  # the highest that its sequence had given; None where it has no sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is of."""

    release: str
    made_at: int  # microseconds, by the database's clock
    migration: str
    installation: int
    database: str  # sqlite, postgresql
    shapes: tuple[Shape, ...]  # in an order in which rows find what they refer to
    files: tuple[str, ...]
    keys: tuple[str, ...]  # short marks of the keys that seal what is in it, the first one first

    def as_json(self) -> bytes:
        """For people too."""
        tables = [{"name": s.name, "last_key": s.last_key, "columns": dict(s.columns)} for s in self.shapes]
        return orjson.dumps(
            {
                "format": FORMAT,
                "release": self.release,
                "made_at": self.made_at,
                "migration": self.migration,
                "installation": self.installation,
                "database": self.database,
                "files": self.files,
                "keys": self.keys,
                "tables": tables,
            },
            option=orjson.OPT_INDENT_2,
        )

    @classmethod
    def parse(cls, text: bytes) -> "Manifest":
        """Raises BackupUnreadable for what is none, and for a format of another release."""
        try:
            given: dict[str, Any] = orjson.loads(text)
            if given["format"] != FORMAT:
                raise BackupUnreadable(
                    f"it is of format {given['format']}, which this release does not read",
                    mend=f"Take the release that made it ({given.get('release')}), or a newer one.",
                )
            shapes = [Shape(t["name"], tuple(t["columns"].items()), t["last_key"]) for t in given["tables"]]
            return cls(
                release=given["release"],
                made_at=given["made_at"],
                migration=given["migration"],
                installation=given["installation"],
                database=given["database"],
                shapes=tuple(shapes),
                files=tuple(given["files"]),
                keys=tuple(given["keys"]),
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise BackupUnreadable("its manifest cannot be read", mend="Take another backup.") from None


@dataclass(slots=True)
class Sums:
    """Rows and SHA-256 of each table, gathered as its chunks go by."""

    rows: dict[str, int] = field(default_factory=dict)
    _hashes: dict[str, Any] = field(default_factory=dict)

    def open(self, tables: Iterable[str]) -> None:
        """*tables* are there, if with no row yet."""
        for table in tables:
            if table not in self.rows:
                self.rows[table], self._hashes[table] = 0, hashlib.sha256()

    def add(self, table: str, lines: bytes) -> None:
        """Take a chunk of *table* in."""
        self.open([table])
        self.rows[table] += lines.count(b"\n")
        self._hashes[table].update(lines)

    def as_json(self) -> bytes:
        """The last member."""
        told = {name: {"rows": n, "sha256": self._hashes[name].hexdigest()} for name, n in self.rows.items()}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

"""A backup is taken: one consistent state of the database, while everything goes on.

SQLite reads in one transaction of its write-ahead log, PostgreSQL in one snapshot (REPEATABLE READ, READ ONLY); nobody
waits for it. Rows pass through, a megabyte at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import structlog
from sqlalchemy import Connection, func, select, table

from zonewire import __version__
from zonewire.backup import archive
from zonewire.backup.manifest import Manifest, Shape, Sums
from zonewire.backup.rows import lines_of, shapes_of
from zonewire.errors import NotFound, SettingWrong
from zonewire.store import SECOND, Store, is_postgresql, migrate
from zonewire.store import now as clock
from zonewire.store.tables import installation

log = structlog.get_logger()

CHUNK_BYTES = 1024 * 1024

Told = Callable[[int, int], None]
"""How far it is: rows done, rows in all."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to a database and stands beside it."""

    files: Mapping[str, bytes]  # by name
    keys: Sequence[str]  # short marks of the keys that seal what is in the database


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made."""

    manifest: Manifest
    rows: Mapping[str, int]  # by table


def take(store: Store, out: BinaryIO, *, beside: Callable[[], Beside], told: Told | None = None) -> Taken:
    """Write a backup of *store* to *out*. Raises NotFound where nothing is there, SettingWrong for a newer database.

    *beside* is asked once the state of the database stands fast: a key that seals any of it is in the ring by then.
    """
    began = time.monotonic()
    with store.reading() as db:
        if is_postgresql(db):
            db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            db.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout TO 0")  # whoever takes it may be slow
        manifest, files = _described(db, beside)
        writer = archive.Writer(out, at_s=manifest.made_at // SECOND)
        writer.add(archive.MANIFEST, manifest.as_json())
        for name, body in files.items():
            writer.add(f"{archive.FILES}{name}", body)
        sums = _write_tables(db, writer, manifest.shapes, told)
        writer.add(archive.SUMS, sums.as_json())
        writer.close()
    took_ms = int((time.monotonic() - began) * 1000)
    log.info("backup.taken", migration=manifest.migration, rows=sum(sums.rows.values()), took_ms=took_ms)
    return Taken(manifest, dict(sums.rows))


def _described(db: Connection, beside: Callable[[], Beside]) -> tuple[Manifest, Mapping[str, bytes]]:
    migration = migrate.shape_of(db)  # the first thing that is read: the state stands fast from here on
    if migration is None:
        raise NotFound("there is no database to back up", mend="`zonewire up` or `zonewire db upgrade` makes one.")
    if migration > migrate.HEAD:
        raise SettingWrong(
            f"the database is of a newer release (migration {migration}), and may have tables that this one misses",
            where="ZONEWIRE_DATABASE_URL",
            mend="Take the backup with that release.",
        )
    found = beside()
    manifest = Manifest(
        release=__version__,
        made_at=clock(db),
        migration=migration,
        installation=int(db.execute(select(func.max(installation.c.number))).scalar_one()),
        database=db.dialect.name,
        shapes=shapes_of(db),
        files=tuple(found.files),
        keys=tuple(found.keys),
    )
    return manifest, found.files


def _write_tables(db: Connection, writer: archive.Writer, shapes: Sequence[Shape], told: Told | None) -> Sums:
    expected = sum(_count(db, shape.name) for shape in shapes) if told else 0
    sums = Sums()
    sums.open(shape.name for shape in shapes)
    for shape in shapes:
        for nth, lines in enumerate(_chunks(db, shape), 1):
            writer.add(f"{archive.TABLES}{shape.name}/{nth:06}.jsonl", lines)
            sums.add(shape.name, lines)
            if told:
                told(sum(sums.rows.values()), expected)
    return sums


def _chunks(db: Connection, shape: Shape) -> Iterator[bytes]:
    """The rows of a table, a line each, about CHUNK_BYTES at a time."""
    gathered = bytearray()
    for some in lines_of(db, shape):
        gathered += "\n".join(some).encode() + b"\n"
        if len(gathered) >= CHUNK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _count(db: Connection, name: str) -> int:
    return int(db.execute(select(func.count()).select_from(table(name))).scalar_one())

"""What the doctor looks at of the database, and of the workers that beat there."""

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import text

from config.settings import Settings
from workers.doctor.clocks import examine_clock
from workers.doctor.findings import Finding, Result
from workers.doctor.machine import sqlite_file
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, Store, migrate, open_store
from zonewire.store import now as clock
from zonewire.store.pulse import write_nothing


def examine_database(settings: Settings) -> Iterator[Finding]:
    """Its shape, whether it takes writes and keeps them, its clock, and who works on it."""
    file = sqlite_file(settings)
    if file is not None and not file.exists():  # opening would make it
        mend = "`zonewire up` makes it, or any command that writes."
        found = f"{file} is not there yet" if settings.database_url else f"none in {settings.data_dir} yet"
        yield Finding("database", Result.WARN, found, mend)
        return
    with closing(open_store(settings.database, pool_size=1)) as store:
        with store.reading() as db:
            if not migrate.is_current(db):
                found = "has not this version's tables"
                yield Finding(
                    "database", Result.FAIL, found, "Run `zonewire db upgrade`; `zonewire up` does it itself."
                )
                return
        with store.settling() as db:
            write_nothing(db)
        yield _durability(store)
        yield from examine_clock("the database", _database_clock(store))
        yield _workers(store)


def _durability(store: Store) -> Finding:
    with store.reading() as db:
        if store.is_postgresql:
            version = db.execute(text("SHOW server_version")).scalar()
            off = [name for name in ("fsync", "full_page_writes") if db.execute(text(f"SHOW {name}")).scalar() == "off"]
            if off:
                found = f"PostgreSQL {version} runs with {' and '.join(off)} off: a power cut may spoil it"
                return Finding("database", Result.FAIL, found, "Switch it on in postgresql.conf, and restart it.")
            return Finding("database", Result.OK, f"PostgreSQL {version} takes writes, its tables are this version's")
        mode = db.execute(text("PRAGMA journal_mode")).scalar()
        if mode != "wal":
            found = f"SQLite with the journal mode {mode}: readers and writers wait for each other"
            return Finding("database", Result.WARN, found, "Is it on a network disk? Put it on a local one.")
        return Finding("database", Result.OK, "SQLite takes writes, its tables are this version's")


def _database_clock(store: Store) -> float:
    with store.reading() as db:
        return clock(db) / SECOND


def _workers(store: Store) -> Finding:
    with store.reading() as db:
        workers = heartbeats.workers_by_lane(db)
    idle = [lane.value for lane in Lane if not workers[lane]]
    if len(idle) == len(Lane):
        return Finding("workers", Result.WARN, "none runs", "Start `zonewire up`, or `zonewire worker`.")
    if idle:
        mend = f"Start `zonewire worker --lanes {','.join(idle)}`."
        return Finding("workers", Result.FAIL, f"none on {', '.join(idle)}", mend)
    return Finding("workers", Result.OK, f"{workers.total()} on {len(Lane)} lanes")

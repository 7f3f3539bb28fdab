"""What the doctor looks at of the database, and of the workers that beat there."""

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import Connection, func, select, text

from config.settings import Settings
from workers.doctor.clocks import examine_clock
from workers.doctor.files import sqlite_file
from workers.doctor.findings import Finding, Result
from workers.doctor.work import examine_work
from zonewire.alarms import blind_since
from zonewire.alarms.symptoms import SLOW_WRITE_S
from zonewire.delivery import heartbeats
from zonewire.picturing import write_s
from zonewire.store import SECOND, Store, migrate, open_store
from zonewire.store import now as clock
from zonewire.store.pulse import write_nothing
from zonewire.store.tables import versions

AHEAD_S = 60
SLOW_MEND = "See docs/operators/runbook.md, database-slow: who else uses the disk, holds a lock, or has the file open."
NEEDED = 60
"""Connections: three or four for reading and for writing in each of seven workers and a web face, and some commands."""

# What there is for people who are not superusers, what other databases hold of it, and what ours is limited to.
_CONNECTIONS = text(
    """
    SELECT CAST(current_setting('max_connections') AS int)
            - CAST(current_setting('superuser_reserved_connections') AS int),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname <> current_database()),
        (SELECT datconnlimit FROM pg_database WHERE datname = current_database())
    """
)


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
            wrong = _shape(db)
        if wrong is not None:
            yield wrong
            return
        with store.settling() as db:
            write_nothing(db)
        yield from _slowness(store)
        yield _durability(store)
        yield from _connections(store)
        yield from examine_clock("the database", _database_clock(store))
        yield from _future(store)
        yield from examine_work(store)


def _shape(db: Connection) -> Finding | None:
    """What is wrong with the tables; None where this release works on them."""
    found = migrate.shape_of(db)
    if migrate.is_current(db):
        return None
    if found is not None and found > migrate.HEAD:
        said = f"is of a newer release (migration {found}, this one knows {migrate.HEAD}), and has left this one behind"
        return Finding("database", Result.FAIL, said, "Bring this machine to that release.")
    said = f"has not this version's tables (migration {found or 'none'}, wanted {migrate.HEAD})"
    return Finding("database", Result.FAIL, said, "Run `zonewire db upgrade`; `zonewire up` does it itself.")


def _slowness(store: Store) -> Iterator[Finding]:
    """What the watch has measured: a single write may have been lucky."""
    with store.reading() as db:
        moment = clock(db)
        took, since, living = write_s(db, now=moment), blind_since(db, now=moment), heartbeats.list_workers(db)
    if since is not None and living:
        found = f"some writes do not get through: nobody could note how things are for {(moment - since) // SECOND} s"
        yield Finding("database", Result.FAIL, found, SLOW_MEND)
    elif took is not None and took > SLOW_WRITE_S:
        found = f"a small write took {took:.1f} s on average, for five minutes now"
        yield Finding("database", Result.FAIL, found, SLOW_MEND)


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


def _future(store: Store) -> Iterator[Finding]:
    """What was accepted tomorrow was accepted by a clock that has been set back since."""
    with store.reading() as db:
        ahead_s = (int(db.execute(select(func.max(versions.c.accepted_at))).scalar() or 0) - clock(db)) / SECOND
    if ahead_s > AHEAD_S:
        found = f"the newest article was accepted {ahead_s:,.0f} s from now: the clock ran ahead, and was set back"
        mend = "Nothing is lost; what became due by that clock waits until then. Let NTP keep it from now on."
        yield Finding("clock", Result.WARN, found, mend)


def _connections(store: Store) -> Iterator[Finding]:
    """PostgreSQL alone: whether it has connections for all processes, beside those that others hold."""
    if not store.is_postgresql:
        return
    with store.reading() as db:
        most, others, limit = db.execute(_CONNECTIONS).one()
    free = min(most - others, limit if limit >= 0 else most)
    if free < NEEDED:
        found = f"PostgreSQL has {free} connections for us (max_connections {most}, {others} of them others')"
        mend = f"Raise max_connections, or the database's limit: seven workers and a web face use up to {NEEDED}."
        yield Finding("database", Result.WARN, found, mend)

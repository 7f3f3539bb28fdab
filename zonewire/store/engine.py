"""The store: one database behind three doors.

`reading` sees one consistent state and writes nothing. `writing` commits to the disk before it returns: for
whatever creates an id that somebody outside will see. `settling` may lose its last commits in a power cut: for
claims, settles and attempts, where that only means the same delivery under the same id again. On SQLite the two
writers are two pools, since `synchronous` belongs to the connection; each writing transaction begins IMMEDIATE,
because a deferred one that has read is refused at its first write.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from zonewire.errors import SettingWrong, StoreBusy, StoreFull, StoreUnavailable

WAIT_MS = 5_000
"""How long a writer waits for the database before it gives up (StoreBusy)."""


@dataclass(frozen=True, slots=True)
class Store:
    """The database of one process. Never carried over a fork: open it in the child."""

    url: str
    _reader: Engine
    _writer: Engine
    _settler: Engine

    @property
    def is_postgresql(self) -> bool:
        """Else it is SQLite."""
        return self._writer.dialect.name == "postgresql"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view. Raises StoreUnavailable, StoreBusy."""
        with translated(), self._reader.begin() as db:
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on the disk when the block ends. Raises StoreBusy, StoreFull, StoreUnavailable."""
        with translated(), self._writer.begin() as db:
            yield db

    @contextlib.contextmanager
    def settling(self) -> Iterator[Connection]:
        """A transaction that a power cut may take back. Raises StoreBusy, StoreFull, StoreUnavailable."""
        with translated(), self._settler.begin() as db:
            yield db

    def close(self) -> None:
        """Give the connections back."""
        for engine in {self._reader, self._writer, self._settler}:
            engine.dispose()


def open_store(url: str, *, pool_size: int = 4) -> Store:
    """Open the database at *url* (`sqlite:///PATH` or `postgresql://…`). Connects when first used.

    Raises SettingWrong for an address that is neither.
    """
    try:
        parsed = make_url(url)
    except Exception as cause:
        raise SettingWrong("this is no database address", where="ZONEWIRE_DATABASE_URL", mend=_FORMS) from cause
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database:
            raise SettingWrong("SQLite needs a file", where="ZONEWIRE_DATABASE_URL", mend=_FORMS)
        try:
            Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # a new one is its owner's
        except OSError as cause:
            raise SettingWrong(
                f"{Path(parsed.database).parent} cannot be made: {cause.strerror}",
                where="ZONEWIRE_DATA_DIR",
                mend="Name a folder that this user may write to.",
            ) from None
        return Store(
            url,
            _sqlite(url, pool_size, begin="BEGIN", synchronous="FULL"),
            _sqlite(url, pool_size, begin="BEGIN IMMEDIATE", synchronous="FULL"),
            _sqlite(url, pool_size, begin="BEGIN IMMEDIATE", synchronous="NORMAL"),
        )
    if parsed.get_backend_name() == "postgresql":
        plain = parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        durable = _postgresql(plain, pool_size)
        return Store(url, durable, durable, _postgresql(plain, pool_size, first=_SETTLING))
    raise SettingWrong(f"{parsed.drivername} is not supported", where="ZONEWIRE_DATABASE_URL", mend=_FORMS)


# The ledger's statements all go by an index and touch at most some thousand rows. Statistics from before a fan-out
# (a fresh table has none) make the planner believe otherwise, and scan: a claim of 4 ms then took 19 s.
_SETTLING = """
    SET LOCAL synchronous_commit TO off; SET LOCAL enable_seqscan TO off; SET LOCAL enable_hashjoin TO off;
    SET LOCAL enable_mergejoin TO off; SET LOCAL plan_cache_mode TO force_custom_plan
"""
_FORMS = "It is sqlite:////absolute/path or postgresql://user:password@host/name."


def _sqlite(url: str, pool_size: int, *, begin: str, synchronous: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=16,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def make_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
        _make_private(arguments[0])

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in (
            f"busy_timeout={WAIT_MS}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16384",
            "journal_size_limit=67108864",
            # A busy minute writes the same pages again and again: a longer journal is copied back once for many times.
            "wal_autocheckpoint=8000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(db: Connection) -> None:
        db.exec_driver_sql(begin)

    return engine


def _make_private(path: str) -> None:
    """Make a new database's file for its owner alone: SQLite would go by the umask. Its -wal and -shm take the mode.

    Never opens one that is there: whoever closes a descriptor takes the locks that SQLite has on the file.
    """
    if not path.startswith("file:"):  # SQLite's own form of an address, which it reads itself
        with contextlib.suppress(OSError):  # it is there, or SQLite says better why it cannot be made
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR))


def _postgresql(url: str, pool_size: int, *, first: str | None = None) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=16,
        pool_pre_ping=True,
        hide_parameters=True,  # an error names its statement, and never whose address was in it
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "tcp_user_timeout": 15_000,  # a server that vanished is noticed, and no turn hangs on it for ever
            "options": f"-c lock_timeout={WAIT_MS} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
        },
    )
    if first is not None:

        @event.listens_for(engine, "begin")
        def start(db: Connection) -> None:
            db.exec_driver_sql(first)

    return engine


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Say in our words what a database refused."""
    try:
        yield
    except DBAPIError as cause:
        raise _ours(cause) from cause


def _ours(cause: DBAPIError) -> Exception:
    """The error of our tree for *cause*; *cause* itself where it is a fault of ours (a constraint, say)."""
    original = cause.orig
    message = str(original)
    state = getattr(original, "sqlstate", None)
    if any(words in message for words in _FULL) or state in {"53100", "53200"}:
        return StoreFull("the disk under the database is full", mend="Free some space; nothing was changed.")
    if "database is locked" in message or "database table is locked" in message or state in {"55P03", "40001", "40P01"}:
        return StoreBusy("the database did not come free in time", mend="Try again in a moment; nothing was changed.")
    if isinstance(cause, OperationalError) and (cause.connection_invalidated or state is None or state[:2] in _AWAY):
        return StoreUnavailable(f"the database cannot be used: {message.splitlines()[0] if message else cause}")
    return cause


_FULL = ("database or disk is full", "No space left on device")  # SQLite; PostgreSQL, to whoever connects
_AWAY = frozenset({"08", "57"})  # connection exceptions; operator intervention

__all__ = ["WAIT_MS", "Store", "open_store", "translated"]

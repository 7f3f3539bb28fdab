"""Fixtures: a fresh, migrated database on SQLite and on PostgreSQL; a Redis."""

import gc
import shutil
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher
from sqlalchemy import Connection

from tests.servers.postgres import Postgres, PostgresPool, running_postgres
from tests.servers.redis import RedisServer, running_redis
from zonewire.keys import passwords
from zonewire.store import Store, open_store, upgrade

# As it runs unless told: at level debug each delivered try has a line. Its own tracebacks show each local variable of
# each frame, and take a second where a statement of ours is among them.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.set_exc_info,
        structlog.processors.TimeStamper(fmt="%H:%M:%S"),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    wrapper_class=structlog.make_filtering_bound_logger("info"),
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while thousands of tests are found, nor ever again among them: a quarter of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run, over TCP; whoever kills or flushes it takes `running_redis()` for itself."""
    with running_redis(over_tcp=True) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a migrated database to copy from."""
    url = postgres.fresh()
    store = open_store(url)
    upgrade(store)
    store.close()
    return url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def postgres_pool(postgres: Postgres, migrated_postgres: str) -> PostgresPool:
    """Databases that one test after the other takes: emptying one takes a twentieth of making one."""
    return PostgresPool(postgres, migrated_postgres)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "zonewire.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    return path


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take a hundredth of the time: for tests in which it is not about them."""
    monkeypatch.setattr(passwords, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    monkeypatch.setattr(passwords, "_nobodys", cache(lambda: passwords.hashed("nobody's")))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database; each test that asks runs on both."""
    if request.param == "sqlite":
        path = tmp_path / "zonewire.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    pool: PostgresPool = request.getfixturevalue("postgres_pool")
    url = pool.take()
    yield url
    pool.give_back(url)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh database, open."""
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def plain_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh SQLite database, open: for tests in which something else than the database varies."""
    path = tmp_path / "zonewire.db"
    shutil.copy(migrated_sqlite, path)
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def db(store: Store) -> Iterator[Connection]:
    """One writing transaction on a fresh database."""
    with store.writing() as connection:
        yield connection

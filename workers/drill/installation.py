"""The installation that is drilled: a `zonewire up` with a folder, a port and an environment of its own (Linux).

Its environment is built from nothing: no setting, token or address of the installation beside it is known to it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis
import requests

from config.settings import redis_socket
from workers.drill.plan import SETTINGS
from workers.supervisor import NAME_PREFIX
from zonewire import ROOT
from zonewire.errors import ZonewireError
from zonewire.store import Store, open_store

PROC = Path("/proc")
READY_S, STOP_S, COMMAND_S = 90.0, 25.0, 120.0
STEP_S = 0.05
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
"""What the interpreter and its programs need to be found; nothing else of our environment is."""
REDIS = "redis"
CATALOGUE = '[portal]\nname = "Drill"\n'
"""The installation's own may name hubs of others, who would be told of every article of ours."""

# It dies with us, however we end.
_PROGRAM = "from zonewire.parent import die_with_parent; die_with_parent(); from cli.main import main; main()"


class InstallationFailed(ZonewireError):
    """The drilled installation did not start, or ended by itself: nothing can be judged."""


@dataclass(slots=True)
class Installation:
    """One folder, and what runs on it now."""

    folder: Path
    port: int
    settings: Mapping[str, str]
    database_url: str
    ended_by_itself: list[int] = field(default_factory=list)  # exit statuses
    _mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    _up: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where its web face answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """All that its processes know."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        own = {"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "DRILL": self._mark}
        place = {
            "ZONEWIRE_DATA_DIR": str(self.data),
            "ZONEWIRE_CATALOGUE": str(self.folder / "catalogue.toml"),
        }
        return passed | own | SETTINGS | dict(self.settings) | place

    # -- starting and ending --

    def start(self) -> None:
        """Start all of it. Called by the thread that lives longest: it dies with that one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "catalogue.toml").write_text(CATALOGUE)
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen(  # noqa: S603  # ours, no shell
                [sys.executable, "-c", _PROGRAM, "up", "--port", str(self.port), "--data", str(self.data)],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C comes to us alone
            )

    def wait_until_ready(self) -> None:
        """Until /readyz says so. Raises InstallationFailed."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self._up is None or self._up.poll() is not None:
                raise InstallationFailed(f"its `zonewire up` ended: {self.last_words()}")
            with contextlib.suppress(requests.RequestException), _session() as session:
                if session.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            time.sleep(STEP_S)
        raise InstallationFailed(f"it was not ready within {READY_S:.0f} s: {self.last_words()}")

    def start_again_if_it_ended(self) -> bool:
        """A service manager would. Whether it had ended, though nobody had killed it."""
        if self._up is None or self._up.poll() is None:
            return False
        self.ended_by_itself.append(self._up.returncode)
        self.start()
        return True

    def kill(self) -> None:
        """Kill `up` with -9; all the others die with it, Redis a moment later."""
        if self._up is not None:
            self._up.kill()
            self._up.wait()
            self._up = None

    def stop(self) -> float | None:
        """End it in order; in how many seconds. None where it had to be killed."""
        if self._up is None:
            return None
        began = time.monotonic()
        self._up.terminate()
        try:
            self._up.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        self._up = None
        return round(time.monotonic() - began, 1)

    def end(self) -> int:
        """Kill what is left of it, and forget Redis's folder where its socket had one; how many processes were left."""
        self.kill()
        deadline = time.monotonic() + 2.0  # Redis is asked to end by the kernel
        while (left := self._marked()) and time.monotonic() < deadline:
            time.sleep(STEP_S)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        private = redis_socket(self.data).parent
        if private != self.data:
            shutil.rmtree(private, ignore_errors=True)
        return len(left)

    # -- its processes --

    def children(self) -> dict[str, int]:
        """The processes of `up`, by the names that it calls them."""
        found: dict[str, int] = {}
        up = self._up.pid if self._up is not None else -1
        for entry in PROC.iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError):
                said = (entry / "stat").read_text(errors="replace")
                name, rest = said.partition("(")[2].rpartition(")")[::2]
                state, parent = rest.split()[:2]
                if int(parent) == up and state not in "ZX":
                    found[REDIS if "valkey" in name else name.removeprefix(NAME_PREFIX)] = int(entry.name)
        return found

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to the process called *name*, which may just be starting again; which one it was.

        Raises InstallationFailed.
        """
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                if (pid := self.children().get(name)) is not None:
                    os.kill(pid, number)
                    return pid
            time.sleep(STEP_S)
        raise InstallationFailed(f"its process {name} was not started again within {READY_S:.0f} s")

    def _marked(self) -> list[int]:
        """Whatever lives and was started with our mark, whoever its parent is."""
        found = []
        for entry in PROC.iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and f"DRILL={self._mark}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return found

    # -- using and looking --

    def command(self, *words: str, given: bytes = b"") -> str:
        """What `zonewire *words*` prints there. Raises InstallationFailed where it fails."""
        done = subprocess.run(  # noqa: S603  # ours, no shell
            [sys.executable, "-c", _PROGRAM, *words],
            env=self.environment,
            cwd=ROOT,
            input=given,
            capture_output=True,
            timeout=COMMAND_S,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise InstallationFailed(f"`zonewire {' '.join(words[:2])}` ended with {done.returncode} there: {said}")
        return done.stdout.decode()

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Its database, to look at."""
        store = open_store(self.database_url, pool_size=2)
        try:
            yield store
        finally:
            store.close()

    def redis(self) -> redis.Redis:
        """A connection to its Redis."""
        return redis.Redis(unix_socket_path=str(redis_socket(self.data)), socket_timeout=5)

    def last_words(self) -> str:
        """The end of what it printed."""
        log = self.folder / "up.log"
        lines: Sequence[str] = log.read_text(errors="replace").splitlines() if log.is_file() else ()
        return " / ".join(lines[-3:]) or "it said nothing"


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy between us
    return session

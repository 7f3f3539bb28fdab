"""An installation driven from outside, as its users and its misfortunes do: real processes, HTTP, the command line."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import redis
import requests

from config.settings import PREFIX, made_secrets, redis_socket
from tests.builders import an_event_json
from tests.cli.here import run_in_this_process
from tests.e2e import processes
from tests.eventually import eventually
from tests.servers.ports import free_port
from zonewire import ROOT
from zonewire.articles.model import Article
from zonewire.store import Store, open_store

ZONEWIRE = Path(sys.executable).parent / "zonewire"
OURS = (str(ZONEWIRE),)
READY_WITHIN_S = 30  # a failure after this long; what the design promises is asserted by tests
ENDS_WITHIN_S = 20
BATCH = "application/cloudevents-batch+json"


class Installation:
    """One data folder, the settings that it runs with, and whatever runs on it now."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        """*settings* go into the environment: `smtp_url="…"` is ZONEWIRE_SMTP_URL."""
        self.data_dir = data_dir
        self.port = free_port()
        self.started_in_s = 0.0
        self.program: Sequence[str] = OURS
        self.checkout = ROOT  # whose code it is; another one has another program too
        self._mark = f"E2E_INSTALLATION={uuid.uuid4()}"
        self._running: list[subprocess.Popen[bytes]] = []
        values = {"data_dir": str(data_dir), "allow_private_endpoints": "true"} | settings
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.environment = inherited | {PREFIX + name.upper(): value for name, value in values.items()}

    @property
    def base_url(self) -> str:
        """Where its web face answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What its processes printed."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    # --- starting and ending ---

    def up(self, *args: str) -> None:
        """Start all of it on one machine and wait until it says that it is ready."""
        began = time.monotonic()
        self.start("up", "--port", str(self.port), "--data", str(self.data_dir), *args)
        self.wait_until_ready()
        self.started_in_s = time.monotonic() - began

    def start(self, *args: str) -> "subprocess.Popen[bytes]":
        """Start one process of it (`worker`, `beat`, `web`) in a session of its own; returns at once."""
        name, value = self._mark.split("=")
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                [*self.program, *args],
                env=self.environment | {name: value},
                cwd=self.checkout,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(started)
        return started

    def wait_until_ready(self) -> None:
        """Until /readyz answers 200."""
        try:
            eventually(self.is_ready, within_s=READY_WITHIN_S, what=f"{self.base_url}/readyz answers 200")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.last_words()}") from None

    def is_ready(self) -> bool:
        """Whether /readyz answers 200 now. Raises AssertionError once a process that was started has failed."""
        for started in self._running:
            assert not started.poll(), f"{started.args!r} ended with {started.returncode}\n{self.last_words()}"
        with contextlib.suppress(requests.RequestException):
            return self.get("/readyz").status_code == 200
        return False

    def kill9(self) -> None:
        """Kill every process of it with -9, Redis too, none of them warned; returns when they are gone."""
        family = self.processes()
        processes.send(family, signal.SIGKILL)
        eventually(self._is_gone, within_s=ENDS_WITHIN_S, what="everything is dead")
        self._running.clear()

    def terminate(self) -> float:
        """Ask what was started to end; how many seconds it took until that had happened. Others may be left."""
        began = time.monotonic()
        for started in self._running:
            started.terminate()
        for started in self._running:
            started.wait(ENDS_WITHIN_S)
        self._running.clear()
        return time.monotonic() - began

    def forget(self, started: "subprocess.Popen[bytes]") -> None:
        """Expect no more of a process that a test is about to kill."""
        self._running.remove(started)

    def _is_gone(self) -> bool:
        for started in self._running:
            started.poll()  # reaps
        left = self.processes()
        processes.send(left, signal.SIGKILL)  # one that was being forked when we looked
        return not left

    # --- looking ---

    def processes(self) -> set[int]:
        """Every live process that belongs to it, whoever its parent is by now."""
        roots = self.roots()
        below = {pid for root in roots for pid in processes.descendants(root)}
        return {pid for pid in roots if processes.is_alive(pid)} | below | processes.carrying(self._mark)

    def pss_kib(self) -> int:
        """The memory of everything together, shared pages counted once."""
        return sum(processes.pss_kib(pid) for pid in self.processes())

    def roots(self) -> set[int]:
        """What was started by hand: `up`, or each part."""
        return {started.pid for started in self._running}

    def redis_process(self) -> int:
        """The embedded Redis."""
        (pid,) = (pid for pid in self.processes() if "valkey-server" in processes.command(pid))
        return pid

    def last_words(self) -> str:
        """The ends of its logs."""
        logs = [log for log in (self.log, self.data_dir / "logs" / "zonewire.log") if log.exists()]
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-4000:]}" for log in logs)

    def redis(self) -> "redis.Redis":
        """A connection to its Redis."""
        if url := self.environment.get(PREFIX + "REDIS_URL"):
            return redis.Redis.from_url(url, socket_timeout=5)
        return redis.Redis(unix_socket_path=str(redis_socket(self.data_dir)), socket_timeout=5)

    def wipe_redis_files(self) -> None:
        """Delete whatever Redis kept, wherever it stands."""
        folders = {self.data_dir, redis_socket(self.data_dir).parent}
        patterns = ("redis*", "appendonly*", "*.aof", "*.rdb")
        for path in [found for folder in folders for pattern in patterns for found in folder.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Its database, to look at."""
        url = self.environment.get(PREFIX + "DATABASE_URL") or f"sqlite:///{self.data_dir / 'zonewire.db'}"
        opened = open_store(url, pool_size=1)
        try:
            yield opened
        finally:
            opened.close()

    # --- using ---

    def cli(self, *args: str, stdin: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command on it. Raises AssertionError where it fails, unless *check* is off."""
        done = subprocess.run(
            [*self.program, *args],
            env=self.environment,
            cwd=self.checkout,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert not check or done.returncode == 0, f"{args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str) -> Any:
        """What a command prints with --json. Where it is this release's, without a process of its own."""
        if self.program != OURS:
            return orjson.loads(self.cli(*args, "--json").stdout)
        done = run_in_this_process((*args, "--json"), self.environment)
        assert done.returncode == 0, f"{args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return orjson.loads(done.stdout)

    def subscribe(self, channel: str, to: str, *options: str) -> dict[str, Any]:
        """Make a subscription; what `subscribe --json` says of it."""
        made: dict[str, Any] = self.json("subscribe", "--channel", channel, "--to", to, *options)
        return made

    def import_subscriptions(self, lines: Iterable[dict[str, Any]]) -> None:
        """`subscriptions import`, from standard input."""
        self.cli("subscriptions", "import", "-", stdin="".join(orjson.dumps(line).decode() + "\n" for line in lines))

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET *path* from its web face."""
        return requests.get(self.base_url + path, timeout=10, **options)

    def publish(self, articles: Sequence[Article]) -> list[dict[str, Any]]:
        """Publish over HTTP, all in one batch; what became of each."""
        answer = self.post_events(orjson.dumps([an_event_json(article) for article in articles]))
        assert answer.status_code == 202, f"{answer.status_code}: {answer.text}\n{self.last_words()}"
        results: list[dict[str, Any]] = answer.json()["events"]
        return results

    def post_events(
        self, body: bytes, *, content_type: str = BATCH, token: str | None = None, **more: str
    ) -> requests.Response:
        """POST /v1/events as a portal would; *token* "" sends none. *more* headers by keyword."""
        token = self.event_token if token is None else token
        headers = {"Content-Type": content_type, **more} | ({"Authorization": f"Bearer {token}"} if token else {})
        return requests.post(f"{self.base_url}/v1/events", data=body, headers=headers, timeout=30)

    @property
    def event_token(self) -> str:
        """EVENT_TOKEN: what the settings say, else what `up` made."""
        return self.environment.get(PREFIX + "EVENT_TOKEN") or made_secrets(self.data_dir)["event_token"]


@contextlib.contextmanager
def an_installation(data_dir: Path, **settings: str) -> Iterator[Installation]:
    """An installation that nothing is left of when the block ends; start it yourself."""
    installation = Installation(data_dir, **settings)
    try:
        yield installation
    finally:
        installation.kill9()

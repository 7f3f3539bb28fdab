"""A receiver of webhooks for tests: keeps what came, checks signatures, and behaves as badly as it is told.

Each receiver has a port and a thread with an event loop of its own, so that one which hangs disturbs no other.
How it behaves is said for each path: `receiver.behave("/p", hang)`; a path that nobody mentioned answers 200.
"""

import asyncio
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import uvloop
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

READ_BYTES_AT_MOST = 4 * 1024 * 1024
FLOOD_CHUNK = b"z" * 65_536
DRIP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One request as it came."""

    path: str
    id: str  # webhook-id; "" where there was none
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    at: float  # time.monotonic() when its last byte was read

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """Whether the reference library accepts it, time included."""
        try:
            Webhook(secret).verify(self.body, dict(self.headers))
        except WebhookVerificationError:
            return False
        return True


Behaviour = Callable[["_Connection", int], None]
"""Answers a request on a connection; the number says the how-manieth request of its path this is, from 1."""


def status(code: int, *, retry_after: int | str | None = None) -> Behaviour:
    """Answer *code*, with a Retry-After if one is given."""
    extra = "" if retry_after is None else f"Retry-After: {retry_after}\r\n"
    answer = f"HTTP/1.1 {code} Told\r\n{extra}Content-Length: 0\r\n\r\n".encode()
    return lambda connection, _nth: connection.send(answer)


ok = status(200)
gone = status(410)


def redirect(to: str) -> Behaviour:
    """Answer 302 to another address."""
    answer = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
    return lambda connection, _nth: connection.send(answer)


def slow(seconds: float, then: Behaviour = ok) -> Behaviour:
    """Answer only after *seconds*."""
    return lambda connection, nth: connection.later(seconds, lambda: then(connection, nth))


def fail_then_ok(failures: int, code: int = 500) -> Behaviour:
    """Answer *code* to the first requests of a path, 200 from then on."""
    fail = status(code)
    return lambda connection, nth: (fail if nth <= failures else ok)(connection, nth)


class Gate:
    """Answers 200 to so many requests, over all paths; the others wait until somebody opens it."""

    def __init__(self, first: int) -> None:
        """*first* requests go through a closed gate."""
        self._left = first
        self._held: list[_Connection] | None = []
        self._lock = threading.Lock()

    def __call__(self, connection: "_Connection", nth: int) -> None:
        """Let it through, or hold it."""
        with self._lock:
            self._left -= 1
            if self._left < 0 and self._held is not None:
                self._held.append(connection)
                return
        ok(connection, nth)

    def open(self) -> None:
        """Answer whoever waits, and everybody from now on."""
        with self._lock:
            held, self._held = self._held or [], None
        for connection in held:
            connection.soon(lambda c=connection: ok(c, 1))  # type: ignore[misc]  # a bound c


def hang(_connection: "_Connection", _nth: int) -> None:
    """Take the request and never answer."""


def drip(connection: "_Connection", nth: int) -> None:
    """Answer one byte a second, from the status line on."""
    connection.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nth)


def drip_body(connection: "_Connection", nth: int) -> None:
    """Answer 200 at once, and then a body of one byte a second."""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    connection.drip(b"z" * 1000, nth)


def flood(connection: "_Connection", _nth: int) -> None:
    """Answer 200 and a body without an end."""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
    connection.flood()


def garbage(connection: "_Connection", _nth: int) -> None:
    """Answer something that is not HTTP, and hang up."""
    connection.send(b"\x00\xff\xfe SMTP? 220 \x1b[31m hello\r\n\r\n")
    connection.close()


def half_an_answer(begin: bytes) -> Behaviour:
    """Send *begin*, and hang up."""

    def act(connection: "_Connection", _nth: int) -> None:
        connection.send(begin)
        connection.close()

    return act


def hang_up(connection: "_Connection", _nth: int) -> None:
    """Reset the connection once the request was read."""
    connection.reset()


@dataclass(slots=True)
class Receiver:
    """A receiver; a context manager. What came can be looked at from any thread."""

    default: Behaviour = ok
    port: int = 0  # 0: a free one
    connections: int = 0  # open now
    most_connections: int = 0  # that were ever open at once
    _behaviours: dict[str, Behaviour] = field(default_factory=dict)
    _pushes: dict[str, list[Push]] = field(default_factory=lambda: defaultdict(list))
    _counts: Counter[str] = field(default_factory=Counter)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="receiver", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the receiver did not start")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)

    def behave(self, path: str, behaviour: Behaviour) -> None:
        """From now on *path* answers so."""
        self._behaviours[path] = behaviour

    def url(self, path: str = "/") -> str:
        """The address of *path* here."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def count(self) -> int:
        """How many requests came, over all paths."""
        return self._counts.total()

    def received(self, path: str | None = None) -> list[Push]:
        """What came at *path*, or everything, in order of arrival."""
        if path is not None:
            return list(self._pushes.get(path, ()))
        return sorted((push for pushes in list(self._pushes.values()) for push in list(pushes)), key=lambda p: p.at)

    def ids(self, path: str | None = None) -> set[str]:
        """The webhook-ids that came."""
        return {push.id for push in self.received(path)}

    def _run(self, ready: threading.Event) -> None:
        loop = uvloop.new_event_loop()
        self._loop = loop
        listener = socket.create_server(("127.0.0.1", self.port), backlog=4096)
        self.port = listener.getsockname()[1]
        server = loop.run_until_complete(
            loop.create_server(lambda: _Connection(self, loop), sock=listener, backlog=4096)
        )
        ready.set()
        loop.run_forever()
        server.close()
        loop.close()

    def _take(self, connection: "_Connection", push: Push) -> None:
        # Lists and counters change in this one thread only; others read copies, which the interpreter makes whole.
        self._counts[push.path] += 1
        self._pushes[push.path].append(push)
        self._behaviours.get(push.path, self.default)(connection, self._counts[push.path])


class _Connection(asyncio.Protocol):
    """One connection: reads requests with a Content-Length, one after the other, and answers as told."""

    def __init__(self, receiver: Receiver, loop: asyncio.AbstractEventLoop) -> None:
        self._receiver = receiver
        self._loop = loop
        self._buffer = bytearray()
        self._open = True
        self._paused = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport, as create_server gives
        self._receiver.connections += 1
        self._receiver.most_connections = max(self._receiver.most_connections, self._receiver.connections)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._open = False
        self._receiver.connections -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            length = int(headers.get("content-length", 0))
            if length > READ_BYTES_AT_MOST or len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            path, ident = head[0].split(" ")[1], headers.get("webhook-id", "")
            push = Push(path=path, id=ident, headers=headers, body=body, at=time.monotonic())
            self._receiver._take(self, push)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False

    def send(self, data: bytes) -> None:
        if self._open:
            self._transport.write(data)

    def soon(self, act: Callable[[], None]) -> None:
        """Act in the receiver's own thread; may be called from any."""
        self._loop.call_soon_threadsafe(act)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        self._loop.call_later(seconds, act)

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        self._transport.abort()

    def drip(self, data: bytes, nth: int) -> None:
        if self._open and data:
            self.send(data[:1])
            self.later(DRIP_S, lambda: self.drip(data[1:], nth))

    def flood(self) -> None:
        if not self._open:
            return
        if not self._paused:
            self.send(FLOOD_CHUNK)
        self.later(0.001, self.flood)

"""A door: an HTTP server on one port, with everybody who receives there, and the moods that it can be in.

All doors live in one event loop; methods are called in it. A receiver *has* what was read to its end, whether or not
it is answered; only what a failing door answers 500 it does not.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOST_BYTES = 4 * 1024 * 1024
TRIES, TRY_EVERY_S = 100, 0.05
"""To bind a port again that was just given up."""


class Mood(StrEnum):
    """How it answers."""

    OPEN = "open"
    REFUSES = "refuses connections"
    HANGS = "takes a push and does not answer"
    FAILS = "answers 500"
    BREAKS_OFF = "breaks off its answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    target: str  # path and query
    headers: Mapping[str, str]  # lower-case names
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answers."""

    status: int = 204
    content_type: str = ""
    body: bytes = b""

    def written(self, *, close: bool) -> bytes:
        """As it goes over the wire."""
        head = [f"HTTP/1.1 {self.status} Told", f"Content-Length: {len(self.body)}"]
        head += [f"Content-Type: {self.content_type}"] if self.content_type else []
        head += ["Connection: close"] if close else []
        return "\r\n".join([*head, "", ""]).encode() + self.body


Take = Callable[[Asked], Answer]
FAILURE = Answer(500, "text/plain", b"out of order\n")
BROKEN = (b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
"""Answers that break off, in turn: before a status could be read, and behind it."""


@dataclass(slots=True)
class Door:
    """One port. *take* is told of each request that is taken, and answers it."""

    name: str
    port: int
    take: Take
    is_gentle: bool = False  # breaks off no answer twice, and no connection in the midst: see stand.py
    mood: Mood = Mood.OPEN
    _server: asyncio.Server | None = None
    _connections: "set[_Connection]" = field(default_factory=set)
    _broken: set[str] = field(default_factory=set)  # targets, since it began to break off
    _nth: int = 0

    async def open(self) -> None:
        """Listen. Raises OSError where the port does not come free."""
        loop = asyncio.get_running_loop()
        for nth in range(TRIES):
            try:
                self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)
                break
            except OSError:
                if nth == TRIES - 1:
                    raise
                await asyncio.sleep(TRY_EVERY_S)

    async def be(self, mood: Mood) -> None:
        """Be in *mood* from now on."""
        before, self.mood = self.mood, mood
        self._broken.clear()
        if mood is Mood.REFUSES:
            self.close()
        elif before is Mood.REFUSES:
            await self.open()
        for connection in list(self._connections):
            if before is Mood.HANGS or (mood is Mood.REFUSES and not self.is_gentle):
                connection.abort()

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def answer(self, asked: Asked, connection: "_Connection") -> None:
        """Take *asked*, as far as the mood allows, and answer."""
        mood = self.mood
        if mood is Mood.FAILS:
            connection.write(FAILURE.written(close=False))
            return
        answer = self.take(asked)
        if mood is Mood.HANGS:
            return
        if mood is Mood.BREAKS_OFF and not (self.is_gentle and asked.target in self._broken):
            self._broken.add(asked.target)
            self._nth += 1
            connection.write(BROKEN[self._nth % len(BROKEN)])
            connection.end()
            return
        connection.write(answer.written(close=mood is Mood.REFUSES))
        if mood is Mood.REFUSES:
            connection.end()

    def opened(self, connection: "_Connection") -> None:
        """Somebody has come."""
        self._connections.add(connection)

    def closed(self, connection: "_Connection") -> None:
        """Somebody has gone."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    """Reads requests one after the other; each has a Content-Length, or no body."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._unread = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream's, as create_server gives
        self._transport = transport
        self._door.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._door.closed(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while not self._transport.is_closing() and (asked := self._next()) is not None:
            self._door.answer(asked, self)

    def _next(self) -> Asked | None:
        """The next request that has come whole."""
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = bytes(self._unread[:end]).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        begin, length = end + 4, int(headers.get("content-length", 0))
        if length > MOST_BYTES:
            self.abort()
            return None
        if len(self._unread) < begin + length:
            return None
        method, target, _ = first.split(" ", 2)
        body = bytes(self._unread[begin : begin + length])
        del self._unread[: begin + length]
        return Asked(method=method, target=target, headers=headers, body=body)

    def write(self, data: bytes) -> None:
        """Send *data*."""
        self._transport.write(data)

    def end(self) -> None:
        """Hang up behind what was written."""
        self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()

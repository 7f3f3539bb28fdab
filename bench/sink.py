"""The receiver of all benchmarks: as thin as Python allows, in a process of its own, the same for everybody.

It answers 200 to each POST and keeps the webhook-ids and the moment of the last (CLOCK_MONOTONIC, which all processes
of a machine share). GET /N tells what came once N have come, DELETE forgets it: to ask again and again would cost the
measured some percent of two cores.
"""

import asyncio
import base64
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import orjson
import requests
import uvloop

HEAD_END = b"\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BACKLOG = 1_024


@dataclass(frozen=True, slots=True)
class Tally:
    """What came since the sink was last emptied."""

    count: int
    distinct: int  # webhook-ids
    last: float  # time.monotonic() of the last; 0.0 where nothing came
    body: bytes  # of the last


@dataclass(frozen=True, slots=True)
class Sink:
    """A running sink, seen from the outside."""

    port: int

    def url(self, n: int) -> str:
        """The address of the receiver with that number."""
        return f"http://127.0.0.1:{self.port}/{n}"

    def empty(self) -> None:
        """Forget what came."""
        requests.delete(self.url(0), timeout=10)

    def tally(self) -> Tally:
        """What came since."""
        return self._told_at(0, within_s=10)

    def _told_at(self, n: int, *, within_s: float) -> Tally:
        told = orjson.loads(requests.get(self.url(n), timeout=within_s).content)
        return Tally(told["count"], told["distinct"], told["last"], base64.b64decode(told["body"]))

    def wait_for(self, n: int, *, within_s: float) -> Tally:
        """Until *n* have come. Raises TimeoutError, and RuntimeError where an id came twice."""
        try:
            tally = self._told_at(n, within_s=within_s)
        except requests.Timeout:
            raise TimeoutError(f"{self.tally().count} of {n} came within {within_s} s") from None
        if (tally.count, tally.distinct) != (n, n):
            raise RuntimeError(f"{tally.count} came under {tally.distinct} ids; {n} were owed")
        return tally


@contextlib.contextmanager
def running_sink() -> Iterator[Sink]:
    """A sink for as long as the block lasts."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True, name="sink")
    process.start()
    try:
        yield Sink(ours.recv())
    finally:
        process.terminate()
        process.join(5)


class _State:
    """What all connections share."""

    __slots__ = ("body", "count", "ids", "last", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, list[asyncio.Transport]] = {}  # by how many they wait for
        self.forget()

    def forget(self) -> None:
        self.count = 0
        self.last = 0.0
        self.ids: set[bytes] = set()
        self.body = b""

    def told(self) -> bytes:
        body = base64.b64encode(self.body).decode()
        return orjson.dumps({"count": self.count, "distinct": len(self.ids), "last": self.last, "body": body})


class _Connection(asyncio.Protocol):
    def __init__(self, state: _State) -> None:
        self._state = state
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport, as create_server gives

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (end := data.find(HEAD_END)) >= 0:
            head = data[:end].lower()
            body_end = end + len(HEAD_END) + _length(head)
            if len(data) < body_end:
                break
            self._answer(head, data[end + len(HEAD_END) : body_end])
            data = data[body_end:]
        self._rest = data

    def _answer(self, head: bytes, body: bytes) -> None:
        state = self._state
        if head.startswith(b"post"):
            start = head.find(b"webhook-id: ") + 12
            state.ids.add(head[start : head.find(b"\r", start)])
            state.count += 1
            state.body = body
            self._transport.write(OK)
            state.last = time.monotonic()
            if state.count in state.waiting:
                self._tell(state.waiting.pop(state.count))
        elif head.startswith(b"delete"):
            state.forget()
            self._transport.write(OK)
        elif (wanted := int(head[head.find(b"/") + 1 : head.find(b" http/")])) > state.count:
            state.waiting.setdefault(wanted, []).append(self._transport)
        else:
            self._tell([self._transport])

    def _tell(self, transports: Iterable[asyncio.Transport]) -> None:
        told = self._state.told()
        for transport in transports:
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))


def _length(head: bytes) -> int:
    start = head.find(b"content-length: ")
    if start < 0:
        return 0
    end = head.find(b"\r", start)
    return int(head[start + 16 : end if end > 0 else len(head)])


def _serve(told: Connection) -> None:
    loop = uvloop.new_event_loop()
    state = _State()
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    loop.run_until_complete(loop.create_server(lambda: _Connection(state), sock=listener))
    told.send(listener.getsockname()[1])
    loop.run_forever()

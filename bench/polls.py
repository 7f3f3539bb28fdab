"""Feed readers that poll one document: connections that stay, one request at a time on each, no pipelining.

Plain sockets and epoll, because whoever asks must cost less than whoever answers: a request is bytes made beforehand,
and of an answer only its status and its length are looked at, which are those of the first. `Polled.busy` says how
much of its core the asking took: near 1 it was the asker that was measured.
"""

import select
import socket
import time
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
CONNECTIONS = 16
READ_BYTES = 256 * 1024
ANSWERS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    total_bytes: int

    @property
    def kind(self) -> bytes:
        """How every answer of its kind begins."""
        return b"HTTP/1.1 %d " % self.status


@dataclass(frozen=True, slots=True)
class Polled:
    """What some seconds of polling brought."""

    answers: int
    took_s: float
    busy: float  # which share of that the asking spent on its core

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.took_s


def request(port: int, path: str, **headers: str) -> bytes:
    """The bytes of a GET; a header's `_` is a `-`."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, "", ""]).encode()


def ask(port: int, asked: bytes) -> Answer:
    """Ask once, on a connection of its own."""
    with _connected(port) as connection:
        connection.sendall(asked)
        read = b""
        while (end := read.find(HEAD_END)) < 0:
            read += _more(connection)
        answer = _answer(read[:end])
        body_bytes = 0 if answer.status == 304 else int(answer.headers["content-length"])
        total = end + len(HEAD_END) + body_bytes
        while len(read) < total:
            read += _more(connection)
    return Answer(answer.status, answer.headers, read[end + len(HEAD_END) :], total)


def poll(port: int, asked: bytes, *, seconds: float, connections: int = CONNECTIONS) -> Polled:
    """Ask the same for *seconds* on each connection. Raises RuntimeError for an answer unlike the first."""
    like = ask(port, asked)
    opened = {one.fileno(): one for one in (_connected(port) for _ in range(connections))}
    try:
        return _poll(opened, asked, like, seconds)
    finally:
        for one in opened.values():
            one.close()


def _poll(opened: dict[int, socket.socket], asked: bytes, like: Answer, seconds: float) -> Polled:
    ready, due = select.epoll(), dict.fromkeys(opened, like.total_bytes)
    for number, connection in opened.items():
        ready.register(number, select.EPOLLIN)
        connection.sendall(asked)
    answers, began, busy = 0, time.perf_counter(), time.process_time()
    ends, now = began + seconds, began
    with ready:
        while now < ends:
            found = ready.poll(ANSWERS_WITHIN_S)
            if not found:
                raise RuntimeError(f"no answer within {ANSWERS_WITHIN_S:g} s")
            for number, _ in found:
                read = opened[number].recv(READ_BYTES)
                if due[number] == like.total_bytes and read[: len(like.kind)] != like.kind[: len(read)]:
                    raise RuntimeError(f"answered {read[:60]!r}, and not {like.kind!r}")
                due[number] -= len(read)
                if due[number] < 0 or not read:
                    raise RuntimeError("an answer is not as long as the first")
                if not due[number]:
                    answers += 1
                    due[number] = like.total_bytes
                    opened[number].send(asked)
            now = time.perf_counter()
    return Polled(answers, now - began, (time.process_time() - busy) / (now - began))


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWERS_WITHIN_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _more(connection: socket.socket) -> bytes:
    read = connection.recv(READ_BYTES)
    if not read:
        raise RuntimeError("closed before the answer was whole")
    return read


def _answer(head: bytes) -> Answer:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, b"", 0)

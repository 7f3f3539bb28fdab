"""The benchmarks' feed reader: what it counts is answers that were whole and alike."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator

import pytest

from bench.polls import ask, poll, request

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "a"\r\n\r\nwhole'
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
BROKEN = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[int]]]:
    """A server that gives *answers* in turn, the last for ever, in pieces; its port, and how many it gave."""
    listener, given = socket.create_server(("127.0.0.1", 0)), [0]
    following = itertools.chain(answers, itertools.repeat(answers[-1]))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while connection.recv(4096):
                answer = next(following)
                given[0] += 1
                connection.sendall(answer[:20])
                connection.sendall(answer[20:])

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listener.getsockname()[1], given
    finally:
        listener.close()


def test_a_request_is_what_a_reader_sends() -> None:
    assert request(80, "/feeds/all.rss", Accept_Encoding="gzip") == (
        b"GET /feeds/all.rss HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAccept-Encoding: gzip\r\n\r\n"
    )


@pytest.mark.parametrize(("answer", "status", "body"), [(OK, 200, b"whole"), (UNCHANGED, 304, b"")])
def test_an_answer_is_read_to_its_end(answer: bytes, status: int, body: bytes) -> None:
    with answering(answer) as (port, _):
        found = ask(port, request(port, "/"))
    assert (found.status, found.body, found.total_bytes) == (status, body, len(answer))
    assert found.headers["etag"] == '"a"'


@pytest.mark.parametrize("answer", [OK, UNCHANGED])
def test_what_is_counted_are_whole_answers(answer: bytes) -> None:
    with answering(answer) as (port, given):
        polled = poll(port, request(port, "/"), seconds=0.1, connections=1)
        assert 0 < polled.answers <= given[0] - 1 <= polled.answers + 1  # the first was only looked at
    assert polled.rate == pytest.approx(polled.answers / polled.took_s)
    assert 0 < polled.busy < 1.1


def test_an_answer_unlike_the_first_is_no_success() -> None:
    with answering(OK, BROKEN) as (port, _), pytest.raises(RuntimeError, match="503 "):
        poll(port, request(port, "/"), seconds=1, connections=1)

"""The benchmarks' receiver: what it counts is what came."""

import socket
from collections.abc import Iterator

import pytest
import requests

from bench.sink import Sink, running_sink


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running_sink() as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(sink: Sink) -> None:
    sink.empty()


def test_requests_are_counted_and_the_last_body_is_kept(sink: Sink) -> None:
    for n in range(3):
        requests.post(sink.url(n), data=f"body {n}", headers={"webhook-id": str(n)}, timeout=5)
    tally = sink.wait_for(3, within_s=5)
    assert (tally.count, tally.distinct, tally.body) == (3, 3, b"body 2")


def test_requests_that_come_in_pieces_or_together_are_told_apart(sink: Sink) -> None:
    request = b"POST /1 HTTP/1.1\r\nHost: x\r\nWebhook-Id: %d\r\nContent-Length: 4\r\n\r\nbody"
    stream = b"".join(request % n for n in range(20))
    with socket.create_connection(("127.0.0.1", sink.port)) as connection:
        for start in range(0, len(stream), 97):
            connection.sendall(stream[start : start + 97])
        assert sink.wait_for(20, within_s=5).body == b"body"


def test_an_id_that_came_twice_is_no_success(sink: Sink) -> None:
    for _ in range(2):
        requests.post(sink.url(1), data=b"x", headers={"webhook-id": "same"}, timeout=5)
    with pytest.raises(RuntimeError, match="2 came under 1 ids"):
        sink.wait_for(2, within_s=5)

"""Hints over a real Redis: they arrive, they are bounded, and a Redis that is gone or frozen holds nobody."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from celery import Celery

from config.celery_settings import celery_settings
from config.settings import load
from tasks.hints import ENOUGH_WAITING, HintLine, HintSender
from tests.eventually import eventually
from tests.servers.redis import RedisServer, running_redis
from zonewire.delivery.lanes import Lane


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def app(redis_server: RedisServer) -> Celery:
    made = Celery("hints-under-test", set_as_current=False)
    made.conf.update(celery_settings(load(redis_url=redis_server.url)))
    return made


def waiting(server: RedisServer, lane: Lane) -> int:
    with server.client() as client:
        return int(client.llen(lane.value))


def test_a_hint_waits_in_its_lane(app: Celery, redis_server: RedisServer) -> None:
    line = HintLine(app)

    assert line.send([Lane.EVENTS, Lane.PUSH_HTTP])

    assert [waiting(redis_server, lane) for lane in (Lane.EVENTS, Lane.PUSH_HTTP, Lane.FEEDS)] == [1, 1, 0]
    line.close()


def test_a_lane_that_nobody_works_on_gathers_only_so_many(app: Celery, redis_server: RedisServer) -> None:
    line = HintLine(app)

    for _ in range(3 * ENOUGH_WAITING):
        line.send([Lane.EVENTS])

    assert waiting(redis_server, Lane.EVENTS) == ENOUGH_WAITING
    line.close()


def test_a_hint_goes_through_on_a_fresh_line_after_redis_came_back(app: Celery, redis_server: RedisServer) -> None:
    line = HintLine(app)
    line.send([Lane.EVENTS])
    redis_server.kill()
    assert not line.send([Lane.FEEDS])
    redis_server.start()

    assert line.send([Lane.FEEDS])

    assert waiting(redis_server, Lane.FEEDS) == 1
    line.close()


def test_a_hint_goes_through_after_everything_in_redis_was_flushed(app: Celery, redis_server: RedisServer) -> None:
    line = HintLine(app)
    line.send([Lane.EVENTS])
    with redis_server.client() as client:
        client.flushall()

    assert line.send([Lane.EVENTS])

    assert waiting(redis_server, Lane.EVENTS) == 1
    line.close()


def test_whoever_hints_is_never_held_up_by_a_frozen_redis(app: Celery, redis_server: RedisServer) -> None:
    sender = HintSender(app)
    sender.hint("events")
    eventually(lambda: waiting(redis_server, Lane.EVENTS) == 1, within_s=5)
    assert redis_server._process is not None
    os.kill(redis_server._process.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        for _ in range(100):
            sender.hint("events")
        assert time.monotonic() - begun < 0.5
    finally:
        os.kill(redis_server._process.pid, signal.SIGCONT)
    eventually(lambda: waiting(redis_server, Lane.EVENTS) >= 2, within_s=10)
    sender.close()


def test_a_frozen_redis_costs_a_line_no_more_than_its_timeouts(
    app: Celery, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.hints.SOCKET_TIMEOUT_S", 0.3)
    line = HintLine(app)
    line.send([Lane.EVENTS])
    assert redis_server._process is not None
    os.kill(redis_server._process.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert not line.send(list(Lane))
        assert time.monotonic() - begun < 3
    finally:
        os.kill(redis_server._process.pid, signal.SIGCONT)
    line.close()

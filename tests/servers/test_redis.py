"""The Redis that other tests rely on: a kill loses nothing, and it comes back at the same address."""

from collections.abc import Iterator

import pytest
import redis

from tests.servers.redis import RedisServer, running_redis


@pytest.fixture(params=[False, True], ids=["socket", "tcp"])
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with running_redis(over_tcp=request.param) as running:
        yield running


def test_it_keeps_its_data_over_a_kill_and_comes_back_at_the_same_address(server: RedisServer) -> None:
    with server.client() as client:
        client.set("kept", "1")
    server.kill()
    with pytest.raises(redis.ConnectionError), server.client() as client:
        client.ping()
    server.start()
    with server.client() as client:
        assert client.get("kept") == b"1"


def test_two_share_nothing(server: RedisServer) -> None:
    with running_redis() as other, server.client() as client, other.client() as stranger:
        client.set("mine", "1")
        assert stranger.get("mine") is None

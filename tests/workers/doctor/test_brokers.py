"""What the doctor finds of Redis: that it keeps nothing, or takes nothing more. What it evicts is in test_doctor.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.settings import load
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer, running_redis
from workers.doctor.brokers import examine_brokers
from workers.doctor.findings import Finding, Result


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One that these tests may spoil."""
    with running_redis() as running:
        yield running


@pytest.fixture
def client(server: RedisServer) -> Iterator["redis.Redis"]:
    with server.client() as line:
        yield line


def found(server: RedisServer, tmp_path: Path) -> Finding:
    return next(iter(examine_brokers(load(data_dir=tmp_path, redis_url=server.url))))


def test_a_redis_that_is_nearly_full_is_found(server: RedisServer, client: "redis.Redis", tmp_path: Path) -> None:
    used = int(client.info("memory")["used_memory"])
    for most, result in ((used * 10, Result.OK), (int(used * 1.15), Result.WARN), (int(used * 1.01), Result.FAIL)):
        client.config_set("maxmemory", most)
        assert found(server, tmp_path).result is result
    client.config_set("maxmemory", 0)


def test_a_redis_that_cannot_save_is_found(server: RedisServer, client: "redis.Redis", tmp_path: Path) -> None:
    (server.home / "dump.rdb").mkdir()  # what it would save has no place
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", within_s=10)
    assert found(server, tmp_path).found.endswith("cannot write to its disk (rdb_last_bgsave_status: err)")
    (server.home / "dump.rdb").rmdir()
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok", within_s=10)


def test_a_redis_with_hardly_a_connection_left_is_found(
    server: RedisServer, client: "redis.Redis", tmp_path: Path
) -> None:
    client.config_set("maxclients", 2)
    assert "of its 2 connections in use" in found(server, tmp_path).found
    client.config_set("maxclients", 1000)


def test_a_replica_is_found(server: RedisServer, client: "redis.Redis", tmp_path: Path) -> None:
    client.replicaof("127.0.0.1", free_port())
    assert (found(server, tmp_path).result, "is a replica" in found(server, tmp_path).found) == (Result.FAIL, True)
    client.replicaof("NO", "ONE")

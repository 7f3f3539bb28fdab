"""What the doctor looks at of Redis, and of the broker where that is another."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import redis
from kombu import Connection as BrokerConnection

from config.celery_settings import transport_options
from config.settings import Settings
from workers.doctor.clocks import examine_clock
from workers.doctor.findings import Finding, Result

WITHIN_S = 2.0
OF_REDIS_PY = ("redis", "rediss", "unix")
NEARLY_FULL, FULL = 0.8, 0.95
NO_MASTER = "No setting gives Celery the master's name: let ZONEWIRE_BROKER_URL name the Redis itself."


def examine_brokers(settings: Settings) -> Iterator[Finding]:
    """Redis, and the broker where that is another."""
    speaks_redis = urlsplit(settings.redis).scheme in OF_REDIS_PY
    apart = not speaks_redis or settings.broker_url not in {None, settings.redis_url}
    if speaks_redis:
        yield from _redis(settings, "redis" if apart else "broker")
    else:
        scheme = urlsplit(settings.redis).scheme
        found = f"ZONEWIRE_REDIS_URL is {scheme}://, and workers need a Redis that they reach by itself"
        mend = "Set it to redis://, rediss:// or unix://; ZONEWIRE_BROKER_URL may name another broker."
        yield Finding("redis", Result.FAIL, found, mend)
    if apart:
        yield _apart(settings)


def _redis(settings: Settings, name: str) -> Iterator[Finding]:
    client = redis.Redis.from_url(settings.redis, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S)
    with closing(client):
        try:
            seconds, _ = client.time()
        except redis.RedisError as error:
            embedded = settings.redis_url is None
            mend = "`zonewire up` starts it." if embedded else "Start it, or set ZONEWIRE_REDIS_URL."
            found = "the embedded Redis does not run" if embedded else f"Redis does not answer: {error}"
            yield Finding(name, Result.WARN if embedded else Result.FAIL, found, mend)
            return
        about: dict[str, Any] = client.info()
    yield _memory(name, about)
    yield from examine_clock("Redis" if name == "redis" else "the broker", float(seconds) + 0.5)


def _apart(settings: Settings) -> Finding:
    """The broker as Celery reaches it, once and for a short time."""
    options = transport_options(socket_timeout=WITHIN_S)
    where = f"{urlsplit(settings.broker).scheme}://"
    try:
        with BrokerConnection(settings.broker, connect_timeout=WITHIN_S, transport_options=options) as connection:
            where = connection.as_uri()  # without its password
            connection.ensure_connection(max_retries=0, timeout=WITHIN_S)
            if connection.transport.driver_type == "redis":
                return _memory("broker", connection.default_channel.client.info())
    except Exception as error:  # each transport has errors of its own
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        mend = NO_MASTER if where.startswith("sentinel") else "Start it, or mend ZONEWIRE_BROKER_URL."
        return Finding("broker", Result.FAIL, f"{where} does not answer: {said}", mend)
    return Finding("broker", Result.OK, f"{where} answers")


def _memory(name: str, about: dict[str, Any]) -> Finding:
    """What *about*, Redis's INFO, says of how it keeps what it is given."""
    version = f"{about.get('server_name', 'redis')} {about.get('valkey_version') or about.get('redis_version')}"
    policy, most = about.get("maxmemory_policy", "noeviction"), int(about.get("maxmemory", 0))
    if most and policy != "noeviction":
        found = f"{version} evicts keys when it is full (maxmemory-policy {policy}): hints and locks may vanish"
        return Finding(name, Result.FAIL, found, "Set maxmemory-policy noeviction.")
    if about.get("role") in {"slave", "replica"}:
        mend = "Name the primary in ZONEWIRE_REDIS_URL: a replica takes no hints."
        return Finding(name, Result.FAIL, f"{version} is a replica of {about.get('master_host')}", mend)
    failed = [what for what in ("rdb_last_bgsave_status", "aof_last_write_status") if about.get(what, "ok") != "ok"]
    if failed:
        mend = "Free or mend its disk: it refuses every write as long as it cannot save (MISCONF)."
        return Finding(name, Result.FAIL, f"{version} cannot write to its disk ({failed[0]}: {about[failed[0]]})", mend)
    return _room(name, version, about, most)


def _room(name: str, version: str, about: dict[str, Any], most: int) -> Finding:
    """Whether memory and connections are left."""
    full = int(about.get("used_memory", 0)) / most if most else 0.0
    if full > NEARLY_FULL:
        mend = "Raise maxmemory. If streams of others fill it, give Zonewire a Redis of its own."
        result = Result.FAIL if full > FULL else Result.WARN
        return Finding(name, result, f"{version} has used {full:.0%} of its maxmemory, and then refuses hints", mend)
    clients, limit = int(about.get("connected_clients", 0)), int(about.get("maxclients", 0))
    if limit and clients > limit * NEARLY_FULL:
        mend = "Raise maxclients: each worker holds a few connections."
        return Finding(name, Result.WARN, f"{version} has {clients:,} of its {limit:,} connections in use", mend)
    return Finding(name, Result.OK, f"{version} answers, and evicts nothing")

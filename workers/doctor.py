"""`zonewire doctor`: what an installation stands on, looked at one after the other, each with what mends it.

Nothing is changed, and nothing is sent. A check that meets a fault of its own has failed; it never ends the others.
"""

import os
import shlex
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import redis
import requests
from kombu import Connection as BrokerConnection
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from config.catalogue import catalogue_of
from config.celery_settings import transport_options
from config.settings import PREFIX, SECRETS_FILE, Settings, load
from workers.doctor_channels import examine_indexnow, examine_wechat
from workers.findings import Finding, Result
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import Lane
from zonewire.errors import SettingWrong, ZonewireError
from zonewire.feeds import CatalogueWrong
from zonewire.outbound.couriers.smtp import Relay, Timeouts, trouble_with
from zonewire.store import SECOND, Store, migrate, open_store
from zonewire.store import now as clock
from zonewire.store.pulse import write_nothing

WITHIN_S = 2.0
APART_S = 2.0
MEBIBYTE = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MEBIBYTE, 100 * MEBIBYTE
OF_REDIS_PY = ("redis", "rediss", "unix")
NO_MASTER = "No setting gives Celery the master's name: let ZONEWIRE_BROKER_URL name the Redis itself."


def examine() -> Iterator[Finding]:
    """Every check, in the order in which one needs the other; where the settings are wrong, they alone."""
    try:
        settings = load()
    except SettingWrong as error:
        yield Finding("settings", Result.FAIL, f"{error.where}: {error.what}", error.mend)
        return
    yield Finding("settings", Result.OK, "every setting can be read")
    yield from _catalogue(settings)
    checks: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
        ("disk", _disk),
        ("files", _files),
        ("database", _database),
        ("broker", _broker),
        ("smtp", _smtp),
        ("base url", _base_url),
        ("wechat", examine_wechat),
        ("indexnow", examine_indexnow),
        ("time zones", _time_zones),
    )
    for name, check in checks:
        try:
            yield from check(settings)
        except Exception as error:  # one check's fault is a finding, and the others go on
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield Finding(name, Result.FAIL, f"cannot be checked: {said}", _words_of(error))


def _catalogue(settings: Settings) -> Iterator[Finding]:
    """The file as a whole; each fault by its line."""
    try:
        catalogue = catalogue_of(settings)
    except CatalogueWrong as error:
        for fault in error.faults:
            yield Finding(
                "catalogue", Result.FAIL, f"{settings.catalogue}, {fault}", "Nothing starts until it is mended."
            )
    except SettingWrong as error:
        yield Finding("catalogue", Result.FAIL, error.what, error.mend)
    else:
        declared, places = len(catalogue.declared), len(catalogue.places)
        said = f"{catalogue.portal.name}: {declared} feeds declared, {places} places described"
        faint = catalogue.portal.faint_colours()
        if faint:
            mend = "Take a darker one: links, buttons and corrections of pages and mails are written in it, on white."
            yield Finding("catalogue", Result.WARN, f"{said}; {' and '.join(faint)} can hardly be read on white", mend)
        else:
            yield Finding("catalogue", Result.OK, said)


def _words_of(error: Exception) -> str:
    return error.mend if isinstance(error, ZonewireError) else ""


# --- the machine -----------------------------------------------------------------------------------------------------


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    said = f"{free // MEBIBYTE:,} MiB free under {folder}"
    if free < TOO_LITTLE:
        yield Finding("disk", Result.FAIL, said, "Make room now: events are refused (507) when it is full.")
    elif free < LITTLE:
        yield Finding("disk", Result.WARN, said, "Make room, or shorten ZONEWIRE_RETENTION_DAYS.")
    else:
        yield Finding("disk", Result.OK, said)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _files(settings: Settings) -> Iterator[Finding]:
    """Keys, data and mails are for their owner alone."""
    named = [Path(path) for name, path in os.environ.items() if name.startswith(PREFIX) and name.endswith("_FILE")]
    private = [settings.data_dir / SECRETS_FILE, *_of_database(settings), *named]
    there = [path for path in private if path.is_file()]
    outbox = settings.data_dir / "outbox"
    files = [str(path) for path in there if _is_open(path, settings.data_dir)]
    folders = [str(outbox)] if outbox.is_dir() and _is_open(outbox, settings.data_dir) else []
    if not files + folders:
        yield Finding("files", Result.OK, f"{len(there)} files with keys and data, readable by their owner alone")
        return
    mends = [shlex.join(["chmod", mode, *paths]) for mode, paths in (("600", files), ("700", folders)) if paths]
    found = f"{', '.join(files + folders)} can be read by other users of this machine"
    yield Finding("files", Result.FAIL, found, "; ".join(mends))


def _of_database(settings: Settings) -> list[Path]:
    """SQLite's files: the database, and what it keeps beside it while it is open."""
    file = _sqlite_file(settings)
    return [] if file is None else [file.with_name(file.name + ending) for ending in ("", "-wal", "-shm")]


def _sqlite_file(settings: Settings) -> Path | None:
    """Where the database stands; None on PostgreSQL, and where the address is none (the check of it says so)."""
    try:
        url = make_url(settings.database)
    except ArgumentError:
        return None
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def _is_open(path: Path, data_dir: Path) -> bool:
    """Whether others may read *path*, and may pass the folder that it stands in."""
    folders = [folder for folder in {path.parent, data_dir} if folder in path.parents]
    if any(not folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH) for folder in folders):
        return False
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _time_zones(_settings: Settings) -> Iterator[Finding]:
    ZoneInfo("Asia/Shanghai")
    ZoneInfo("Europe/Berlin")
    yield Finding("time zones", Result.OK, "their data is there")


# --- the database ----------------------------------------------------------------------------------------------------


def _database(settings: Settings) -> Iterator[Finding]:
    file = _sqlite_file(settings)
    if file is not None and not file.exists():  # opening would make it
        mend = "`zonewire up` makes it, or any command that writes."
        found = f"{file} is not there yet" if settings.database_url else f"none in {settings.data_dir} yet"
        yield Finding("database", Result.WARN, found, mend)
        return
    with closing(open_store(settings.database, pool_size=1)) as store:
        with store.reading() as db:
            if not migrate.is_current(db):
                found = "has not this version's tables"
                yield Finding(
                    "database", Result.FAIL, found, "Run `zonewire db upgrade`; `zonewire up` does it itself."
                )
                return
        with store.settling() as db:
            write_nothing(db)
        yield _durability(store)
        yield from _clock_of("the database", _database_clock(store))
        yield _workers(store)


def _durability(store: Store) -> Finding:
    with store.reading() as db:
        if store.is_postgresql:
            version = db.execute(text("SHOW server_version")).scalar()
            off = [name for name in ("fsync", "full_page_writes") if db.execute(text(f"SHOW {name}")).scalar() == "off"]
            if off:
                found = f"PostgreSQL {version} runs with {' and '.join(off)} off: a power cut may spoil it"
                return Finding("database", Result.FAIL, found, "Switch it on in postgresql.conf, and restart it.")
            return Finding("database", Result.OK, f"PostgreSQL {version} takes writes, its tables are this version's")
        mode = db.execute(text("PRAGMA journal_mode")).scalar()
        if mode != "wal":
            found = f"SQLite with the journal mode {mode}: readers and writers wait for each other"
            return Finding("database", Result.WARN, found, "Is it on a network disk? Put it on a local one.")
        return Finding("database", Result.OK, "SQLite takes writes, its tables are this version's")


def _database_clock(store: Store) -> float:
    with store.reading() as db:
        return clock(db) / SECOND


def _clock_of(whose: str, theirs_s: float) -> Iterator[Finding]:
    apart = abs(theirs_s - time.time())
    if apart > APART_S:
        found = f"{whose}'s clock is {apart:.0f} s from this machine's"
        yield Finding("clock", Result.FAIL, found, "Let NTP set both: signatures and due times go by them.")
    else:
        yield Finding("clock", Result.OK, f"agrees with {whose}'s")


def _workers(store: Store) -> Finding:
    with store.reading() as db:
        workers = heartbeats.workers_by_lane(db)
    idle = [lane.value for lane in Lane if not workers[lane]]
    if len(idle) == len(Lane):
        return Finding("workers", Result.WARN, "none runs", "Start `zonewire up`, or `zonewire worker`.")
    if idle:
        mend = f"Start `zonewire worker --lanes {','.join(idle)}`."
        return Finding("workers", Result.FAIL, f"none on {', '.join(idle)}", mend)
    return Finding("workers", Result.OK, f"{workers.total()} on {len(Lane)} lanes")


# --- what it talks to ------------------------------------------------------------------------------------------------


def _broker(settings: Settings) -> Iterator[Finding]:
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
    yield from _clock_of("Redis" if name == "redis" else "the broker", float(seconds) + 0.5)


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
    version = f"{about.get('server_name', 'redis')} {about.get('valkey_version') or about.get('redis_version')}"
    policy, most = about.get("maxmemory_policy", "noeviction"), int(about.get("maxmemory", 0))
    if most and policy != "noeviction":
        found = f"{version} evicts keys when it is full (maxmemory-policy {policy}): hints and locks may vanish"
        return Finding(name, Result.FAIL, found, "Set maxmemory-policy noeviction.")
    return Finding(name, Result.OK, f"{version} answers, and evicts nothing")


def _smtp(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        found = f"no relay: mails are written to {settings.data_dir / 'outbox'}"
        yield Finding("smtp", Result.OK, found, "")
        return
    times = Timeouts(connect=WITHIN_S, command=WITHIN_S, final_dot=WITHIN_S)
    relay = Relay.of(settings.smtp_url.get_secret_value(), timeouts=times)
    where = f"{relay.host}:{relay.port}"
    if trouble := trouble_with(relay):
        mend = "Check host, port, scheme (smtp, smtp+starttls, smtps), user and password of ZONEWIRE_SMTP_URL."
        yield Finding("smtp", Result.FAIL, f"{where}: {trouble}", mend)
        return
    safe = "encrypted" if relay.tls != "smtp" else "not encrypted"
    yield Finding("smtp", Result.OK, f"{where} takes mails ({safe}{', logged in' if relay.user else ''})")


def _base_url(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.base)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    mend = "Set ZONEWIRE_BASE_URL to the https address that readers use."
    if local:
        yield Finding(
            "base url", Result.WARN, f"{settings.base} leads nowhere from elsewhere: links in mails too", mend
        )
    elif parts.scheme == "http":
        yield Finding("base url", Result.WARN, f"{settings.base} is not encrypted", mend)
    try:
        status = requests.get(f"{settings.base}/healthz", timeout=WITHIN_S, allow_redirects=False).status_code
    except requests.RequestException as error:
        found = f"{settings.base}/healthz does not answer ({type(error).__name__})"
        yield Finding("web", Result.WARN, found, "Start `zonewire up` or `zonewire web`, or mend the proxy before it.")
        return
    if status == requests.codes.ok:
        yield Finding("web", Result.OK, f"{settings.base} answers")
    else:
        found = f"{settings.base}/healthz answers {status}"
        yield Finding("web", Result.FAIL, found, "Something else answers there: mend the proxy, or ZONEWIRE_BASE_URL.")

"""`zonewire up`: all of it on one machine.

This process imports everything once, takes the folder's lock, and forks each child from there: Redis, the migration,
the web face, the sentinel, a worker for every lane, beat, and with --sample a desk to look at. A child that dies is
forked again; all of them die with this process.
"""

import fcntl
import importlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from config.catalogue import catalogue_of
from config.settings import BASE_URL_FILE, PREFIX, Settings, load, make_missing_secrets
from workers.logs import configure_logs
from workers.supervisor import Child, Supervisor
from zonewire.delivery.lanes import Lane
from zonewire.errors import Conflict, SettingWrong, StoreBusy, ZonewireError

if TYPE_CHECKING:
    from zonewire.store import Store

log = structlog.get_logger()

START_S = 30.0
FACES, WORKERS, SENTINEL, REDIS = 1, 1, 2, 3  # the order in which they are stopped

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound

# What Celery and kombu import only when they are used: children share it only if it is imported before the fork.
_LAZY = (
    "billiard.connection",
    "billiard.dummy",
    "billiard.pool",
    "billiard.reduction",
    "celery.backends.base",
    "celery.events.dispatcher",
    "celery.events.receiver",
    "celery.worker.autoscale",
    "celery.worker.consumer.delayed_delivery",
    "kombu.mixins",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.app.trace",
    "celery.apps.worker",
    "celery.bin.worker",
    "celery.concurrency.solo",
    "celery.loaders.app",
    "celery.worker.components",
    "celery.worker.consumer.consumer",
    "celery.worker.control",
    "celery.worker.strategy",
    "kombu.transport.redis",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "tasks.app",
    "tasks.process",
    "tasks.events",
    "tasks.feeds",
    "tasks.digests",
    "tasks.push",
    "tasks.upkeep",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
    "web.app",
    "workers.beat",
    "workers.consumer",
    "workers.lane",
    "workers.redis",
    "workers.sentinel",
    "workers.web",
    "zonewire.outbound.couriers.smtp",
)


def run_up(*, host: str, port: int | None, data: Path | None, sample: bool) -> None:
    """Run everything until Ctrl-C or SIGTERM. Raises SettingWrong where it cannot start."""
    settings = load(data_dir=data)
    catalogue_of(settings)  # a wrong one stops us here
    os.environ[PREFIX + "DATA_DIR"] = str(settings.data_dir)  # children read the settings for themselves
    lock = take_lock(settings.data_dir)
    make_missing_secrets(settings, new_secrets())
    settings = load(data_dir=data)  # with the secrets that were made
    output = configure_logs(settings, file=settings.data_dir / "logs" / "zonewire.log")
    for module in _LAZY:
        importlib.import_module(module)
    installation = _Installation(settings, lock, host=host, port=port, sample=sample)
    installation.run(output)


def take_lock(data_dir: Path) -> int:
    """The lock of *data_dir*, held by its descriptor. Raises Conflict where another `up` has it, and SettingWrong."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingWrong(
            f"{data_dir} cannot be used: {error.strerror}",
            where="ZONEWIRE_DATA_DIR",
            mend="Name a folder that this user may write to, with --data or in the environment.",
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode().strip() or "?"
        os.close(descriptor)
        raise Conflict(
            f"another `zonewire up` (process {holder}) runs on {data_dir}",
            mend="Stop it first, or give this one a folder of its own with --data.",
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def new_secrets() -> dict[str, str]:
    """A fresh value for each secret that an installation needs."""
    from zonewire.keys import new_secret_key, new_webhook_secret

    return {
        "event_token": secrets.token_urlsafe(24),
        "event_secret": new_webhook_secret(),
        "admin_token": secrets.token_urlsafe(24),
        "secret_key": new_secret_key(),
    }


class _Installation:
    """The children of one `up`."""

    def __init__(self, settings: Settings, lock: int, *, host: str, port: int | None, sample: bool) -> None:
        self._settings, self._lock, self._host, self._port, self._sample = settings, lock, host, port, sample
        self._supervisor = Supervisor(on_death=self._tell_of_death)
        self._desk_host = "127.0.0.1" if host in ANYWHERE else host
        self._to_sentinel = os.pipe()
        self._from_sentinel = os.pipe()
        self._from_web = os.pipe()
        self._desk_port = 0
        self._names = settings.data_dir / "workers"
        self._before = _last_lines(self._names)  # workers of an `up` that may have been killed: none of them lives
        self._address = ""

    def run(self, output: int) -> None:
        """Start, watch, stop. Children's stray words go to the descriptor *output*."""
        supervisor = self._supervisor
        supervisor.output = output
        supervisor.prepare()
        try:
            self._start()
            if not supervisor.is_stopping:
                self._greet()
            supervisor.run()
        finally:
            supervisor.stop_all(last=(SENTINEL, REDIS))
            with suppress(OSError):
                os.close(self._lock)

    # -- starting, in the order in which each needs the others --

    def _start(self) -> None:
        supervisor = self._supervisor
        supervisor.watch(self._from_web[0], self._hear_web)
        supervisor.watch(self._from_sentinel[0], self._hear_sentinel)
        if self._settings.redis_url is None:
            self._redis()
        migration = supervisor.add(Child("migration", self._in_child(_migrate), lasting=False))
        web = supervisor.add(Child("web", self._in_child(self._web), order=FACES))
        if self._sample:
            self._desk()

        def is_open() -> bool:
            return migration.pid == 0 and bool(self._address) and (self._desk_port > 0 or not self._sample)

        if not supervisor.run_until(is_open, for_s=START_S):
            if not supervisor.is_stopping:
                raise SettingWrong(
                    "the database or the web face did not start in time",
                    mend=f"See {self._settings.data_dir / 'logs' / 'zonewire.log'}.",
                )
            return
        if supervisor.failed:
            raise SettingWrong(
                "the database could not be brought up to date",
                where="ZONEWIRE_DATABASE_URL",
                mend=f"See {self._settings.data_dir / 'logs' / 'zonewire.log'}.",
            )
        web.lasting = True
        self._workers()

    def _redis(self) -> None:
        from workers.redis import exec_redis

        run = self._in_child(partial(exec_redis, self._settings.data_dir))
        self._supervisor.add(Child("redis", run, order=REDIS))

    def _workers(self) -> None:
        from workers.beat import run_beat
        from workers.sentinel import run_sentinel

        supervisor = self._supervisor
        sentinel = partial(run_sentinel, self._to_sentinel[0], self._from_sentinel[1], gone=self._before)
        supervisor.add(Child("sentinel", self._in_child(sentinel), order=SENTINEL))
        for lane in Lane:
            child = Child(lane.value, lambda: None, order=WORKERS, renamed=partial(self._named, lane))
            child.run = self._in_child(partial(_run_lane, lane, child))
            supervisor.add(child)
        supervisor.add(Child("beat", self._in_child(run_beat), order=FACES))
        if self._sample:
            self._samples()

    def _named(self, lane: Lane) -> str:
        """A name for a new worker, written down first: whoever starts here after us gives its leases back at once."""
        from tasks.process import new_worker_name

        name = new_worker_name(lane.value)
        with self._names.open("a") as file:
            file.write(f"{name}\n")
        return name

    def _desk(self) -> None:
        """The receiver and mailbox that --sample shows. It binds its own port, and says which."""
        from workers.desk import desk_socket, run_desk

        def serve() -> None:
            listener = desk_socket(self._desk_host, self._settings.data_dir)
            os.write(self._from_web[1], f"desk {listener.getsockname()[1]}\n".encode())
            run_desk(listener, self._settings.data_dir)

        self._supervisor.add(Child("desk", self._in_child(serve), order=FACES))

    def _samples(self) -> None:
        from workers.desk import load_samples

        run = partial(load_samples, f"http://{self._desk_host}:{self._desk_port}")
        self._supervisor.add(Child("samples", self._in_child(run), lasting=False))

    def _in_child(self, run: Callable[[], None]) -> Callable[[], None]:
        """*run*, after giving up what is the supervisor's alone."""

        def started() -> None:
            os.close(self._lock)
            run()

        return started

    def _web(self) -> None:
        from workers.binding import bind
        from workers.web import run_web

        try:
            listener = bind(self._host, self._port)
        except ZonewireError as error:
            os.write(self._from_web[1], f"error {error.where}\t{error.what}\t{error.mend}\n".encode())
            raise SystemExit(2) from None
        os.write(self._from_web[1], f"port {listener.getsockname()[1]}\n".encode())
        _wait_for_database(self._settings)
        run_web(listener)

    # -- what children say --

    def _hear_web(self) -> None:
        for line in os.read(self._from_web[0], 4096).decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "error":
                where, what, mend = rest.split("\t")
                raise Conflict(what, where=where, mend=mend)
            if kind == "desk":
                self._desk_port = int(rest)
                # The guard lets through exactly the sample receiver; workers that are forked from here on know it.
                os.environ[PREFIX + "ALLOW_ENDPOINTS"] = f"{self._desk_host}:{rest}"
                continue
            self._port = int(rest)  # a web face that is started again takes the same one
            shown = "127.0.0.1" if self._host in ANYWHERE else self._host
            self._address = f"http://{f'[{shown}]' if ':' in shown else shown}:{rest}"
            (self._settings.data_dir / BASE_URL_FILE).write_text(self._address)

    def _hear_sentinel(self) -> None:
        for name in os.read(self._from_sentinel[0], 4096).decode().splitlines():
            for child in self._supervisor.children:
                if child.name == name:
                    log.error("lane.restarted", lane=name)
                    self._supervisor.kill(child)

    def _tell_of_death(self, child: Child, *, ordered: bool) -> None:
        if child.worker is not None:
            line = f"{'ordered ' if ordered else ''}{child.worker}\n"
            with suppress(OSError):
                os.write(self._to_sentinel[1], line.encode())

    def _greet(self) -> None:
        base = self._settings.base_url or self._address
        data, command = self._settings.data_dir, _own_command()
        lines = [
            "Zonewire is up. Ctrl-C stops it.",
            "",
            f"  feeds       {base}/feeds/",
            f"  subscribe   {base}/subscribe        where readers choose their digests",
            f"  publish     {command} publish FILE   or   POST {base}/v1/events",
            f"  console     {base}/console          ({command} operators add NAME lets you in)",
            f"  status      {command} status         (logs: {data / 'logs' / 'zonewire.log'})",
            f"  tokens      {data / 'secrets.env'}",
        ]
        if self._settings.smtp_url is None:
            lines.append(f"  mails       {data / 'outbox'}/*.eml   (set ZONEWIRE_SMTP_URL to send them)")
        if self._desk_port:
            from workers.sample_robots import simulators

            desk = f"http://{self._desk_host}:{self._desk_port}"
            lines += [f"  webhooks    {desk}/          what the sample receiver got", f"  mailbox     {desk}/mail"]
            if simulators() is not None:
                lines.append(f"  chats       {desk}/chats     what the sample robots got")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _own_command() -> str:
    """This program, as somebody would type it who stands where `up` was started."""
    return "zonewire" if shutil.which("zonewire") else os.path.relpath(sys.argv[0])


def _last_lines(path: Path, *, most: int = 200) -> list[str]:
    """The end of *path*, which is cut to it; nothing where there is no such file."""
    lines = path.read_text().splitlines()[-most:] if path.is_file() else []
    path.write_text("".join(f"{line}\n" for line in lines))
    return lines


def _run_lane(lane: Lane, child: Child) -> None:
    from workers.lane import run_lane

    run_lane(lane, worker=child.worker)


def _migrate() -> None:
    from zonewire.store import open_store

    store = open_store(load().database, pool_size=1)
    try:
        _upgrade(store)
    except ZonewireError as error:
        log.error("migration.failed", error=str(error))  # noqa: TRY400  # the line says what to do; a traceback would not
        raise SystemExit(1) from None
    store.close()


def _upgrade(store: "Store") -> None:
    """`upgrade`; tried again where the database is not free, since whoever waits for us opens it at the same moment.

    Once a start in hundreds, on a busy machine, ended with that.
    """
    from zonewire.store import upgrade

    deadline = time.monotonic() + START_S
    while True:
        try:
            upgrade(store)
        except StoreBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _wait_for_database(settings: Settings) -> None:
    """The migration runs beside us; until it is through there is nothing to serve."""
    from zonewire.store import migrate, open_store

    store = open_store(settings.database, pool_size=1)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with suppress(ZonewireError), store.reading() as db:
            if migrate.is_current(db):
                break
        time.sleep(0.02)
    store.close()

"""What a worker process opened, once, after the fork: the store, the courier, the heart.

`open_process` is called after the fork, before Celery starts; the lanes' tasks call `run_turns`.
"""

import gc
import os
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery, current_task
from structlog.contextvars import bind_contextvars, bound_contextvars, unbind_contextvars

from config.catalogue import catalogue_of
from config.celery_settings import TASK_OF_LANE
from config.guard import guard_for, guard_of
from config.keys import ring_of
from config.services import services_of
from config.settings import Settings, load
from config.wechat import errands_of
from tasks.failures import note_failure
from tasks.heart import Heart
from tasks.hints import HintSender
from tasks.tracing import start_tracing, stop_tracing
from tasks.watching import Watchman, start_watching
from tasks.work import DigestsWork, EventsWork, FeedsWork, PushWork, Resting, UpkeepWork, Work
from zonewire import tracing
from zonewire.delivery.lanes import PUSH_LANES, Lane
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.task_failures import Failure
from zonewire.outbound.courier import Courier
from zonewire.outbound.couriers.eml import eml_courier
from zonewire.outbound.couriers.errands import ErrandCourier
from zonewire.outbound.couriers.http import CYCLES_FROM, HttpCourier
from zonewire.outbound.couriers.smtp import Relay, smtp_courier
from zonewire.push import Push, Pusher
from zonewire.store import Store, migrate, open_store
from zonewire.watch import PATIENCE_S as LOOKS_AGAIN_S

log = structlog.get_logger()

TASK_S = 0.9
"""A task runs turns for so long at most: remote control waits behind it."""
FEISHU_WAITS = b"x-ogw-ratelimit-reset"
"""How Feishu's gateway says Retry-After."""
PATIENCE_S = 0.05
"""It waits so long for the next reply before it leaves the rest to the heart."""


@dataclass(slots=True)
class Process:
    """The one worker of this process."""

    lane: Lane
    worker: str
    store: Store
    work: Work
    heart: Heart
    hints: HintSender
    watchman: Watchman | None = None  # of upkeep alone


_process: Process | None = None


def new_worker_name(lane: str) -> str:
    """A name that no other worker has or had."""
    return f"{lane}@{socket.gethostname()}/{secrets.token_hex(6)}"


def lane_of_worker(name: str) -> str:
    """The lane of the worker with that name."""
    return name.partition("@")[0]


def open_process(app: Celery, *, lane: Lane, worker: str | None = None) -> Process:
    """Open everything that *lane* needs. Raises SettingWrong, StoreUnavailable."""
    global _process  # noqa: PLW0603  # the one thing that tasks, called by name, find their process by
    settings = load()
    bind_contextvars(lane=lane)  # for this thread's life, and for the courier that is forked from it
    courier = _courier(settings, lane) if lane in PUSH_LANES else None  # before all else: it may fork
    if lane in PUSH_LANES:
        gc.set_threshold(CYCLES_FROM)
    store = open_store(settings.database, pool_size=3)
    hints = HintSender(app)
    name = worker or new_worker_name(lane)
    if lane is Lane.PUSH_ROBOT and isinstance(courier, HttpCourier) and (errands := errands_of(settings, store)):
        courier = ErrandCourier(courier, errands.carry)
    if courier is not None:
        work: Work = PushWork(_pusher(settings, store, courier, lane=lane, worker=name), lane, Resting(store, lane))
    else:
        work = _work(settings, store, hints, lane, name)
    work.turned = time.monotonic()
    heart = Heart(store, work, lane=lane, worker=name)
    start_tracing(store, process=lane)  # after the courier's fork: it has a thread
    watchman = start_watching(app, settings, store, patience_s=LOOKS_AGAIN_S) if lane is Lane.UPKEEP else None
    _process = Process(lane, name, store, work, heart, hints, watchman)
    heart.start()
    log.info("worker.opened", lane=lane, worker=name, pid=os.getpid())
    return _process


def close_process() -> None:
    """Finish what is in flight and give everything back. Harmless where nothing is open."""
    global _process
    if _process is None:
        return
    process, _process = _process, None
    process.heart.stop()
    if process.watchman is not None:
        process.watchman.stop()
    process.work.close()
    process.hints.close()
    process.store.close()
    stop_tracing()
    log.info("worker.closed", lane=process.lane, worker=process.worker)
    unbind_contextvars("lane")


def run_turns(lane: Lane) -> None:
    """The body of every task: turns of *lane* while they bring something, for about a second at most."""
    process = _process
    if process is None or process.lane is not lane:
        log.warning("task.misplaced", lane=lane)
        return
    task_id = current_task.request.id if current_task else None
    place, begun = tracing.new(), tracing.moment()
    with bound_contextvars(lane=lane, task_id=task_id), tracing.within(place):
        turns = _run_turns(process)
    if turns and tracing.is_on():  # most hints find nothing to do
        about = {"task": TASK_OF_LANE[lane], "task_id": task_id, "worker": process.worker, "turns": turns}
        tracing.tell("task", begun, about, place=place)


def _run_turns(process: Process) -> int:
    """How many turns did something."""
    deadline = time.monotonic() + TASK_S
    more, work, turns = True, process.work, 0
    work.tasked = time.monotonic()
    work.is_attended = True
    try:
        while more and time.monotonic() < deadline:
            more = work.turn()
            turns += more
            work.turned = time.monotonic()
            if work.is_busy:
                work.wait(PATIENCE_S)
                more = more or work.has_news
    finally:
        work.is_attended = False
    told = _counts(process.work) if isinstance(process.work, PushWork) else {}
    if told:
        log.info("batch.pushed", lane=process.lane, **told)
    if more:
        process.hints.hint(process.lane)
    return turns or bool(told)


def task_failed(sender: object = None, task_id: str = "", **said: Any) -> None:
    """Connected to Celery's task_failure: a task of this process raised."""
    process, error = _process, said.get("exception")
    if process is None or not isinstance(error, BaseException):
        return
    arguments = ", ".join([*map(repr, said.get("args") or ()), *_named(said.get("kwargs") or {})])
    failure = Failure(
        lane=process.lane,
        worker=process.worker,
        error=error,
        task=str(getattr(sender, "name", "")),
        task_id=task_id,
        arguments=arguments,
    )
    note_failure(process.store, failure)


def _named(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in arguments.items()]


def _counts(work: PushWork) -> dict[str, int]:
    tally = work.told()
    return {name: getattr(tally, name) for name in tally.__slots__ if getattr(tally, name)}


def _work(settings: Settings, store: Store, hints: HintSender, lane: Lane, worker: str) -> Work:
    match lane:
        case Lane.EVENTS:
            return EventsWork(store, hints.hint, worker)
        case Lane.FEEDS:
            return FeedsWork(store, settings, hints.hint)
        case Lane.DIGESTS:
            return DigestsWork(store, hints.hint)
        case Lane.UPKEEP:
            return UpkeepWork(store, settings)
    raise AssertionError(f"{lane} is pushed on")


def _pusher(settings: Settings, store: Store, courier: Courier, *, lane: Lane, worker: str) -> Pusher:
    with store.reading() as db:
        installation = migrate.installation_number(db)
    schedule = settings.mail_retry_schedule if lane is Lane.PUSH_EMAIL else settings.retry_schedule
    push = Push(
        lane=lane,
        worker=worker,
        installation=installation,
        policy=RetryPolicy(tuple(schedule)),
        disable_after_s=settings.disable_after,
        mailing=Mailing(settings.base, settings.mail_from, ring_of(settings), catalogue_of(settings).portal),
        services=services_of(settings),
    )
    return Pusher(store, courier, push)


def _courier(settings: Settings, lane: Lane) -> Courier:
    if lane is not Lane.PUSH_EMAIL:
        if lane is Lane.PUSH_ROBOT:
            guard = guard_for(settings, settings.baidu_api, settings.indexnow_api)
            return HttpCourier(guard, timeout_s=settings.http_timeout, wait_header=FEISHU_WAITS)
        return HttpCourier(guard_of(settings), timeout_s=settings.http_timeout)
    if settings.smtp_url is None:
        return eml_courier(settings.data_dir / "outbox")
    return smtp_courier(Relay.of(settings.smtp_url.get_secret_value()))

"""One lane's worker: Celery's solo pool in this process, a courier and a heart beside it."""

import contextlib
import time
import warnings

import redis
import structlog
from celery import signals
from celery.apps import worker as apps_worker
from celery.exceptions import SecurityWarning
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.settings import load
from tasks import process
from tasks.app import app
from zonewire.delivery.lanes import Lane

log = structlog.get_logger()

PING_STEP_S = 0.02
PING_FOR_S = 5.0
EVENTS_BEAT_S = 10.0
"""How often a worker tells whoever listens (Flower) that it is there: one PUBLISH, kept by nobody."""


def run_lane(lane: Lane, *, worker: str | None = None) -> None:
    """Work on *lane* until SIGTERM. Blocks; call it in a process of its own."""
    name = worker or process.new_worker_name(lane)

    signals.setup_logging.connect(_leave_logging_alone, weak=False)
    signals.task_failure.connect(process.task_failed, weak=False)
    # Celery warns of root for fear of pickled messages; ours are JSON, and nothing else is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    apps_worker.safe_say = _say_nothing  # on its way out Celery would print among our lines; worker.closed says it
    _wait_for_redis(load().redis)
    # Not from Celery's signal: it swallows what its receivers raise, and a lane without a store would live on, deaf.
    process.open_process(app, lane=lane, worker=name)
    celery_worker = app.Worker(
        hostname=name,
        pool="solo",
        concurrency=1,
        queues=[lane.value],
        without_gossip=True,
        without_mingle=True,
        heartbeat_interval=EVENTS_BEAT_S,  # without it Celery sends no event at all, and Flower sees no worker
        quiet=True,
    )
    try:
        celery_worker.start()
    finally:
        process.close_process()


def _say_nothing(*_: object, **__: object) -> None:
    """In place of what prints."""


def _leave_logging_alone(**_: object) -> None:
    """Connected to Celery's setup_logging: our own configuration stays."""


def _wait_for_redis(url: str) -> None:
    """Celery would sleep two seconds after a first failure; a Redis that starts beside us needs milliseconds."""
    deadline = time.monotonic() + PING_FOR_S
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.RedisError):
            client.ping()
            break
        time.sleep(PING_STEP_S)
    client.close()

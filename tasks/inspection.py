"""What Celery says of its workers: what each runs and has been handed, and how many hints wait on each lane.

Workers answer between two tasks (their pool is solo): one that is in the middle of its turns says nothing for up to a
second. So who is silent is either busy or gone, and its heartbeat tells which.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery

from config.celery_settings import transport_options
from zonewire.delivery.lanes import Lane
from zonewire.telemetry import masked

log = structlog.get_logger()

WAIT_S = 0.15
"""How long the workers are waited for, all together."""
CONNECT_S = 1.0
KINDS = ("active", "reserved", "scheduled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task that a worker has."""

    name: str
    id: str
    arguments: str
    began_at: int | None = None  # microseconds; of a running one
    due_at: str = ""  # of a scheduled one, as it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What could be learnt in time."""

    answers: bool = False  # the broker does
    hints: Mapping[Lane, int] = field(default_factory=dict)  # that wait on each lane
    running: Mapping[str, list[Task]] = field(default_factory=dict)  # by worker; who has not answered is missing
    reserved: Mapping[str, list[Task]] = field(default_factory=dict)
    scheduled: Mapping[str, list[Task]] = field(default_factory=dict)


NOTHING = Inspected()
"""What is known where no broker answers."""

Inspect = Callable[[Collection[str]], Inspected]


def inspector_of(app: Celery) -> Inspect:
    """Asks the workers of *app* that are named; never raises, and takes a second at the longest."""

    def inspect(workers: Collection[str]) -> Inspected:
        try:
            return _inspect(app, workers)
        except Exception as error:  # redis-py's own errors differ by version
            log.warning("workers.uninspected", error=repr(error))
            return NOTHING

    return inspect


def _inspect(app: Celery, workers: Collection[str]) -> Inspected:
    with app.connection_for_read(transport_options=transport_options(socket_timeout=CONNECT_S)) as connection:
        connection.ensure_connection(max_retries=0, timeout=CONNECT_S)
        queues = connection.default_channel.client
        hints = {lane: int(queues.llen(lane.value)) for lane in Lane}
    if not workers:
        return Inspected(answers=True, hints=hints)
    with ThreadPoolExecutor(len(KINDS)) as pool:  # side by side: each waits for who does not answer
        active, reserved, scheduled = pool.map(lambda kind: _ask(app, kind, workers), KINDS)
    return Inspected(answers=True, hints=hints, running=active, reserved=reserved, scheduled=scheduled)


def _ask(app: Celery, kind: str, workers: Collection[str]) -> dict[str, list[Task]]:
    """By worker, what they say to the inspect command *kind*; returns as soon as all have answered."""
    with app.connection_for_write(transport_options=transport_options(socket_timeout=CONNECT_S)) as connection:
        asked = app.control.inspect(
            destination=list(workers), timeout=WAIT_S, limit=len(workers), connection=connection
        )
        answers: dict[str, list[dict[str, Any]]] = getattr(asked, kind)() or {}
    return {worker: [_task(told) for told in tasks] for worker, tasks in sorted(answers.items())}


def _task(told: Mapping[str, Any]) -> Task:
    request = told.get("request", told)  # a scheduled one comes with when it is due
    arguments = [repr(one) for one in request.get("args") or ()]
    arguments += [f"{name}={one!r}" for name, one in (request.get("kwargs") or {}).items()]
    began = request.get("time_start")
    return Task(
        name=str(request.get("name", "")),
        id=str(request.get("id", "")),
        arguments=masked(", ".join(arguments)),
        began_at=None if began is None else int(float(began) * 1_000_000),
        due_at=str(told.get("eta", "")),
    )

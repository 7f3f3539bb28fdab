"""`/console/tasks`: what the workers run and were handed, what comes due next, and the tasks that failed."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from tasks.inspection import Inspected, Task
from web.console.frame import show
from web.console.visitor import Looking
from web.face import face_of
from web.numbers import number_in
from zonewire.delivery import heartbeats, task_failures
from zonewire.delivery.heartbeats import Worker
from zonewire.delivery.lanes import Lane
from zonewire.status import next_due
from zonewire.store import now

A_PAGE = 20

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A worker that lives, and what it says for itself."""

    worker: Worker
    answered: bool
    running: list[Task]
    reserved: list[Task]

    @property
    def word(self) -> str:
        """What it does: a key of `console.tasks`."""
        if not self.answered:
            return "silent"
        return "running" if self.running else "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a lane is going to do."""

    lane: Lane
    hints: int | None  # None: nobody knows
    next_at: int | None  # its next item comes due


@router.api_route("/console/tasks", methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking, before: str = "") -> Response:
    """All of it; failures that are older than *before*, a number of one."""
    face, older_than = face_of(request), number_in(before)
    with face.store.reading() as db:
        workers, last_beat = heartbeats.list_workers(db), heartbeats.last_beat(db)
        failures = task_failures.listed(db, before=older_than, most=A_PAGE + 1)
        next_at = _next_due(db)
    said = face.inspect([worker.name for worker in workers])
    return show(
        request,
        visitor,
        "tasks",
        here="lanes",
        said=said,
        processes=[_process(worker, said) for worker in workers],
        coming=[Coming(lane=lane, hints=said.hints.get(lane), next_at=next_at[lane]) for lane in Lane],
        scheduled=[(worker, task) for worker, tasks in said.scheduled.items() for task in tasks],
        last_beat=last_beat,
        failures=failures[:A_PAGE],
        older=failures[A_PAGE - 1].id if len(failures) > A_PAGE else None,
    )


def _next_due(db: Connection) -> dict[Lane, int | None]:
    moment = now(db)
    return {lane: next_due(db, lane, now=moment) for lane in Lane}


def _process(worker: Worker, said: Inspected) -> Process:
    return Process(
        worker=worker,
        answered=worker.name in said.running,
        running=said.running.get(worker.name, []),
        reserved=said.reserved.get(worker.name, []),
    )

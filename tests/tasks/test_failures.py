"""What a worker process notes of itself: faults, and when Celery last handed it a task."""

import pytest
from sqlalchemy import select

from tasks import process
from tasks.heart import Heart
from tasks.hints import HintSender
from tasks.process import Process
from tasks.work import Idle, Resting
from tests.eventually import eventually
from zonewire import __version__
from zonewire.delivery.lanes import Lane
from zonewire.errors import StoreBusy
from zonewire.store import Store
from zonewire.store.tables import heartbeats, task_failures


class Faulty(Idle):
    """A lane whose turn fails."""

    def turn(self) -> bool:
        raise ValueError("a fault of ours")

    def wait(self, timeout_s: float) -> None:
        """Not in a test."""


def rows(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as db:
        found = db.execute(select(task_failures.c.lane, task_failures.c.task, task_failures.c.error))
        return [(row.lane, row.task, row.error) for row in found]


def a_process(store: Store) -> Process:
    work = Faulty(Resting(store, Lane.DIGESTS))
    heart = Heart(store, work, lane=Lane.DIGESTS, worker="digests@here")
    return Process(Lane.DIGESTS, "digests@here", store, work, heart, HintSender.__new__(HintSender))


def test_a_turn_of_the_heart_that_fails_is_written_down(store: Store) -> None:
    heart = a_process(store).heart
    heart.start()
    try:
        eventually(lambda: ("digests", "", "ValueError: a fault of ours") in rows(store), within_s=5)
    finally:
        heart.stop()


def test_a_task_that_fails_is_written_down_and_its_beginning_noted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = a_process(store)
    monkeypatch.setattr(process, "_process", running)
    with pytest.raises(ValueError, match="of ours") as raised:
        process.run_turns(Lane.DIGESTS)
    process.task_failed(None, "a-task", exception=raised.value, args=[1], kwargs={"at": 2})

    assert rows(store) == [("digests", "", "ValueError: a fault of ours")]
    running.heart._beat()
    with store.reading() as db:
        row = db.execute(select(heartbeats)).one()
    assert row.version == __version__
    assert 0 <= row.beat_at - row.tasked_at < 5_000_000


def test_what_the_database_refuses_is_no_fault_of_ours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_process", a_process(store))
    process.task_failed(None, "a-task", exception=StoreBusy("the database did not come free in time", mend=""))

    assert rows(store) == []

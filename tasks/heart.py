"""The heart of a worker process: goes on without a broker, renews leases, and shows that the process lives.

It runs a turn when the courier's event comes, when something is known to come due, and at least every 250 ms while
anything is in flight; when all is quiet it looks once a second, which makes it the relay of its lane as well.
"""

import threading
import time

import structlog
from structlog.contextvars import bind_contextvars

from tasks.failures import note_failure
from tasks.work import Work
from zonewire import __version__
from zonewire.delivery import heartbeats
from zonewire.delivery.ledger import RENEW_EVERY_S
from zonewire.delivery.task_failures import Failure
from zonewire.errors import ZonewireError
from zonewire.store import Store

log = structlog.get_logger()

BUSY_STEP_S = 0.25
QUIET_STEP_S = 1.0
BEAT_EVERY_S = 2.0


class Heart:
    """A thread that keeps one lane's work going."""

    def __init__(self, store: Store, work: Work, *, lane: str, worker: str) -> None:
        self._store, self._work, self._lane, self._worker = store, work, lane, worker
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present turn."""
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        bind_contextvars(lane=self._lane)
        beat_at = renew_at = 0.0
        while not self._stopping.is_set():
            more = False
            try:
                if not self._work.is_attended:
                    more = self._work.turn()
                    self._work.turned = time.monotonic()
            except ZonewireError as error:
                log.warning("turn.refused", lane=self._lane, error=str(error))
                self._stopping.wait(BUSY_STEP_S)  # what is due now stays due, and would call us at once
            except Exception as error:  # the heart is what must go on
                log.exception("turn.failed", lane=self._lane)
                note_failure(self._store, Failure(lane=self._lane, worker=self._worker, error=error))
                self._stopping.wait(BUSY_STEP_S)
            try:  # apart from the turn: a turn that fails must not let the leases of what is in flight run out
                now = time.monotonic()
                if now >= beat_at:
                    self._beat()
                    beat_at = now + BEAT_EVERY_S
                if now >= renew_at:
                    self._work.renew()
                    renew_at = now + RENEW_EVERY_S
            except ZonewireError as error:
                log.warning("turn.refused", lane=self._lane, error=str(error))
                self._stopping.wait(BUSY_STEP_S)
            except Exception:  # the heart is what must go on
                log.exception("turn.failed", lane=self._lane)
                self._stopping.wait(QUIET_STEP_S)
            self._rest(more=more)

    def _rest(self, *, more: bool) -> None:
        """Until the next turn: none while there is more to do, unless that waits for what is in flight."""
        if self._work.is_attended:
            self._stopping.wait(BUSY_STEP_S)
        elif not more or self._work.is_busy:
            self._work.wait(self._step_s())

    def _step_s(self) -> float:
        step = BUSY_STEP_S if self._work.is_busy else QUIET_STEP_S
        next_at = self._work.next_at  # once: the task's thread may change it
        if next_at is not None:
            step = min(step, max(0.01, next_at - time.monotonic()))
        return step

    def _beat(self) -> None:
        with self._store.settling() as db:
            # A task that hangs in its turn keeps this old, and the sentinel sees it.
            now, tasked = time.monotonic(), self._work.tasked
            heartbeats.beat(
                db,
                worker=self._worker,
                lane=self._lane,
                turned_ago_s=now - self._work.turned,
                tasked_ago_s=None if tasked is None else now - tasked,
                version=__version__,
            )

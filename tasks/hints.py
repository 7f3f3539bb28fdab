"""Hints: "this lane may have work". Sent by name, so that whoever sends imports no task.

A hint may come twice or never. It goes over a connection of its own with short timeouts, never in the thread of a
request or of a heart: a frozen Redis would hold that for as long as it is frozen.
"""

import contextlib
import threading
from collections.abc import Iterable

import structlog
from celery import Celery
from kombu import Connection

from config.celery_settings import TASK_OF_LANE, transport_options
from config.settings import Settings
from zonewire.delivery.lanes import Lane

log = structlog.get_logger()

SOCKET_TIMEOUT_S = 1.0
ENOUGH_WAITING = 32
"""More hints than this in a lane's queue would tell nothing new."""
BACK_OFF_S = 0.25


class HintSender:
    """Sends hints from a thread of its own."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._wanted: set[Lane] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def hint(self, lane: str) -> None:
        """Say that *lane* may have work; returns at once."""
        with self._changed:
            self._wanted.add(Lane(lane))
            self._changed.notify()

    def close(self) -> None:
        """Send what is wanted, if Redis takes it at once, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(2 * SOCKET_TIMEOUT_S)

    def _run(self) -> None:
        line = HintLine(self._app)
        while True:
            with self._changed:
                while not self._wanted and not self._closed:
                    self._changed.wait()
                wanted, self._wanted = self._wanted, set()
            if not wanted:
                break
            if not line.send(wanted):
                with self._changed:
                    self._changed.wait(BACK_OFF_S)
        line.close()


class HintLine:
    """One connection for hints. Not for several threads."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None

    def send(self, lanes: Iterable[Lane], *, expires_s: float | None = None) -> bool:
        """Hint *lanes*; False after the first that Redis did not take; tried again where the line was old."""
        lanes = list(lanes)
        reused = self._connection is not None
        if self._try(lanes, expires_s):
            return True
        return reused and self._try(lanes, expires_s)

    def _try(self, lanes: list[Lane], expires_s: float | None) -> bool:
        try:
            connection = self._open()
            producer = connection.Producer(auto_declare=False)
            waiting = connection.default_channel.client
            for lane in lanes:
                if waiting.llen(lane.value) < ENOUGH_WAITING:
                    self._app.send_task(
                        TASK_OF_LANE[lane], queue=lane.value, producer=producer, retry=False, expires=expires_s
                    )
        except Exception as error:  # redis-py's own errors differ by version; a hint may always be lost
            log.debug("hint.lost", lanes=[lane.value for lane in lanes], error=repr(error))
            self.close()
            return False
        return True

    def answers(self) -> bool:
        """Whether the broker answers PING within a second."""
        try:
            return bool(self._open().default_channel.client.ping())
        except Exception:
            self.close()
            return False

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._app.connection_for_write(
                transport_options=transport_options(socket_timeout=SOCKET_TIMEOUT_S)
            )
            self._connection.ensure_connection(max_retries=0, timeout=SOCKET_TIMEOUT_S)
        return self._connection

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be broken: that is why it is dropped
                self._connection.close()
            self._connection = None


def hint_from_command(settings: Settings, *lanes: str) -> None:
    """For commands: hint *lanes* if the broker answers within a second. Never raises: the relay finds the work too."""
    from tasks.app import app

    del settings  # the application reads the same ones
    line = HintLine(app)
    line.send([Lane(lane) for lane in lanes])
    line.close()

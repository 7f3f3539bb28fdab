"""The watchman of a process: a thread that watches, for upkeep at once, and elsewhere where upkeep does not.

A thread of its own, since telling somebody may take as long as their mail server lets us wait.
"""

import threading

import structlog
from celery import Celery
from structlog.contextvars import bind_contextvars

from config.alarms import herald_of, look_around
from config.settings import Settings
from tasks.hints import HintLine
from zonewire.store import Store
from zonewire.watch import Watch

log = structlog.get_logger()

STEP_S = 5.0
GIVE_TIME_S = 5.0


class Watchman:
    """Watches until it is told to stop."""

    def __init__(self, watch: Watch, line: HintLine) -> None:
        self._watch, self._line = watch, line
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchman", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; whatever is being told to somebody has a few seconds still."""
        self._stopping.set()
        self._thread.join(GIVE_TIME_S)

    def _run(self) -> None:
        bind_contextvars(part="watch")
        while not self._stopping.is_set():
            try:
                self._watch.turn()
            except Exception:  # whatever it is, there must be another look
                if not self._stopping.is_set():
                    log.exception("watch.failed")
            self._stopping.wait(STEP_S)
        self._line.close()


def start_watching(app: Celery, settings: Settings, store: Store, *, patience_s: float) -> Watchman:
    """A watchman over *store*, who looks where nobody has for *patience_s* seconds."""
    line = HintLine(app)
    watch = Watch(store, herald_of(settings, store), lambda: look_around(settings, line.answers), patience_s=patience_s)
    watchman = Watchman(watch, line)
    watchman.start()
    return watchman

"""The supervisor: forks children, starts them again with back-off when they die, and stops them in order.

It opens pipes and nothing else: no thread, no socket, no database. What it needs to know of those, children tell it.
"""

import gc
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from zonewire.parent import die_with_parent, is_orphan

log = structlog.get_logger()

FIRST_BACK_OFF_S = 0.1
LONGEST_BACK_OFF_S = 5.0
LIVED_WELL_S = 10.0
"""A child that lived so long starts again without waiting."""
NAME_PREFIX = "zw "
"""The kernel keeps 15 bytes of a process's name: no word longer than this has room before `push.robot`."""
WARM_STOP_S = 10.0
LAST_STOP_S = 3.0


@dataclass(slots=True)
class Child:
    """One process: what it runs, and how it fares."""

    name: str
    run: Callable[[], None]
    order: int = 1  # stops go in rising order, all of one order at once
    lasting: bool = True  # started again when it ends
    worker: str | None = None  # whose leases go back when it dies
    renamed: Callable[[], str] | None = None  # gives the next life's worker name
    pid: int = 0
    started: float = 0.0
    back_off_s: float = 0.0
    start_at: float | None = None  # when it is due to start again
    restarts: int = 0


class OnDeath(Protocol):
    """Told of a child that died; *ordered* where the supervisor itself killed it."""

    def __call__(self, child: Child, /, *, ordered: bool) -> None:
        """Act on it; must not block."""


@dataclass(slots=True)
class Supervisor:
    """Children and their lives. `on_death` is told of each that died unasked or was killed at the end."""

    output: int | None = None  # a descriptor that children's stray words go to; None: ours
    on_death: "OnDeath" = field(default=lambda _child, *, ordered: None)  # noqa: ARG005
    children: list[Child] = field(default_factory=list)
    _readers: selectors.BaseSelector = field(default_factory=selectors.SelectSelector)
    _wake: tuple[int, int] = (-1, -1)
    _stopping: bool = False
    _failed: str | None = None

    def prepare(self) -> None:
        """Take the signals; freeze what is imported, so that children share its memory."""
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        self._wake = (read_end, write_end)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._readers.register(read_end, selectors.EVENT_READ, self._drain)
        gc.collect()
        gc.freeze()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _drain(self) -> None:
        while True:
            try:
                if not os.read(self._wake[0], 512):
                    return
            except BlockingIOError:
                return

    def watch(self, descriptor: int, heard: Callable[[], None]) -> None:
        """Call *heard* whenever *descriptor* can be read."""
        self._readers.register(descriptor, selectors.EVENT_READ, heard)

    def add(self, child: Child) -> Child:
        """Take *child* in, and start it."""
        self.children.append(child)
        self.start(child)
        return child

    def start(self, child: Child) -> None:
        """Fork *child*."""
        if child.renamed is not None:
            child.worker = child.renamed()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(child, parent)
        child.pid, child.started, child.start_at = pid, time.monotonic(), None

    def _become(self, child: Child, parent: int) -> None:
        """The child's whole life."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            if self.output is not None:
                os.dup2(self.output, 1)
                os.dup2(self.output, 2)
            _be_called(child.name)
            os.setpgid(0, 0)  # a terminal's Ctrl-C goes to the supervisor, which stops us in order
            die_with_parent()
            if not is_orphan(parent):
                child.run()
                status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("child.failed", child=child.name)
        finally:
            os._exit(status)

    def run_until(self, done: Callable[[], bool], *, for_s: float) -> bool:
        """Go on until *done*, a stop or *for_s* seconds; whether it was *done*."""
        deadline = time.monotonic() + for_s
        while not done():
            if self._stopping or time.monotonic() > deadline:
                return done()
            self._step(min(0.1, max(0.0, deadline - time.monotonic())))
        return True

    def run(self) -> None:
        """Go on until a stop is asked for."""
        while not self._stopping:
            self._step(self._next_s())

    @property
    def is_stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping

    def _next_s(self) -> float:
        due = [child.start_at for child in self.children if child.start_at is not None]
        return max(0.0, min([1.0, *(at - time.monotonic() for at in due)]))

    def _step(self, timeout_s: float) -> None:
        for key, _ in self._readers.select(timeout_s):
            key.data()
        self._reap()
        for child in self.children:
            if child.start_at is not None and time.monotonic() >= child.start_at and not self._stopping:
                self.start(child)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.pid == pid:
                    self._buried(child, os.waitstatus_to_exitcode(status))

    def _buried(self, child: Child, code: int) -> None:
        lived_s = time.monotonic() - child.started
        child.pid = 0
        if not self._stopping:
            self.on_death(child, ordered=False)
        if not child.lasting:
            if code != 0:
                self._failed = child.name
            return
        if self._stopping:
            return
        child.back_off_s = (
            0.0 if lived_s > LIVED_WELL_S else min(LONGEST_BACK_OFF_S, max(FIRST_BACK_OFF_S, 2 * child.back_off_s))
        )
        child.start_at = time.monotonic() + child.back_off_s
        child.restarts += 1
        log.warning("child.died", child=child.name, code=code, lived_s=round(lived_s, 1), again_in_s=child.back_off_s)

    @property
    def failed(self) -> str | None:
        """The name of a child that was to end well and did not."""
        return self._failed

    def kill(self, child: Child) -> None:
        """End a child that stands still; it is started again like any that died."""
        if child.pid:
            os.kill(child.pid, signal.SIGKILL)

    def stop_all(self, *, last: Sequence[int] = ()) -> None:
        """SIGTERM in rising order; whoever is still there after its time is killed. Orders in *last* get less time."""
        self._stopping = True
        for order in sorted({child.order for child in self.children}):
            group = [child for child in self.children if child.order == order and child.pid]
            for child in group:
                os.kill(child.pid, signal.SIGTERM)
            deadline = time.monotonic() + (LAST_STOP_S if order in last else WARM_STOP_S)
            while any(child.pid for child in group) and time.monotonic() < deadline:
                self._step(0.05)
            for child in group:
                if child.pid:
                    log.warning("child.killed", child=child.name)
                    os.kill(child.pid, signal.SIGKILL)
                    os.waitpid(child.pid, 0)
                    child.pid = 0
                    self.on_death(child, ordered=True)


def _be_called(name: str) -> None:
    """Show *name* in `ps -o comm`, `top` and `pgrep`, where all children of one program would look alike (Linux)."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(f"{NAME_PREFIX}{name}")

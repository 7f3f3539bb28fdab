"""The log of `up` as a file that many processes write, and that begins anew each day.

Each writer looks once a second: the first one that finds lines of yesterday, or too many of them, gives the file its
day's name, under a lock; the others find another file in its place and go on there. Upkeep removes old ones
(zonewire/old_files.py).
"""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

LOOK_EVERY_S = 1.0
MOST_BYTES = 100 * 1024 * 1024
"""One that is larger is put aside before its day is over: a flood of lines fills no disk in one piece."""


class LogFile:
    """What logging writes to. A line that cannot be written is lost, and nothing else: a full disk stops no work."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, most_bytes: int = MOST_BYTES) -> None:
        """*clock* is in Unix seconds."""
        self._path, self._clock, self._most_bytes = path, clock, most_bytes
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = self._opened()
        self._looked_at = float("-inf")

    def write(self, text: str) -> int:
        """One line, whole, behind those of all others."""
        moment = self._clock()
        if abs(moment - self._looked_at) >= LOOK_EVERY_S:
            self._looked_at = moment
            with contextlib.suppress(OSError):
                self._look(moment)
        with contextlib.suppress(OSError):
            os.write(self._descriptor, text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """The same for as long as the process lives, whichever file it leads to."""
        return self._descriptor

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR)

    def _look(self, moment: float) -> None:
        if self._is_over(moment):
            with (self._path.parent / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._is_over(moment):  # nobody was quicker
                    self._path.rename(self._aside())
        ours = os.fstat(self._descriptor)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(ours, self._path.stat()):
                return
        self._go_on_in_the_new_one(ours)

    def _is_over(self, moment: float) -> bool:
        with contextlib.suppress(FileNotFoundError):
            found = self._path.stat()
            is_of_before = found.st_size > 0 and _day(found.st_mtime) < _day(moment)
            return is_of_before or found.st_size >= self._most_bytes
        return False

    def _aside(self) -> Path:
        """zonewire.log.2026-11-28, or with .1, .2 … behind it."""
        name = f"{self._path.name}.{time.strftime('%Y-%m-%d', time.gmtime(self._path.stat().st_mtime))}"
        place, n = self._path.with_name(name), 0
        while place.exists():
            n += 1
            place = self._path.with_name(f"{name}.{n}")
        return place

    def _go_on_in_the_new_one(self, old: os.stat_result) -> None:
        """Under the same descriptor; and what a library writes to standard output goes there too, if it went here."""
        fresh = self._opened()
        try:
            for descriptor in {self._descriptor, 1, 2}:
                with contextlib.suppress(OSError):
                    if os.path.samestat(os.fstat(descriptor), old):
                        os.dup2(fresh, descriptor)
        finally:
            os.close(fresh)


def _day(moment_s: float) -> int:
    return int(moment_s // 86_400)  # of UTC, as the lines are

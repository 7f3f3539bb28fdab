"""How much a background writer does at once (rules.md, Intake).

SQLite has one writer at a time, and its wait is unfair: back-to-back transactions of a thousand rows kept intake
waiting for a third of a second. So a background writer holds the lock for about 25 ms, by a batch that adapts, and
then leaves it free at least as long. PostgreSQL needs no such pause.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

HOLD_S = 0.025
MOST_ROWS = 5_000
FEWEST_ROWS = 50


class Pace:
    """The pace of one background writer in one process."""

    def __init__(self, *, pauses: bool) -> None:
        self._pauses = pauses
        self._rows = 500

    @property
    def rows(self) -> int:
        """How many rows the next transaction should touch at most."""
        return self._rows

    @contextmanager
    def transaction(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[tuple[Connection, int]]:
        """A transaction of *begin* and how many rows it may touch, measured from when it has the lock. A pause follows.

        The wait for the lock says nothing of us: counted in, it shrank batches to nothing just when others wrote most.
        """
        with begin() as db:
            begun = time.monotonic()
            yield db, self._rows
        took = time.monotonic() - begun
        if took > HOLD_S:
            self._rows = max(FEWEST_ROWS, int(self._rows * max(0.5, HOLD_S / took)))
        elif took < HOLD_S / 2:
            self._rows = min(MOST_ROWS, self._rows * 2)
        if self._pauses:
            time.sleep(min(took, 2 * HOLD_S))

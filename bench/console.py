"""How long each page of the console takes on a full ledger, from the request to the last byte: what operators wait for.

There is no peer: a page that takes longer than they notice is too slow, whatever others do.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from tests.ledgers import LedgerSize, a_busy_ledger
from tests.web.console.browsing import Browser, at_the_console
from tests.web.console.pages import every_page
from zonewire.operators import Role
from zonewire.store import now, open_store, upgrade

MOST_MS = 300.0
"""So long a page may take, on two cores, with a million deliveries."""

Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ConsoleSize:
    """How much is measured."""

    ledger: LedgerSize
    rounds: int  # each page is asked for so often, once it is warm


def measure_console(folder: Path, size: ConsoleSize, *, database_url: str, judged: bool, said: Said) -> list[Figure]:
    """The median of each page, and the slowest page of all against its bound."""
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(database_url or f"sqlite:///{folder / 'console.db'}")
    upgrade(store)
    said(f"console: {size.ledger.deliveries:,} deliveries")
    with store.writing() as db:
        a_busy_ledger(db, size.ledger, now=now(db))
    took: dict[str, float] = {}
    with at_the_console(store, folder, Role.ADMINISTER) as chen:
        for path in every_page(store):
            chen.get(path)
            took[path] = statistics.median(_took_ms(chen, path) for _ in range(size.rounds))
            said(f"  {took[path]:6.0f} ms  {path}")
    store.close()
    slowest = max(took, key=lambda path: took[path])
    return [
        Figure(
            name=f"console: the slowest of {len(took)} pages, {slowest.partition('?')[0]}",
            value=took[slowest],
            unit="ms",
            at_most=MOST_MS if judged else None,
            samples=tuple(took.values()),
        )
    ]


def _took_ms(chen: Browser, path: str) -> float:
    began = time.perf_counter()
    chen.get(path)
    return (time.perf_counter() - began) * 1000

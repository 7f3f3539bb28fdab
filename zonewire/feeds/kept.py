"""Entries in the memory of whoever publishes: in a burst each goes into a score of documents, and is read once.

A version's rendering never changes, so nothing here grows old; another catalogue or address makes all of it void.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from zonewire.feeds import pressing, statements
from zonewire.feeds.pressing import Part

BUDGET_BYTES = 32 * 1024 * 1024
"""Some 40,000 pressed entries of ordinary length: of more the longest unused are read again."""

EntryKey = tuple[int, str]
"""An acceptance number, and what the entry is called in the table of renderings."""


class KeptEntries:
    """The entries of one database, the longest unused first."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._made_for = ""
        self._parts: OrderedDict[EntryKey, Part] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def read(self, db: Connection, wanted: Iterable[EntryKey], made_for: str) -> dict[EntryKey, Part]:
        """Those of *wanted* that stand ready, from memory or else from *db*."""
        found, missing = self._known(wanted, made_for)
        if missing:
            numbers = sorted({number for number, _ in missing})
            rows = db.execute(statements.READY_ENTRIES, {"numbers": numbers, "made_for": made_for})
            read = {key: pressing.unpress(row.body) for row in rows if (key := (row.number, row.format)) in missing}
            self.keep(read, made_for)
            found |= read
        return found

    def _known(self, wanted: Iterable[EntryKey], made_for: str) -> tuple[dict[EntryKey, Part], set[EntryKey]]:
        found: dict[EntryKey, Part] = {}
        missing: set[EntryKey] = set()
        with self._lock:
            if made_for != self._made_for:
                self._parts.clear()
                self._made_for, self._bytes = made_for, 0
            for key in wanted:
                part = self._parts.get(key)
                if part is None:
                    missing.add(key)
                else:
                    self._parts.move_to_end(key)
                    found[key] = part
        return found, missing

    def keep(self, entries: Mapping[EntryKey, Part], made_for: str) -> None:
        """Remember *entries*, which the database has."""
        with self._lock:
            if made_for != self._made_for:
                return
            for key, part in entries.items():
                if key not in self._parts:
                    self._parts[key] = part
                    self._bytes += len(part.pressed)
            while self._bytes > self._budget_bytes:
                self._bytes -= len(self._parts.popitem(last=False)[1].pressed)


_kept: WeakKeyDictionary[Engine, KeptEntries] = WeakKeyDictionary()


def kept_entries(db: Connection) -> KeptEntries:
    """What is kept of the database behind *db*."""
    return _kept.setdefault(db.engine, KeptEntries())

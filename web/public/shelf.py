"""Feed documents in memory: a cache that the database checks by number, at most a quarter of a second old.

A document that was checked within FRESH_S is served without a question to the database, and any number of requests
that come together ask one.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import brotli
from starlette.concurrency import run_in_threadpool

from zonewire.articles import newest_number
from zonewire.errors import StoreBusy
from zonewire.feeds import Catalogue, Document, Format, Making, document_number, filtered_document, served_document
from zonewire.filters import Filter
from zonewire.store import Store

QUALITY = 5
"""Of brotli's eleven: a document of 28 kB takes a millisecond (docs/decisions.md 30)."""
FRESH_S = 0.25
BUDGET_BYTES = 64 * 1024 * 1024

Key = tuple[str, Format]


@dataclass(slots=True)
class _Kept:
    document: Document
    checked_at: float  # monotonic seconds, before the database was asked
    brotli: bytes = b""  # made when somebody wants it

    @property
    def size(self) -> int:
        return len(self.document.body) + len(self.brotli)


class Shelf:
    """The documents of one web process. Lives in its event loop; only the reading is done in threads."""

    def __init__(
        self, store: Store, *, base_url: str, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._base_url, self._catalogue = base_url, catalogue
        self._clock = clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()  # the longest unused first
        self._kept_bytes = 0
        self._flights: dict[Key, asyncio.Task[Document | None]] = {}

    async def take(self, name: str, form: Format) -> Document | None:
        """The document, or None where that feed has none."""
        key = (name, form)
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept.checked_at <= FRESH_S:
            self._kept.move_to_end(key)
            return kept.document
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(self._look(key, kept.document if kept else None))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)  # a client that leaves takes nothing from the others

    async def pressed(self, name: str, form: Format, document: Document) -> bytes:
        """*document*, as it was taken from here, in brotli: made once for each that is kept, when somebody wants it."""
        kept = self._kept.get((name, form))
        if kept is None or kept.document is not document:
            return await run_in_threadpool(in_brotli, document)
        if not kept.brotli:
            body = await run_in_threadpool(in_brotli, document)
            if self._kept.get((name, form)) is kept:
                self._kept_bytes += len(body) - len(kept.brotli)  # another may have made it meanwhile
            kept.brotli = body
        return kept.brotli

    async def _look(self, key: Key, known: Document | None) -> Document | None:
        asked_at = self._clock()
        document = await run_in_threadpool(self._read, key, known)
        before = self._kept.get(key)
        self._forget(key)
        if document is not None:
            kept = self._kept[key] = _Kept(document, asked_at)
            if before is not None and before.document is document:
                kept.brotli = before.brotli
            self._kept_bytes += kept.size
            while self._kept_bytes > BUDGET_BYTES:
                self._forget(next(iter(self._kept)))
        return document

    def _read(self, key: Key, known: Document | None) -> Document | None:
        name, form = key
        with self._store.reading() as db:
            if known is not None and (document_number(db, name, form) or 0) == known.number:
                return known
            return served_document(db, name, form, base_url=self._base_url, catalogue=self._catalogue)

    def _forget(self, key: Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._kept_bytes -= kept.size


FILTERS_KEPT = 200
AT_ONCE = 2
"""So many documents of filters are made at once: each takes a thread for up to a second, where articles are long."""
WAITING = 16
"""Of more that nobody has asked for lately, the next is told to come again."""


class Filters:
    """The documents of filters that were asked for lately, each made anew once an article has come."""

    def __init__(self, store: Store, making: Making, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._making, self._clock = store, making, clock
        self._kept: OrderedDict[tuple[str, Format], tuple[int, float, Document]] = OrderedDict()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._flights: dict[tuple[str, Format], asyncio.Task[Document]] = {}

    async def take(self, query: str, wanted: Filter, form: Format) -> Document:
        """The document of *wanted*, whose canonical query is *query*. Raises StoreBusy where too many wait already.

        One that is there is not kept waiting by those that have to be made, and any number of requests make one.
        """
        key = (query, form)
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept[1] <= FRESH_S:
            return kept[2]
        flight = self._flights.get(key)
        if flight is None:
            if len(self._flights) >= WAITING:
                raise StoreBusy("too many feeds of filters are being made", mend="Try again in a moment.")
            flight = self._flights[key] = asyncio.ensure_future(self._look(key, wanted))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)

    async def _look(self, key: tuple[str, Format], wanted: Filter) -> Document:
        asked_at, kept = self._clock(), self._kept.get(key)
        number = await run_in_threadpool(self._newest)
        if kept is None or kept[0] != number:
            async with self._free:
                document = await run_in_threadpool(self._read, wanted, key[1])
        else:
            document = kept[2]
        self._kept[key] = number, asked_at, document
        self._kept.move_to_end(key)
        while len(self._kept) > FILTERS_KEPT:
            self._kept.popitem(last=False)
        return document

    def _newest(self) -> int:
        with self._store.reading() as db:
            return newest_number(db)

    def _read(self, wanted: Filter, form: Format) -> Document:
        with self._store.reading() as db:
            return filtered_document(db, wanted, form, making=self._making)


def in_brotli(document: Document) -> bytes:
    """*document* in brotli."""
    pressed: bytes = brotli.compress(document.plain, quality=QUALITY, mode=brotli.MODE_TEXT)
    return pressed

"""Feed documents in memory: a cache that the database checks by number, at most a quarter of a second old.

A document that was checked within FRESH_S is served without a question to the database, and any number of requests
that come together ask one. Archives stand here too, under their numbers.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from web.public.conditional import in_brotli
from zonewire.feeds import Catalogue, Document, Format, Making, archive_document, document_number, served_document
from zonewire.store import Store

FRESH_S = 0.25
BUDGET_BYTES = 64 * 1024 * 1024
ARCHIVES_AT_ONCE = 2
"""So many archives are put together at once: one whose entries were never rendered takes a thread for a while."""

Key = tuple[str, Format, int]  # the last: which archive; 0: the feed's document


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
        self._free_for_archives = asyncio.Semaphore(ARCHIVES_AT_ONCE)

    async def take(self, name: str, form: Format, nth: int = 0) -> Document | None:
        """The document, or the *nth* archive; None where that feed has none."""
        key = (name, form, nth)
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept.checked_at <= FRESH_S:
            self._kept.move_to_end(key)
            return kept.document
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(self._look(key, kept.document if kept else None))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)  # a client that leaves takes nothing from the others

    async def pressed(self, name: str, form: Format, document: Document, nth: int = 0) -> bytes:
        """*document*, as it was taken from here, in brotli: made once for each that is kept, when somebody wants it."""
        kept = self._kept.get(key := (name, form, nth))
        if kept is None or kept.document is not document:
            return await run_in_threadpool(in_brotli, document)
        if not kept.brotli:
            body = await run_in_threadpool(in_brotli, document)
            if self._kept.get(key) is kept:
                self._kept_bytes += len(body) - len(kept.brotli)  # another may have made it meanwhile
            kept.brotli = body
        return kept.brotli

    async def _look(self, key: Key, known: Document | None) -> Document | None:
        asked_at = self._clock()
        if key[2]:
            async with self._free_for_archives:
                document = await run_in_threadpool(self._read_archive, key, known)
        else:
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
        name, form, _ = key
        with self._store.reading() as db:
            if known is not None and (document_number(db, name, form) or 0) == known.number:
                return known
            return served_document(db, name, form, base_url=self._base_url, catalogue=self._catalogue)

    def _read_archive(self, key: Key, known: Document | None) -> Document | None:
        name, form, nth = key
        making = Making(self._base_url, self._catalogue)
        with self._store.reading() as db:
            return archive_document(db, name, nth, form, making=making, known=known)

    def _forget(self, key: Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._kept_bytes -= kept.size

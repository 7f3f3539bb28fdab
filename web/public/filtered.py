"""`/feeds/filter.FORMAT?zone=…&keyword=…`: a feed for any filter, made when somebody asks."""

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from web.face import face_of
from web.public.answering import CACHING, Served, answer
from web.public.conditional import in_brotli
from web.public.polling import counted
from zonewire.errors import NotFound, StoreBusy
from zonewire.feeds import (
    Cover,
    Document,
    Filtered,
    Format,
    Making,
    brought_up,
    canonical_query,
    cover_of,
    filtered_document,
    read_query,
)
from zonewire.filters import Filter
from zonewire.store import Store

FRESH_S = 0.25
LOOKS_AT_ONCE = 4
"""So many look-ups at once: each takes a thread for a millisecond, after 200 long articles for 80."""
KEPT_BESIDES = 1_024
"""Bytes, about, that a kept document takes besides its body, its words and its articles."""
KEPT_PER_ARTICLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What documents of filters may cost a web process."""

    whose: str  # those of one do not touch those of another
    kept_bytes: int
    at_once: int  # documents that are made at once: each takes a thread for up to a second, where articles are long
    waiting: int  # documents that are being made or wait for it; whoever wants one more is told to come again


STRANGERS = Bounds(
    whose="filters in an address",
    kept_bytes=16 * 1024 * 1024,  # 450 full documents of short articles; most that are invented come once
    at_once=2,  # one asks the database while the other computes: more would make none sooner
    waiting=16,  # anybody may invent any number
)

Key = tuple[str, Cover]
"""A filter's key, and what its document says about itself: a subscription's feed shows another filter at once."""


@dataclass(slots=True)
class _Kept:
    made: Filtered
    checked_at: float  # monotonic seconds, before the database was asked
    size: int  # bytes, with all that is kept for its sake


class Filters:
    """The documents of filters that were asked for lately, each made anew once what has come may change it."""

    def __init__(
        self, store: Store, making: Making, bounds: Bounds, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._making, self._bounds, self._clock = store, making, bounds, clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()  # the longest unused first
        self._kept_bytes = 0
        self._free, self._free_to_look = asyncio.Semaphore(bounds.at_once), asyncio.Semaphore(LOOKS_AT_ONCE)
        self._being_made = 0
        self._flights: dict[Key, asyncio.Task[Document]] = {}

    async def take(self, wanted: Filter, cover: Cover) -> Document:
        """The document of *wanted* under *cover*. Raises StoreBusy where too many wait already.

        One that is there is not kept waiting by those that have to be made, and any number of requests make one.
        """
        key = (wanted.key, cover)
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept.checked_at <= FRESH_S:
            self._kept.move_to_end(key)
            return kept.made.document
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(self._look(key, wanted))
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(flight)  # a client that leaves takes nothing from the others

    async def _look(self, key: Key, wanted: Filter) -> Document:
        if (kept := self._kept.get(key)) is not None:
            async with self._free_to_look:
                asked_at = self._clock()
                made = await run_in_threadpool(self._bring_up, kept.made, wanted)
            if made is not None:
                return self._keep(key, made, asked_at)
        return await self._make(key, wanted)

    async def _make(self, key: Key, wanted: Filter) -> Document:
        if self._being_made >= self._bounds.waiting:
            raise StoreBusy(f"too many feeds are being made, of {self._bounds.whose}", mend="Try again in a moment.")
        self._being_made += 1
        try:
            async with self._free:
                asked_at = self._clock()
                made = await run_in_threadpool(self._read, wanted, key[1])
        finally:
            self._being_made -= 1
        return self._keep(key, made, asked_at)

    def _keep(self, key: Key, made: Filtered, asked_at: float) -> Document:
        before = self._kept.pop(key, None)
        size = before.size if before is not None and before.made.document is made.document else _size_of(key, made)
        self._kept[key] = _Kept(made, asked_at, size)
        self._kept_bytes += size - (before.size if before is not None else 0)
        while self._kept_bytes > self._bounds.kept_bytes:
            self._kept_bytes -= self._kept.popitem(last=False)[1].size
        return made.document

    def _bring_up(self, made: Filtered, wanted: Filter) -> Filtered | None:
        with self._store.reading() as db:
            return brought_up(db, made, wanted)

    def _read(self, wanted: Filter, cover: Cover) -> Filtered:
        with self._store.reading() as db:
            return filtered_document(db, wanted, cover, making=self._making)


def _size_of(key: Key, made: Filtered) -> int:
    """Bytes that *made* takes in memory. Its words count: a stranger's filter may have more of them than articles."""
    wanted, cover = key
    words = sum(map(sys.getsizeof, (wanted, cover.name, cover.address, cover.title)))
    return len(made.document.body) + words + KEPT_PER_ARTICLE * len(made.carried) + KEPT_BESIDES


async def filtered(request: Request) -> Response:
    """The feed of any filter. One that is written otherwise leads to its one address; one that wants all, to `all`."""
    form: str = request.path_params["form"]
    if form not in set(Format):
        raise NotFound(f"there is no format {form[:20]!r}", where="the address", mend="It is rss, atom or json.")
    wanted = read_query(request.query_params.multi_items())
    query = canonical_query(wanted)
    if not query:
        return RedirectResponse(f"all.{form}", status_code=308, headers={"Cache-Control": CACHING})
    if request.query_params.multi_items() != parse_qsl(query):  # decoded: clients write the same in several ways
        return RedirectResponse(f"filter.{form}?{query}", status_code=308, headers={"Cache-Control": CACHING})
    cover = cover_of(wanted, Format(form), portal=face_of(request).catalogue.portal)
    # One count for all of a client's filters: a stranger may invent any number.
    return await counted(request, "filter", lambda: made_for(request, wanted, cover, STRANGERS))


ROUTE = Route("/feeds/filter.{form}", filtered, methods=["GET", "HEAD"])


async def made_for(request: Request, wanted: Filter, cover: Cover, bounds: Bounds) -> Response:
    """The document of *wanted* under *cover*, as the client wants it; made and kept within *bounds*."""
    found = await _filters_within(request, bounds).take(wanted, cover)
    served = Served(
        document=found,
        address=cover.address,
        form=cover.form,
        in_brotli=lambda: run_in_threadpool(in_brotli, found),
        is_dated=False,  # it may lose an article without a later date
    )
    return await answer(request, served)


def _filters_within(request: Request, bounds: Bounds) -> Filters:
    state = request.app.state
    if not hasattr(state, "filters"):
        state.filters = {}
    filters: dict[str, Filters] = state.filters
    if bounds.whose not in filters:
        face = face_of(request)
        filters[bounds.whose] = Filters(face.store, Making(face.settings.base, face.catalogue), bounds)
    return filters[bounds.whose]

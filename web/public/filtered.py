"""`/feeds/filter.FORMAT?zone=…&keyword=…`: a feed for any filter, made when somebody asks."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from web.face import face_of
from web.public.answering import CACHING, Served, answer
from web.public.conditional import in_brotli
from web.public.polling import counted
from zonewire.articles import newest_number
from zonewire.errors import NotFound, StoreBusy
from zonewire.feeds import Cover, Document, Format, Making, canonical_query, cover_of, filtered_document, read_query
from zonewire.filters import Filter
from zonewire.store import Store

FRESH_S = 0.25
KEPT = 200
AT_ONCE = 2
"""So many documents of filters are made at once: each takes a thread for up to a second, where articles are long."""
WAITING = 16
"""Of more that nobody has asked for lately, the next is told to come again."""


Key = tuple[str, Cover]
"""A filter's key, and what its document says about itself: a subscription's feed shows another filter at once."""


class Filters:
    """The documents of filters that were asked for lately, each made anew once an article has come."""

    def __init__(self, store: Store, making: Making, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._making, self._clock = store, making, clock
        self._kept: OrderedDict[Key, tuple[int, float, Document]] = OrderedDict()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._flights: dict[Key, asyncio.Task[Document]] = {}

    async def take(self, wanted: Filter, cover: Cover) -> Document:
        """The document of *wanted* under *cover*. Raises StoreBusy where too many wait already.

        One that is there is not kept waiting by those that have to be made, and any number of requests make one.
        """
        key = (wanted.key, cover)
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

    async def _look(self, key: Key, wanted: Filter) -> Document:
        asked_at, kept = self._clock(), self._kept.get(key)
        number = await run_in_threadpool(self._newest)
        if kept is None or kept[0] != number:
            async with self._free:
                document = await run_in_threadpool(self._read, wanted, key[1])
        else:
            document = kept[2]
        self._kept[key] = number, asked_at, document
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return document

    def _newest(self) -> int:
        with self._store.reading() as db:
            return newest_number(db)

    def _read(self, wanted: Filter, cover: Cover) -> Document:
        with self._store.reading() as db:
            return filtered_document(db, wanted, cover, making=self._making)


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
    return await counted(request, "filter", lambda: made_for(request, wanted, cover))


ROUTE = Route("/feeds/filter.{form}", filtered, methods=["GET", "HEAD"])


async def made_for(request: Request, wanted: Filter, cover: Cover) -> Response:
    """The document of *wanted* under *cover*, as the client wants it."""
    found = await _filters_of(request).take(wanted, cover)
    served = Served(
        document=found,
        address=cover.address,
        form=cover.form,
        in_brotli=lambda: run_in_threadpool(in_brotli, found),
        is_dated=False,  # it may lose an article without a later date
    )
    return await answer(request, served)


def _filters_of(request: Request) -> Filters:
    state = request.app.state
    if not hasattr(state, "filters"):
        face = face_of(request)
        state.filters = Filters(face.store, Making(face.settings.base, face.catalogue))
    filters: Filters = state.filters
    return filters

"""What a wish would have brought, looked up for `/subscribe`: a few at once, so many for each client, each once.

A look is up to half a second's work that anybody may ask for, of any filter. Where others are at it already, nobody
waits: the page says that it is busy, and the threads stay free for who confirms or leaves. The frame that shows the
digest asks a moment after the page that holds it, for the same: that is kept for a minute, in words, since the articles
themselves would be many megabytes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from web.face import Face
from zonewire import digests
from zonewire.delivery.mailing import MANAGE, UNSUBSCRIBE
from zonewire.digests import Edition, Occasion
from zonewire.errors import StoreBusy, TooMany
from zonewire.store import now
from zonewire.subscriptions import SubscriptionRequest

AT_ONCE = 2
A_MINUTE = 30
"""Looks for one client (polling.client_of); of our own machine's none is refused."""
KEPT_S = MINUTE_S = 60.0
KEPT, CLIENTS = 64, 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What would have come; `html` is the digest, "" where there would have been none."""

    count: int
    is_all: bool
    due_at: int | None  # microseconds
    is_coming: bool
    html: str


class Looks:
    """The looks of one web process. Its routes run in many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], tuple[float, Found]] = OrderedDict()  # until when
        self._minutes: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, how many

    def look(self, face: Face, asked: SubscriptionRequest, client: str) -> Found:
        """What *asked* would have brought. Raises StoreBusy where AT_ONCE are looking, TooMany for *client*."""
        key = (asked.wanted, *_rhythm_of(asked), asked.locale)
        if (found := self._known(key)) is not None:
            return found
        if not self._free.acquire(blocking=False):
            raise StoreBusy("too many are looking what would come", mend="Try again in a moment.")
        try:
            if client:
                self._count(client)
            found = _found(face, asked)
        finally:
            self._free.release()
        with self._lock:
            self._kept[key] = self._clock() + KEPT_S, found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _known(self, key: tuple[object, ...]) -> Found | None:
        with self._lock:
            until, found = self._kept.get(key, (0.0, None))
            return found if self._clock() < until else None

    def _count(self, client: str) -> None:
        moment = self._clock()
        with self._lock:
            since, n = self._minutes.pop(client, (moment, 0))
            if moment - since >= MINUTE_S:
                since, n = moment, 0
            self._minutes[client] = since, n + 1
            while len(self._minutes) > CLIENTS:
                self._minutes.popitem(last=False)
        if n >= A_MINUTE:
            wait_s = max(1, round(since + MINUTE_S - moment))
            raise TooMany(f"more than {A_MINUTE} looks in a minute from one address", retry_after_s=wait_s)


def looks_of(app: FastAPI) -> Looks:
    """The looks of *app*."""
    looks: Looks = app.state.looks
    return looks


def _rhythm_of(asked: SubscriptionRequest) -> tuple[str, int, int, str]:
    return asked.cadence, asked.at_minute, asked.weekday, asked.timezone


def _found(face: Face, asked: SubscriptionRequest) -> Found:
    with face.store.reading() as db:
        look = digests.look_back(db, asked, now=now(db))
    occasion = Occasion(
        filter_id=0,
        locale=asked.locale,
        template="digest",
        made_at=look.due_at or 0,
        base_url=face.settings.base,
        portal=face.catalogue.portal,
        sender=face.mailing.sender,
    )
    edition = digests.sample_edition(look, asked.wanted, occasion)
    html = _without_links(edition) if edition else ""
    is_coming = (look.due_at or 0) > look.at
    return Found(count=look.count, is_all=look.is_all, due_at=look.due_at, is_coming=is_coming, html=html)


def _without_links(edition: Edition) -> str:
    """Its HTML: the links of its reader lead nowhere, for there is none yet."""
    html = edition.html
    for slot in (UNSUBSCRIBE, MANAGE):
        html = html.replace(edition.slots.mark(slot), "#")
    return html

"""Who opens the links of mails: people, told apart from the scanners of mail gateways.

A scanner opens every link within seconds, to see where it leads; some do it in a real browser. Nothing here acts on a
visit anyway (RFC 8058). What is counted as people's visits would be worth little, though, if most of it were scanners'.
Counted in this process and written down every few seconds, so that no reader waits for the database's writer. What a
count of some seconds loses when a process is killed is not missed.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog
from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask

from web.face import face_of
from zonewire.errors import NotFound
from zonewire.keys import given_at_s
from zonewire.store import Store, now
from zonewire.subscriptions import count_visit

log = structlog.get_logger()

AT_ONCE_S = 10
"""Nobody reads a mail and opens a link so soon after it was made: it still has to be carried."""
WRITE_EVERY_S = 5.0
_MACHINES = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|headless|barracuda|mimecast|proofpoint|symantec|trendmicro|fortinet"
    r"|safelinks|urldefense|python|curl|wget|go-http|okhttp|java/|libwww|httpclient|powershell",
    re.IGNORECASE,
)


class Visitor(StrEnum):
    """Who opens a link."""

    PERSON = "person"
    SCANNER = "scanner"


def visitor_of(request: Request, *, age_s: float | None = None) -> Visitor:
    """Who asks, by what a browser that a person uses always says; *age_s* is that of the link."""
    headers = request.headers
    agent = headers.get("user-agent", "")
    is_machine = (
        request.method != "GET"
        or not agent
        or bool(_MACHINES.search(agent))
        or "accept-language" not in headers
        or "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
        or headers.get("sec-fetch-mode", "navigate") != "navigate"
        or (age_s is not None and age_s < AT_ONCE_S)
    )
    return Visitor.SCANNER if is_machine else Visitor.PERSON


class Visits:
    """The counts of one web process, by page and visitor. Its routes run in many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._written_at = float("-inf")  # the first is written down at once

    def note(self, page: str, visitor: Visitor) -> None:
        """One more."""
        with self._lock:
            self._counted[page, visitor.value] += 1

    def waiting(self) -> dict[tuple[str, str], int]:
        """What is not written down yet."""
        with self._lock:
            return dict(self._counted)

    def due(self) -> dict[tuple[str, str], int]:
        """What is to be written down now, by the caller: nothing where the last time was a moment ago."""
        with self._lock:
            if self._clock() - self._written_at < WRITE_EVERY_S:
                return {}
            self._written_at = self._clock()
            counted, self._counted = dict(self._counted), Counter()
            return counted


def visits_of(app: FastAPI) -> Visits:
    """The counts of *app*."""
    visits: Visits = app.state.visits
    return visits


def counted(request: Request, response: Response, page: str, token: str, *, purposes: tuple[str, ...] = ()) -> Response:
    """*response*, with which *page* was opened by *token* (for one of *purposes*); the visit is counted."""
    visits = visits_of(request.app)
    visits.note(page, visitor_of(request, age_s=_age_s(request, token, purposes)))
    if due := visits.due():
        response.background = BackgroundTask(write, face_of(request).store, due)  # nobody waits for it
    return response


def write(store: Store, visits: Mapping[tuple[str, str], int]) -> None:
    """Write *visits* down; where the database takes nothing now, they are not worth anybody's waiting."""
    try:
        with store.settling() as db:
            for (page, visitor), times in visits.items():
                count_visit(db, page=page, visitor=visitor, now=now(db), times=times)
    except Exception as error:
        log.warning("visits.uncounted", visits=sum(visits.values()), error=str(error).splitlines()[0])


def _age_s(request: Request, token: str, purposes: tuple[str, ...]) -> float | None:
    for purpose in purposes:
        try:
            return time.time() - given_at_s(face_of(request).keys, purpose, token)
        except NotFound:
            continue
    return None

"""Who opens the links of mails: people, told apart from the scanners of mail gateways.

A scanner opens every link within seconds, to see where it leads; some do it in a real browser. Nothing here acts on a
visit anyway (RFC 8058). What is counted as people's visits would be worth little, though, if most of it were scanners'.
"""

import re
import time
from enum import StrEnum

import structlog
from fastapi import Request

from web.face import face_of
from zonewire.errors import NotFound
from zonewire.keys import given_at_s
from zonewire.store import now
from zonewire.subscriptions import count_visit

log = structlog.get_logger()

AT_ONCE_S = 10
"""Nobody reads a mail and opens a link so soon after it was made: it still has to be carried."""
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


def note_visit(request: Request, page: str, token: str, *, purposes: tuple[str, ...]) -> None:
    """Count who opened *page* by *token*, which is for one of *purposes*. Never in the way: a visit is only counted."""
    face = face_of(request)
    visitor = visitor_of(request, age_s=_age_s(request, token, purposes))
    try:
        with face.store.settling() as db:
            count_visit(db, page=page, visitor=visitor, now=now(db))
    except Exception as error:
        log.warning("visit.uncounted", page=page, visitor=visitor, error=str(error).splitlines()[0])


def _age_s(request: Request, token: str, purposes: tuple[str, ...]) -> float | None:
    for purpose in purposes:
        try:
            return time.time() - given_at_s(face_of(request).keys, purpose, token)
        except NotFound:
            continue
    return None

"""How a feed document is answered: coded as the client wants it, only if it has changed, or only what it lacks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from web.face import Face, face_of
from web.public.conditional import coding_of, is_unchanged_since, known_tag, tags_in
from zonewire.feeds import Document, Format, content_type
from zonewire.store import SECOND

CACHING = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
VARY = "Accept-Encoding, Sec-Fetch-Dest"
"""Sec-Fetch-Dest is the browser's alone, and of few values: a cache keeps one variant for all feed readers."""
TO_PEOPLE = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
CODINGS = ("br", "gzip")
SUFFIXES = {"": "", "gzip": "-gz", "br": "-br"}
"""What each coding puts behind a document's tag: the variants differ in bytes, so each has a strong tag of its own."""
TAGS_READ = 5
"""Of the tags that a reader of deltas names, so many are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A document, and what may be asked of it."""

    document: Document
    address: str  # below /feeds/, percent-encoded
    form: Format
    in_brotli: Callable[[], Awaitable[bytes]]
    delta_from: Callable[[str], bytes | None] | None = None  # what whoever holds a tag lacks; None: has no deltas
    has_hub: bool = False  # whether the hub tells of its changes
    is_dated: bool = True  # whether every change of it gives it a later date
    caching: str = CACHING


async def answer(request: Request, served: Served) -> Response:
    """*served*, as the client wants it: 200, 226 or 304."""
    document, form = served.document, served.form
    coding = coding_of(request.headers.get("accept-encoding", ""), CODINGS)
    ours = f"{document.etag}{SUFFIXES[coding]}"
    tags = (ours, *(tag for suffix in SUFFIXES.values() if (tag := f"{document.etag}{suffix}") != ours))
    held = _held(request, served, tags)
    headers = {
        "ETag": f'"{held or ours}"',
        "Cache-Control": served.caching,
        "Vary": VARY,
        "Access-Control-Allow-Origin": "*",  # readers that live in a browser
        "Access-Control-Expose-Headers": "ETag, Link",
        "Link": _links(face_of(request), served),
    }
    if served.is_dated:
        headers["Last-Modified"] = _http_date(document.changed_at // SECOND)
    if held is not None:
        return Response(status_code=304, headers=headers)
    headers |= _typed(request, form)
    if (delta := await _delta(request, served)) is not None:
        # Not stored by caches that do not know 226: they would give it to others as the whole (RFC 3229 §10.5).
        headers |= {"IM": "feed", "Cache-Control": "no-store, im"}
        return _sent(request, 226, delta, headers)
    if coding:
        headers["Content-Encoding"] = coding
    return _sent(request, 200, await _coded(served, coding), headers)


def _links(face: Face, served: Served) -> str:
    """Where the document is, and which hubs tell of its changes (WebSub §4)."""
    base = face.settings.base
    hubs = (f"{base}/hub", *face.catalogue.hubs) if served.has_hub else ()
    return ", ".join([*(f'<{hub}>; rel="hub"' for hub in hubs), f'<{base}/feeds/{served.address}>; rel="self"'])


def _typed(request: Request, form: Format) -> dict[str, str]:
    """What *form* is. To a person it is XML with a style sheet: by its own type browsers show it raw, or save it."""
    headers = {"Content-Type": content_type(form), "X-Content-Type-Options": "nosniff"}
    if form is not Format.JSON and request.headers.get("sec-fetch-dest") == "document":
        headers |= {"Content-Type": "application/xml; charset=utf-8", "Content-Security-Policy": TO_PEOPLE}
    return headers


@lru_cache(maxsize=256)
def _http_date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def _sent(request: Request, status: int, body: bytes, headers: dict[str, str]) -> Response:
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, status_code=status, headers=headers)


async def _coded(served: Served, coding: str) -> bytes:
    if coding == "br":
        return await served.in_brotli()
    return served.document.body if coding == "gzip" else served.document.plain


def _held(request: Request, served: Served, tags: tuple[str, ...]) -> str | None:
    """The tag of what the client already has, if that is this document. If-None-Match overrides the date."""
    if (sent := request.headers.get("if-none-match")) is not None:
        return known_tag(sent, tags, preferred=tags[0])
    since = request.headers.get("if-modified-since")
    if since is None or not served.is_dated:
        return None
    return tags[0] if is_unchanged_since(since, served.document.changed_at) else None


async def _delta(request: Request, served: Served) -> bytes | None:
    """What the reader lacks, if it asks for that (`A-IM: feed`) and says what it has (RFC 3229)."""
    wanted = request.headers.get("a-im", "").lower().replace(" ", "").split(",")
    if served.delta_from is None or "feed" not in [part.partition(";")[0] for part in wanted]:
        return None
    for tag in tags_in(request.headers.get("if-none-match", ""))[:TAGS_READ]:
        if (delta := await run_in_threadpool(served.delta_from, tag)) is not None:
            return delta
    return None

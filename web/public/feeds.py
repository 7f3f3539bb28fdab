"""Feed documents for readers, and the page that lists them for people."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from web.face import Face, face_of
from web.pages import page
from web.problems import problem
from web.public.conditional import coding_of, is_unchanged_since, known_tag, tags_in
from web.public.polling import A_MINUTE, Polling, client_of, write
from web.public.shelf import Filters, Shelf, in_brotli
from zonewire.errors import NotFound
from zonewire.feeds import (
    MEDIA_TYPES,
    Document,
    FeedLine,
    Format,
    Making,
    canonical_query,
    delta_from,
    list_feeds,
    name_behind,
    read_query,
)

CACHING = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
CODINGS = ("br", "gzip")
TAGS_READ = 5
"""Of the tags that a reader of deltas names, so many are looked at."""
SUFFIXES = {"": "", "gzip": "-gz", "br": "-br"}
"""What each coding puts behind a document's tag."""
KINDS = ("declared", "zone", "city", "section")
_ADDRESS = re.compile(rf"(?P<name>[^\x00-\x1f\x7f]+)\.(?P<form>{'|'.join(Format)})")

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
def front() -> Response:
    """The page of the feeds is the front page."""
    return RedirectResponse("feeds/", headers={"Cache-Control": "public, max-age=60"})


@router.api_route("/feeds/", methods=["GET", "HEAD"])
def catalogue(request: Request) -> Response:
    """Every feed, for people."""
    face = face_of(request)
    with face.store.reading() as db:
        lines = list_feeds(db)
    groups = {kind: [line for line in lines if line.kind == kind] for kind in KINDS}
    return page(
        request,
        "public/feeds.html",
        caching="public, max-age=60",
        everything=lines[0],
        about_places=face.catalogue,
        groups={kind: _by_size(found) for kind, found in groups.items() if found},
    )


@router.api_route("/feeds/filter.{form}", methods=["GET", "HEAD"])
async def filtered(form: str, request: Request) -> Response:
    """The feed of any filter. One that is written otherwise leads to its one address; one that wants all, to `all`."""
    if form not in set(Format):
        raise _no_such(f"filter.{form}")
    wanted = read_query(request.query_params.multi_items())
    query = canonical_query(wanted)
    if not query:
        return RedirectResponse(f"all.{form}", status_code=308, headers={"Cache-Control": CACHING})
    if request.query_params.multi_items() != parse_qsl(query):  # decoded: clients write the same in several ways
        return RedirectResponse(f"filter.{form}?{query}", status_code=308, headers={"Cache-Control": CACHING})

    async def answer() -> Response:
        found = await _filters_of(request).take(query, wanted, Format(form))
        return await _answer(request, None, found, f"filter.{form}?{query}", Format(form))

    return await _counted(request, "filter", answer)  # a stranger may invent any number of filters


@router.api_route("/feeds/{address:path}", methods=["GET", "HEAD"])
async def document(address: str, request: Request) -> Response:
    """One feed document. A zone's, city's or section's own name in place of its slug leads to the slug."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise _no_such(address)
    name, form = match["name"], Format(match["form"])
    return await _counted(request, address, lambda: _document(request, name, form, address))


async def _counted(request: Request, address: str, answer: Callable[[], Awaitable[Response]]) -> Response:
    """*answer*, unless its client asks for *address* far too often; counted either way."""
    polling, client = _polling_of(request), client_of(request)
    if client and (wait_s := polling.must_wait_s(client, address)):
        polling.note(request, client, HTTPStatus.TOO_MANY_REQUESTS)
        return _too_often(wait_s)
    response = await answer()
    polling.note(request, client or "this machine", response.status_code)
    if polling.is_time_to_write():
        response.background = BackgroundTask(write, face_of(request).store, polling.taken())  # nobody waits for it
    return response


async def _document(request: Request, name: str, form: Format, address: str) -> Response:
    shelf = _shelf_of(request)
    found = await shelf.take(name, form)
    if found is not None:
        return await _answer(request, shelf, found, f"{quote(name)}.{form}", form, name=name)
    slug = await run_in_threadpool(_slug_behind, face_of(request), name)
    if slug is None:
        raise _no_such(address)
    # Relative, so that it is right behind any proxy and prefix. 308: for good.
    target = f"{quote(slug.rpartition('/')[2])}.{form}"
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(target + query, status_code=308, headers={"Cache-Control": CACHING})


async def _answer(
    request: Request, shelf: Shelf | None, found: Document, address: str, form: Format, *, name: str = ""
) -> Response:
    """*found*, as the client wants it. Only what stands on a *shelf*, as the feed *name*, has deltas."""
    coding = coding_of(request.headers.get("accept-encoding", ""), CODINGS)
    # The variants differ in bytes, so each has a strong tag of its own; the one that would be sent stands first.
    ours = f"{found.etag}{SUFFIXES[coding]}"
    tags = (ours, *(tag for suffix in SUFFIXES.values() if (tag := f"{found.etag}{suffix}") != ours))
    held = _held(request, found, tags, by_date=shelf is not None)
    headers = {
        "ETag": f'"{held or tags[0]}"',
        "Last-Modified": format_datetime(datetime.fromtimestamp(found.changed_at // 1_000_000, UTC), usegmt=True),
        "Cache-Control": CACHING,
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",  # readers that live in a browser
        "Access-Control-Expose-Headers": "ETag, Link",
        "Link": f'<{face_of(request).settings.base}/feeds/{address}>; rel="self"',
    }
    if shelf is None:
        del headers["Last-Modified"]  # a filter's document may lose an article without a later date
    if held is not None:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = f"{MEDIA_TYPES[form]}; charset=utf-8"
    headers["X-Content-Type-Options"] = "nosniff"
    if (
        shelf
        and _takes_deltas(request)
        and (delta := await run_in_threadpool(_delta, request, found, name, form)) is not None
    ):
        # Not stored by caches that do not know 226: they would give it to others as the whole (RFC 3229 §10.5).
        headers |= {"IM": "feed", "Cache-Control": "no-store, im", "Content-Length": str(len(delta))}
        return Response(b"" if request.method == "HEAD" else delta, status_code=226, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    body = await _coded(shelf, found, name, form, coding)
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


def _takes_deltas(request: Request) -> bool:
    """Whether the reader asks for what it lacks (`A-IM: feed`), and says what it has."""
    wanted = request.headers.get("a-im", "").lower().replace(" ", "").split(",")
    return "feed" in [part.partition(";")[0] for part in wanted] and "if-none-match" in request.headers


def _delta(request: Request, found: Document, name: str, form: Format) -> bytes | None:
    face = face_of(request)
    with face.store.reading() as db:
        for tag in tags_in(request.headers["if-none-match"])[:TAGS_READ]:
            base_url, catalogue = face.settings.base, face.catalogue
            delta = delta_from(db, name, form, found, tag, base_url=base_url, catalogue=catalogue)
            if delta is not None:
                return delta
    return None


async def _coded(shelf: Shelf | None, found: Document, name: str, form: Format, coding: str) -> bytes:
    if coding == "br" and shelf is None:
        return await run_in_threadpool(in_brotli, found)
    if coding == "br" and shelf is not None:
        return await shelf.pressed(name, form, found)
    return found.body if coding == "gzip" else found.plain


def _held(request: Request, found: Document, tags: Sequence[str], *, by_date: bool) -> str | None:
    """The tag of what the client already has, if that is this document. If-None-Match overrides the date."""
    if (sent := request.headers.get("if-none-match")) is not None:
        return known_tag(sent, tags, preferred=tags[0])
    since = request.headers.get("if-modified-since")
    return tags[0] if by_date and since is not None and is_unchanged_since(since, found.changed_at) else None


def _slug_behind(face: Face, name: str) -> str | None:
    with face.store.reading() as db:
        return name_behind(db, name)


def _too_often(wait_s: int) -> Response:
    detail = f"more than {A_MINUTE} requests for this document within a minute: it changes less often than that"
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait_s)})


def _polling_of(request: Request) -> Polling:
    state = request.app.state
    if not hasattr(state, "polling"):
        state.polling = Polling()
    polling: Polling = state.polling
    return polling


def _filters_of(request: Request) -> Filters:
    state = request.app.state
    if not hasattr(state, "filters"):
        face = face_of(request)
        state.filters = Filters(face.store, Making(face.settings.base, face.catalogue))
    filters: Filters = state.filters
    return filters


def _shelf_of(request: Request) -> Shelf:
    state = request.app.state
    if not hasattr(state, "shelf"):
        face = face_of(request)
        state.shelf = Shelf(face.store, base_url=face.settings.base, catalogue=face.catalogue)
    shelf: Shelf = state.shelf
    return shelf


def _by_size(lines: list[FeedLine]) -> list[FeedLine]:
    return sorted(lines, key=lambda line: (-line.articles, line.name))


def _no_such(address: str) -> NotFound:
    return NotFound(
        f"there is no feed at {address!r}",
        where="the address",
        mend="/feeds/ lists every feed; one appears with its first article.",
    )

"""`/feeds/archive/NAME/N.FORMAT`: the archives of a feed, for readers that want all of it (RFC 5005)."""

import re
from http import HTTPStatus
from urllib.parse import quote

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from web.face import Face, face_of
from web.problems import problem
from web.public.answering import CACHING, Served, answer
from web.public.feeds import shelf_of, slug_behind
from web.public.polling import counted
from zonewire.errors import NotFound
from zonewire.feeds import Format, Lack, why_lacking

ARCHIVE_CACHING = "public, max-age=86400, stale-while-revalidate=3600"
"""A day: what is withdrawn leaves an archive, and should leave caches soon."""
_ADDRESS = re.compile(rf"(?P<name>[^\x00-\x1f\x7f]+)/(?P<nth>[1-9][0-9]{{0,8}})\.(?P<form>{'|'.join(Format)})")


async def archive(request: Request) -> Response:
    """One archive. The one that will be closed next leads to the feed's document, which it continues."""
    address: str = request.path_params["address"]
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise _no_such(address)
    name, nth, form = match["name"], int(match["nth"]), Format(match["form"])
    return await counted(request, f"archive/{address}", lambda: _archive(request, name, nth, form))


ROUTE = Route("/feeds/archive/{address:path}", archive, methods=["GET", "HEAD"])


async def _archive(request: Request, name: str, nth: int, form: Format) -> Response:
    shelf = shelf_of(request)
    found = await shelf.take(name, form, nth)
    if found is None:
        return await _elsewhere(request, name, nth, form)
    served = Served(
        document=found,
        address=f"archive/{quote(name)}/{nth}.{form}",
        form=form,
        in_brotli=lambda: shelf.pressed(name, form, found, nth),
        caching=ARCHIVE_CACHING,
    )
    return await answer(request, served)


async def _elsewhere(request: Request, name: str, nth: int, form: Format) -> Response:
    """What is answered where there is no such archive. Redirects are relative, as those of feeds are."""
    face = face_of(request)
    lack = await run_in_threadpool(_lack, face, name, nth)
    query = f"?{request.url.query}" if request.url.query else ""
    if lack is Lack.NEXT:
        up = "../" * (name.count("/") + 2)
        return RedirectResponse(
            f"{up}{quote(name)}.{form}{query}", status_code=307, headers={"Cache-Control": "public, max-age=60"}
        )
    if lack is Lack.GONE:
        detail = "this archive is gone: the feed carries something else since, and begins anew"
        return problem(HTTPStatus.GONE, detail, headers={"Cache-Control": ARCHIVE_CACHING})
    slug = await run_in_threadpool(slug_behind, face, name)
    if slug is None:
        raise _no_such(f"{name}/{nth}.{form}")
    target = f"../{quote(slug.rpartition('/')[2])}/{nth}.{form}{query}"
    return RedirectResponse(target, status_code=308, headers={"Cache-Control": CACHING})


def _lack(face: Face, name: str, nth: int) -> Lack:
    with face.store.reading() as db:
        return why_lacking(db, name, nth, catalogue=face.catalogue)


def _no_such(address: str) -> NotFound:
    return NotFound(
        f"there is no archive at {address!r}",
        where="the address",
        mend="A feed's document names its newest archive, and each archive the one before it.",
    )

"""Feed documents for readers, and the page that lists them for people.

Documents have a plain route, without what FastAPI does for parameters and dependencies: that was half of what an answer
cost (docs/contributors/performance.md).
"""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import RedirectResponse
from starlette.routing import Route

from web.face import Face, face_of
from web.pages import page
from web.public.answering import CACHING, Served, answer
from web.public.polling import counted
from web.public.shelf import Shelf
from zonewire.errors import NotFound
from zonewire.feeds import Document, FeedLine, Format, delta_from, list_feeds, name_behind

KINDS = ("declared", "zone", "city", "section")


class _Address(Convertor[str]):
    """NAME.FORMAT."""

    regex = rf"[^\x00-\x1f\x7f]+\.(?:{'|'.join(Format)})\Z"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("feed_document", _Address())
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


@router.api_route("/feeds/{address:path}", methods=["GET", "HEAD"])
def no_document(address: str) -> None:
    """What is below /feeds/ and has not the form of a document's address."""
    raise _no_such(address)


async def document(request: Request) -> Response:
    """One feed document. A zone's, city's or section's own name in place of its slug leads to the slug."""
    address: str = request.path_params["address"]
    name, _, form = address.rpartition(".")
    return await counted(request, address, lambda: _document(request, name, Format(form), address))


ROUTE = Route("/feeds/{address:feed_document}", document, methods=["GET", "HEAD"])


async def _document(request: Request, name: str, form: Format, address: str) -> Response:
    shelf, face = shelf_of(request), face_of(request)
    found = await shelf.take(name, form)
    if found is not None:
        served = Served(
            document=found,
            address=f"{quote(name)}.{form}",
            form=form,
            has_hub=True,
            in_brotli=lambda: shelf.pressed(name, form, found),
            delta_from=lambda tag: _delta(face, name, form, found, tag),
        )
        return await answer(request, served)
    slug = await run_in_threadpool(slug_behind, face, name)
    if slug is None:
        raise _no_such(address)
    # Relative, so that it is right behind any proxy and prefix. 308: for good.
    target = f"{quote(slug.rpartition('/')[2])}.{form}"
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(target + query, status_code=308, headers={"Cache-Control": CACHING})


def _delta(face: Face, name: str, form: Format, found: Document, tag: str) -> bytes | None:
    with face.store.reading() as db:
        return delta_from(db, name, form, found, tag, base_url=face.settings.base, catalogue=face.catalogue)


def slug_behind(face: Face, name: str) -> str | None:
    """The feed that a zone's, city's or section's own name stands for; None where it stands for none."""
    with face.store.reading() as db:
        return name_behind(db, name)


def shelf_of(request: Request) -> Shelf:
    """This process's documents."""
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

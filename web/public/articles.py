"""The page of an article that has no address of its own (design.md, HTTP)."""

from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from web.face import face_of
from web.pages import locale_of, page
from zonewire.articles import Version, newest_by_id
from zonewire.articles.identity import article_id_of
from zonewire.feeds import ALL, FeedLine, feeds_of
from zonewire.feeds.entries import shown_published
from zonewire.feeds.plain import as_uri, body_html
from zonewire.rendering.translation import words

CACHING = "public, max-age=60"

router = APIRouter()


@router.api_route("/articles/{shown}", methods=["GET", "HEAD"])
def article(shown: str, request: Request) -> Response:
    """The article; 302 to its own address where it has one, 410 once it is withdrawn, 404 where there never was one."""
    article_id = article_id_of(shown)
    if article_id is None:
        return _notice(request, "unknown", status=404)
    with face_of(request).store.reading() as db:
        version = newest_by_id(db, article_id)
        feeds = feeds_of(db, article_id)
    if version is None:
        return _notice(request, "unknown", status=404)
    if version.withdrawn:
        return _notice(request, "gone", status=410)
    if version.article.url:
        return RedirectResponse(as_uri(version.article.url), status_code=302, headers={"Cache-Control": CACHING})
    return _shown(request, version, [line for line in feeds if line.name != ALL])


def _shown(request: Request, version: Version, feeds: list[FeedLine]) -> Response:
    it = version.article
    return page(
        request,
        "public/article.html",
        caching=CACHING,
        article=it,
        body=_reachable(body_html(it)),
        published_at=shown_published(it.published_at, version.accepted_at),
        corrected_at=version.accepted_at if version.version > 1 else None,
        pictures=[image for image in it.images if image.url not in it.html],
        feeds=feeds,
        file_name=_file_name,
    )


def _reachable(body: str) -> str:
    """*body*, what scrolls sideways in it reachable by keyboard (WCAG 2.1.1): the sanitiser left those tags bare."""
    return body.replace("<table>", '<table tabindex="0">').replace("<pre>", '<pre tabindex="0">')


def _notice(request: Request, what: str, *, status: int) -> Response:
    speech = words(locale_of(request))
    return page(
        request,
        "public/notice.html",
        status=status,
        caching=CACHING,
        heading=speech(f"article.{what}_title"),
        sentence=speech(f"article.{what}"),
        seal=what == "gone",
    )


def _file_name(url: str) -> str:
    """The last part of a file's address, as people read it."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or url

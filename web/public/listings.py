"""Lists for machines: every feed as OPML, the last two days as a news sitemap, and what robots may fetch."""

import hashlib
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from web.face import face_of
from web.public.conditional import known_tag
from zonewire.articles import newest_number
from zonewire.feeds import OPML, list_feeds, listed_in_sitemap, render_opml, render_sitemap
from zonewire.store import SECOND, now

CACHING = "public, max-age=300"
KEPT_FOR = 300 * SECOND
"""The sitemap is made anew with each article, and so often at least: what is two days old leaves it by itself."""
CLOSED = ("/confirm/", "/manage/", "/unsubscribe/", "/editions/", "/v1/", "/hub", "/console", "/metrics")
"""What no search engine has any business at."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int  # of the newest version when it was made
    made_at: int  # microseconds
    body: bytes


@router.api_route("/feeds.opml", methods=["GET", "HEAD"])
def opml(request: Request) -> Response:
    """Every feed, for a reader that takes many at once."""
    face = face_of(request)
    with face.store.reading() as db:
        lines = list_feeds(db)
    body = render_opml(lines, base_url=face.settings.base, catalogue=face.catalogue)
    return _answer(request, body, media_type=f"{OPML}; charset=utf-8")


@router.api_route("/news-sitemap.xml", methods=["GET", "HEAD"])
def news_sitemap(request: Request) -> Response:
    """The articles of the last 48 hours."""
    face, state = face_of(request), request.app.state
    with face.store.reading() as db:
        at, number = now(db), newest_number(db)
        kept: _Kept | None = getattr(state, "sitemap", None)
        if kept is None or kept.number != number or not 0 <= at - kept.made_at < KEPT_FOR:
            some = listed_in_sitemap(db, now=at)
            body = render_sitemap(some, base_url=face.settings.base, portal=face.catalogue.portal.name)
            kept = state.sitemap = _Kept(number, at, body)
    return _answer(request, kept.body, media_type="application/xml; charset=utf-8")


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def robots(request: Request) -> Response:
    """Feeds and articles may be fetched; what belongs to one reader may not."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines += ["", f"Sitemap: {face_of(request).settings.base}/news-sitemap.xml", ""]
    return _answer(request, "\n".join(lines).encode(), media_type="text/plain; charset=utf-8")


def _answer(request: Request, body: bytes, *, media_type: str) -> Response:
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": CACHING, "X-Content-Type-Options": "nosniff"}
    sent = request.headers.get("if-none-match")
    if sent is not None and known_tag(sent, (tag,), preferred=tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, media_type=media_type, headers=headers)

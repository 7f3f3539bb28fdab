"""`/editions/TOKEN/wechat`: an edition as articles for a WeChat Official Account, to be copied into its editor.

For whoever runs such an account, and needs no API for it. There is one article, or up to eight where the catalogue
says so: `?article=2` shows the second. They keep the language of the edition; `?lang=` is that of the page around them.
Their QR codes are pictures at addresses of their own, which that editor fetches as it does the others.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from web.face import face_of
from web.pages import BY_TOKEN, WITH_STYLED, locale_of, page
from web.public.editions import empty, open_edition, unknown
from zonewire.digests import (
    AUTHOR_CHARS,
    DIGEST_CHARS,
    QR,
    TITLE_CHARS,
    EditionPage,
    WechatArticle,
    articles_of,
    with_pictures,
)
from zonewire.errors import NotFound
from zonewire.rendering.translation import words

FOR_KEYS = ('overflow:auto"', 'overflow:auto" tabindex="0"')
"""A wide table is moved with a finger in WeChat, on this page with the keyboard too. (Quotes in texts are escaped.)"""

router = APIRouter()


@router.api_route("/editions/{token}/wechat", methods=["GET", "HEAD"])
def wechat(token: str, request: Request) -> Response:
    """The article, its title and digest line, each with a button that copies it; 404 for a token that is not ours."""
    try:
        found = open_edition(request, token)
    except NotFound:
        return unknown(request)
    locale = locale_of(request) if request.query_params.get("lang") else found.locale
    if found.sheet is None:
        return empty(request, locale)
    return _shown(request, found, token=token, locale=locale)


@router.api_route("/editions/{token}/wechat/{nth}.png", methods=["GET", "HEAD"])
def code(token: str, nth: str, request: Request) -> Response:
    """The QR code of an article, by its place; 404 where there is none."""
    try:
        found = open_edition(request, token)
    except NotFound:
        return unknown(request)
    articles = _articles(request, found, token) if found.sheet else ()
    place = _place(nth, articles)
    if place is None or not articles[place].qr_code:
        return unknown(request)
    headers = {**BY_TOKEN, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(articles[place].qr_code, media_type="image/png", headers=headers)


def _articles(request: Request, found: EditionPage, token: str) -> tuple[WechatArticle, ...]:
    assert found.sheet is not None  # noqa: S101 - both callers have just looked
    face = face_of(request)
    place: Any = {"portal": face.catalogue.portal, "page": f"{face.settings.base}/editions/{token}"}
    return articles_of(found.sheet, found.split(), found.locale, made_at=found.made_at, **place)


def _place(nth: str, articles: tuple[WechatArticle, ...]) -> int | None:
    """The place of the article that *nth* names, from 0."""
    names = [str(n) for n in range(1, len(articles) + 1)]
    return names.index(nth) if nth in names else None


def _shown(request: Request, found: EditionPage, *, token: str, locale: str) -> Response:
    """Never from a cache: what was withdrawn since must not be copied."""
    articles = _articles(request, found, token)
    place = _place(request.query_params.get("article", "1"), articles) or 0
    article = articles[place]
    code_at = f"{face_of(request).settings.base}/editions/{token}/wechat/{place + 1}.png"
    pictures = {one: one for one in article.pictures} | {QR: code_at}
    return page(
        request,
        "public/wechat.html",
        locale=locale,
        policy=WITH_STYLED,
        token=token,
        article=article,
        content=with_pictures(article.content, pictures).replace(*FOR_KEYS),
        titles=[one.title for one in articles],
        place=place + 1,
        article_lang=found.locale,
        account=face_of(request).catalogue.portal.called(found.locale),
        day=words(found.locale).date(found.made_at, style="day_of_year"),
        when_made=words(locale).date(found.made_at, style="day_of_year"),
        read_more=words(found.locale)("wechat.read_more"),
        web_version=article.source_url,
        limits={"title": TITLE_CHARS, "author": AUTHOR_CHARS, "line": DIGEST_CHARS},
    )

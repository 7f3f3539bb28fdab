"""`/editions/TOKEN/wechat`: an edition as an article for a WeChat Official Account, to be copied into its editor.

For whoever runs such an account, and needs no API for it. The article keeps the language of the edition; `?lang=` is
that of the page around it.
"""

from fastapi import APIRouter, Request, Response

from web.face import face_of
from web.pages import WITH_STYLED, locale_of, page
from web.public.editions import empty, open_edition, unknown
from zonewire.digests import DIGEST_CHARS, TITLE_CHARS, EditionPage, article_of
from zonewire.errors import NotFound
from zonewire.rendering.translation import words

router = APIRouter()


@router.api_route("/editions/{token}/wechat", methods=["GET", "HEAD"])
def wechat(token: str, request: Request) -> Response:
    """The article, its title and digest line, each with a button that copies it; 404 for a token that is not ours."""
    try:
        found = open_edition(request, token)
    except NotFound:
        return unknown(request)
    locale = locale_of(request) if request.query_params.get("lang") else found.locale
    return empty(request, locale) if found.sheet is None else _shown(request, found, token=token, locale=locale)


def _shown(request: Request, found: EditionPage, *, token: str, locale: str) -> Response:
    """Never from a cache: what was withdrawn since must not be copied."""
    assert found.sheet is not None  # noqa: S101 - the caller has just looked
    face = face_of(request)
    portal = face.catalogue.portal
    article = article_of(found.sheet, found.locale, portal=portal, made_at=found.made_at)
    return page(
        request,
        "public/wechat.html",
        locale=locale,
        policy=WITH_STYLED,
        token=token,
        article=article,
        article_lang=found.locale,
        account=portal.called(found.locale),
        day=words(found.locale).date(found.made_at, style="day_of_year"),
        when_made=words(locale).date(found.made_at, style="day_of_year"),
        read_more=words(found.locale)("wechat.read_more"),
        web_version=f"{face.settings.base}/editions/{token}",
        limits={"title": TITLE_CHARS, "line": DIGEST_CHARS},
    )

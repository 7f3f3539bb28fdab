"""`/editions/TOKEN`: an edition on the web, to which its mails lead. It names no reader, and shows what stands now."""

from fastapi import APIRouter, Request, Response

from web.face import face_of
from web.pages import locale_of, page
from web.public.visitors import counted
from zonewire.delivery.mailing import EDITION_TOKEN
from zonewire.digests import EditionPage, edition_page, meta_line, named_in, summary_of
from zonewire.errors import NotFound
from zonewire.keys import read_token
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words

CACHING = "private, max-age=300"

router = APIRouter()


@router.api_route("/editions/{token}", methods=["GET", "HEAD"])
def edition(token: str, request: Request) -> Response:
    """The edition in its own language, or in the one of `?lang=`; 404 for a token that is not ours."""
    try:
        found = open_edition(request, token)
    except NotFound:
        return unknown(request)
    response = _shown(request, found, token)
    return counted(request, response, "edition", token)  # its token is as old as the edition, and the same for all


def open_edition(request: Request, token: str) -> EditionPage:
    """The edition that *token* opens, without what is withdrawn by now. Raises NotFound."""
    face = face_of(request)
    edition_id = read_token(face.keys, EDITION_TOKEN, token)
    with face.store.reading() as db:
        return edition_page(db, edition_id, base_url=face.settings.base)


def unknown(request: Request) -> Response:
    """For a token that opens none."""
    t = words(locale_of(request))
    heading, sentence = t("pages.unknown_title"), t("edition.unknown")
    return page(request, "public/notice.html", status=404, heading=heading, sentence=sentence, seal=False)


def empty(request: Request, locale: str) -> Response:
    """For an edition of which nothing stands any more."""
    t = words(locale)
    heading, sentence = t("edition.empty_title"), t("edition.empty")
    return page(request, "public/notice.html", locale=locale, heading=heading, sentence=sentence, seal=True)


def _shown(request: Request, found: EditionPage, token: str) -> Response:
    locale = locale_of(request) if request.query_params.get("lang") else found.locale
    t = words(locale)
    if (sheet := found.sheet) is None:
        return empty(request, locale)
    sheet = named_in(sheet, face_of(request).catalogue.portal, t.locale)
    return page(
        request,
        "public/edition.html",
        locale=locale,
        caching=CACHING,
        heading=t("edition.title", when=t.date(found.made_at, style="day_of_year")),
        summary=summary_of(sheet, t),
        sheet=sheet,
        token=token,
        filter=filter_in_words(found.options, t),
        meta=lambda story: meta_line(story, t, made_at=found.made_at),
    )

"""Pages for people: their language, their headers, and what every template is given.

A page holds no inline script or style, so its Content-Security-Policy allows none; but for one that shows an article
whose styles are all inline.
"""

import hashlib
import time
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse

from web.face import face_of
from web.forms import FormRefused
from zonewire.articles import rfc3339
from zonewire.rendering.environment import render
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.store import SECOND

STATIC = Path(__file__).parent / "static"
# Articles bring pictures from wherever their portal keeps them.
PLAIN = (
    "default-src 'none'; style-src 'self'; img-src 'self' https: http: data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page."""
WITH_SCRIPT = f"{PLAIN}; script-src 'self'; connect-src 'self'; frame-src 'self'"
"""Of one with a script and a frame of ours."""
WITH_STYLED = f"{PLAIN}; script-src 'self'; style-src-attr 'unsafe-inline'"
"""Of one with a script of ours, that shows an article made of `style` attributes; a sheet inside is still refused."""
HEADERS = {
    "Content-Security-Policy": PLAIN,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Vary": "Accept-Language",
}
"""What every page is sent with."""
BY_TOKEN = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""What a page is sent with besides whose address holds a token: whoever has that may do what its reader may."""

FRAMED = {
    # A mail is made of inline styles; it is shown in a frame that lets nothing else of it work.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, max-age=60",
}
"""What a mail is sent with that one of our pages shows in a frame."""

QUERY_CHARS = 4_096
"""Of a longer query the link to the other language keeps nothing."""

_MINUTE = 60 * SECOND
_HOUR = 60 * _MINUTE
_HALF_A_YEAR = 180 * 24 * _HOUR


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    caching: str = "no-store",
    locale: str = "",
    policy: str = PLAIN,
    **values: Any,
) -> HTMLResponse:
    """The page *template* of `templates/`, in *locale* or the reader's language.

    *caching* is its Cache-Control, *policy* its Content-Security-Policy.
    """
    locale, face = locale or locale_of(request), face_of(request)
    other = next(name for name in LOCALES if name != locale)
    body = render(
        template,
        locale,
        root=request.scope.get("root_path", ""),
        base=face.settings.base,
        portal=face.catalogue.portal.called(locale),
        about=face.catalogue.portal,
        style=_version_of("zonewire.css"),
        script=_version_of,
        when=partial(when, words(locale), now=time.time_ns() // 1000),
        moment=rfc3339,
        other_locale=other,
        in_other_language=_same_page(request, other),
        **values,
    )
    more = BY_TOKEN if "token" in request.path_params else {}
    own = {"Content-Language": locale, "Cache-Control": caching, "Content-Security-Policy": policy}
    return HTMLResponse(body, status_code=status, headers={**HEADERS, **more, **own})


def refused_form(request: Request, error: Exception) -> HTMLResponse:
    """For a form that is not read."""
    if not isinstance(error, FormRefused):
        raise error
    t = words(locale_of(request))
    said = "too_long" if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "no_form"
    heading, sentence = t("pages.form_title"), t(f"pages.{said}")
    return page(request, "public/notice.html", status=error.status_code, heading=heading, sentence=sentence, seal=False)


def _same_page(request: Request, locale: str) -> str:
    """The query that leads to the page of *request* in *locale*: with what else was asked for."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in {"lang", "part"}]
    is_long = len(request.url.query) > QUERY_CHARS
    return "?" + urlencode([*([] if is_long else query), ("lang", locale)])


def locale_of(request: Request) -> str:
    """`?lang=`, else the best of Accept-Language that we speak, else Chinese."""
    asked = request.query_params.get("lang", "")
    choices = [asked] if asked else _preferred(request.headers.get("accept-language", ""))
    for choice in choices:
        for locale in LOCALES:
            if choice[:2].lower() == locale[:2].lower():
                return locale
    return LOCALES[0]


def _preferred(accept_language: str) -> list[str]:
    """The languages of the header, the most wanted first (RFC 9110 §12.5.4)."""
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        language, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((float(weight or 1), language))
        except ValueError:
            continue
    return [language for weight, language in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


def when(speech: Words, moment: int, *, now: int) -> str:
    """How long ago *moment* was while that is less than a day; else its date."""
    age = now - moment
    if 0 <= age < _HOUR:
        return speech("time.minutes_ago", n=max(age // _MINUTE, 1))
    if 0 <= age < 24 * _HOUR:
        return speech("time.hours_ago", n=age // _HOUR)
    return speech.date(moment, style="day" if now - moment < _HALF_A_YEAR else "day_of_year")


@cache
def _version_of(name: str) -> str:
    """The address of a static file's present bytes, so that it can be cached for good."""
    return f"static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"

"""What every page of the console has: its head, the strip of counts, a sentence on how things are, and its headers."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from web import problems
from web.console.addresses import address_for, listed_for
from web.console.lane_rows import Row, rows_of
from web.console.paths import article_path, path_of, root_of
from web.console.strip import strip_of
from web.console.visitor import NotAllowed, NotOurForm, Visitor, looking
from web.face import face_of
from web.numbers import number_in
from web.pages import locale_of, page
from zonewire.delivery.lanes import Lane
from zonewire.errors import ZonewireError
from zonewire.operators import Role
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.trail import Telling

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LANGUAGE = "zonewire_language"
A_YEAR_S = 365 * 86_400
RETRY_AFTER_S = 5
THINGS = re.compile("[es][0-9]{1,18}|" + "|".join(map(re.escape, Lane)))
"""What a sentence of `console.done` may be about: an endpoint, a subscription, a lane."""
OF_PEOPLE = ("role_changed", "removed")
PEOPLE = re.compile(r"[\w.@+-]{2,64}")
"""Those of OF_PEOPLE are about an operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the head: the name of a page, and who sees it."""

    name: str
    path: str
    role: Role = Role.LOOK


PLACES = (
    Place("overview", "/console"),
    Place("articles", "/console/articles"),
    Place("deliveries", "/console/deliveries"),
    Place("endpoints", "/console/endpoints"),
    Place("subscribers", "/console/subscribers"),
    Place("feeds", "/console/feeds"),
    Place("digests", "/console/digests"),
    Place("lanes", "/console/lanes"),
    Place("audit", "/console/audit"),
    Place("operators", "/console/operators", Role.ADMINISTER),
)


def show(
    request: Request,
    visitor: Visitor,
    template: str,
    *,
    here: str,
    status: int = HTTPStatus.OK,
    lanes: Sequence[Row] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page *template* of `templates/console/`; *here* is the place of the head that it belongs to.

    *lanes* are given by a page that has read them: they are counted once for each page.
    """
    face, locale = face_of(request), language_of(request)
    with face.store.reading() as db:
        strip = strip_of(db, words(locale), rows_of(db) if lanes is None else lanes)
    response = page(
        request,
        f"console/{template}.html",
        status=status,
        locale=locale,
        policy=POLICY,
        visitor=visitor,
        places=[place for place in PLACES if visitor.may(place.role)],
        here=here,
        strip=strip,
        done=_done(request, words(locale)),
        ago=partial(ago, words(locale), now=time.time_ns() // 1000),
        span=partial(span, words(locale)),
        article_path=article_path,
        seen=partial(address_for, visitor),
        masked=partial(listed_for, visitor),
        **values,
    )
    return with_language(request, response)


def language_of(request: Request) -> str:
    """As pages.locale_of, and what was chosen here before."""
    chosen = request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LOCALES and "lang" not in request.query_params else locale_of(request)


def telling(request: Request) -> Telling:
    """Reasons in the reader's words, with moments as the reader writes them."""
    t = words(language_of(request))
    return Telling(t, lambda moment: t.date(moment, style="moment"))


def with_language(request: Request, response: HTMLResponse) -> HTMLResponse:
    """Remember the language that was chosen by a link; and let nothing of the console out of this browser."""
    if "lang" in request.query_params:
        locale = locale_of(request)
        path = f"{root_of(request)}/console"
        response.set_cookie(LANGUAGE, locale, max_age=A_YEAR_S, path=path, httponly=True, samesite="lax")
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def then(request: Request, path: str, *, done: str = "", **about: str) -> Response:
    """After a form: the page at *path*, which says what was done (a key of `console.done`, and what it is about)."""
    query = urlencode({key: value for key, value in {"done": done, **about}.items() if value})
    where = f"{root_of(request)}{path}"
    return RedirectResponse(f"{where}?{query}" if query else where, status_code=HTTPStatus.SEE_OTHER)


def _done(request: Request, t: Words) -> str:
    """What the form before this page did."""
    done = request.query_params.get("done", "")
    key = f"console.done.{done}"
    if key not in t.sentences:
        return ""
    about = request.query_params.get("about", "")
    if about and not (PEOPLE if done in OF_PEOPLE else THINGS).fullmatch(about):
        return ""  # a link may lead here from anywhere: nobody else's words are said as ours
    return t(key, about=about, n=number_in(request.query_params.get("n", "")) or 0)


def ago(t: Words, moment: int, *, now: int) -> str:
    """How long ago, or in how long: 4 分钟前; a date from a day on."""
    seconds = abs(now - moment) // 1_000_000
    unit, n = _largest(seconds)
    if unit == "days":
        return t.date(moment, style="moment")
    return t(f"console.time.{unit}_{'ago' if moment <= now else 'ahead'}", n=n)


def span(t: Words, seconds: float) -> str:
    """A length of time: 4 分钟; 3 天."""
    unit, n = _largest(int(seconds))
    return t(f"console.time.{unit}", n=n)


def _largest(seconds: int) -> tuple[str, int]:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return unit, seconds // length
    return "seconds", seconds


def told(request: Request, error: Exception) -> Response:
    """For an error of ours: a page of the console where one was asked for, else a problem document."""
    if not isinstance(error, ZonewireError):
        raise error
    if not path_of(request).startswith("/console"):
        return problems.ours(request, error)
    sentence = f"{error.what}. {error.mend}" if error.mend else f"{error.what}."
    status = problems.status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _trouble(request, error, status)
    return show(request, looking(request), "notice", here="", status=status, sentence=sentence)


def _trouble(request: Request, error: ZonewireError, status: HTTPStatus) -> Response:
    """For when the database does not answer: a page that asks it nothing."""
    problems.note(error, status)
    response = page(
        request, "console/trouble.html", status=status, locale=language_of(request), policy=POLICY, said=error.what
    )
    response.headers["Retry-After"] = str(getattr(error, "retry_after_s", RETRY_AFTER_S))
    return with_language(request, response)


def not_allowed(request: Request, error: Exception) -> Response:
    """For who may not do what was asked for."""
    if not isinstance(error, NotAllowed):
        raise error
    return _refused(request, "not_allowed", role=error.needed)


def not_our_form(request: Request, error: Exception) -> Response:
    """For a form that no page of this session has made."""
    if not isinstance(error, NotOurForm):
        raise error
    return _refused(request, "not_our_form")


def _refused(request: Request, why: str, *, role: str = "") -> Response:
    t = words(language_of(request))
    named = t(f"console.roles.{role}") if role else ""
    sentence = t(f"console.refused.{why}", role=named)
    return show(request, looking(request), "notice", here="", status=HTTPStatus.FORBIDDEN, sentence=sentence)

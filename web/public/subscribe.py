"""`/subscribe`: a stranger says what should come, sees what that would have brought, and asks for it.

Works without scripts: the button that shows what would come sends the form like any other; a script of ours only
presses it by itself. Whoever asks is told the same whether or not the address is known: subscriptions/asking.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from web.face import face_of
from web.forms import read_long_form
from web.pages import FRAMED, WITH_SCRIPT, locale_of, page
from web.public.looks import looks_of
from web.public.places import zone_choices
from web.public.polling import client_of
from web.public.wishes import CARRIED, KINDS, WORDS, boxes_of, fields_of, option_of, wish_of
from zonewire import subscriptions
from zonewire.delivery.addresses import normalised
from zonewire.errors import StoreBusy, TooMany, WrongUsage
from zonewire.filters import as_options
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.rendering.wording import WEEKDAYS, filter_in_words, rhythm_in_words
from zonewire.store import now
from zonewire.subscriptions import Asker, SubscriptionRequest, read_options

log = structlog.get_logger()
router = APIRouter()

CADENCES = ("daily", "weekly", "hourly", "instant")
RHYTHM = ("cadence", "at", "weekday", "timezone", "locale")
NOBODY = "nobody@reader.example"
"""Stands for an address where none is needed: what would come does not depend on it."""
PART = "public/preview.html"
NONE: Mapping[str, str] = {}

Fields = Annotated[dict[str, list[str]], Depends(read_long_form)]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What could not be taken: the field, and a key of the words that says why."""

    where: str = ""
    why: str = ""


@router.api_route("/subscribe", methods=["GET", "HEAD"])
def show(request: Request) -> Response:
    """The form; what stands in the query is chosen already, so that a page can lead to it."""
    return _page(request, _query(request))


@router.post("/subscribe")
def act(request: Request, fields: Fields) -> Response:
    """Look what would come, ask for it, or ask for the links to what there is, as `action` says."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return _page(request, {}, wrong=Wrong("form", "elsewhere"), status=HTTPStatus.FORBIDDEN)
    action, only_part = _one(fields, "action"), request.query_params.get("part") == "preview"
    try:
        if action == "links":
            return _links(request, fields)
        asked = _read(fields, locale=locale_of(request), needs_address=action == "subscribe")
    except WrongUsage as error:
        wrong = Wrong("known", "address") if action == "links" else _wrong(error)
        return _refused(request, fields, wrong, only_part=only_part)
    if action == "subscribe":
        return _subscribe(request, fields, asked)
    if action == "preview":
        return _page(request, fields, asked=asked, template=PART if only_part else "")
    return _page(request, fields, wrong=Wrong("form", "action"), status=HTTPStatus.BAD_REQUEST)


def _refused(request: Request, fields: Mapping[str, Sequence[str]], wrong: Wrong, *, only_part: bool) -> Response:
    """The form with what is *wrong* beside its field; of the preview alone, in its place."""
    status = HTTPStatus.BAD_REQUEST
    if not only_part:
        return _page(request, fields, wrong=wrong, status=status)
    return page(request, PART, status=status, look={"trouble": _in_a_sentence(wrong, words(locale_of(request)))})


@router.api_route("/subscribe/preview", methods=["GET", "HEAD"])
def sample(request: Request) -> Response:
    """The digest that a filter and a rhythm would have brought last, as its mail shows it: for a frame of our page."""
    t = words(locale_of(request))
    try:
        asked = _read(_query(request), locale=t.locale, needs_address=False)
        found = looks_of(request.app).look(face_of(request), asked, client_of(request))
    except WrongUsage as error:
        return _in_frame(_in_a_sentence(_wrong(error), t), t, status=HTTPStatus.BAD_REQUEST)
    except TooMany as error:
        wait = {"Retry-After": str(error.retry_after_s)}
        return _in_frame(t("subscribe.look_often"), t, status=HTTPStatus.TOO_MANY_REQUESTS, headers=wait)
    except StoreBusy as error:
        wait = {"Retry-After": str(error.retry_after_s)}
        return _in_frame(t("subscribe.look_busy"), t, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=wait)
    if not found.html:
        return _in_frame(t("subscribe.would_be_none"), t)
    return HTMLResponse(found.html, headers=FRAMED)


def _in_frame(sentence: str, t: Words, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] = NONE) -> Response:
    head = f'<!doctype html><html lang="{t.locale}"><meta charset="utf-8"><title>{sentence}</title>'
    body = f"{head}<p>{sentence}</p></html>"
    return HTMLResponse(body, status_code=status, headers={**FRAMED, "Cache-Control": "no-store", **headers})


def _subscribe(request: Request, fields: Mapping[str, Sequence[str]], asked: SubscriptionRequest) -> Response:
    face, t = face_of(request), words(locale_of(request))
    try:
        with face.store.writing() as db:
            subscriptions.ask_to_subscribe(db, asked, _asker(request, asked, t), keys=face.keys, now=now(db))
    except TooMany as error:
        return _too_many(request, fields, error)
    face.hint("push.email")
    log.info("subscription.asked")
    return _told(request, asked.address.text, "asked")


def _links(request: Request, fields: Mapping[str, Sequence[str]]) -> Response:
    face, t = face_of(request), words(locale_of(request))
    address = normalised("email", _one(fields, "address"))
    asker = Asker(address=client_of(request) or "127.0.0.1", locale=t.locale, wording=t("subscribe.links_lead"))
    try:
        with face.store.writing() as db:
            subscriptions.ask_for_links(db, address, asker, keys=face.keys, now=now(db))
    except TooMany as error:
        return _too_many(request, fields, error, where="known")
    face.hint("push.email")
    return _told(request, address.text, "links")


def _told(request: Request, address: str, what: str) -> Response:
    portal = face_of(request).catalogue.portal
    return page(request, "public/asked.html", address=address, what=what, contact=portal.contact)


def _too_many(
    request: Request, fields: Mapping[str, Sequence[str]], error: TooMany, *, where: str = "form"
) -> Response:
    response = _page(request, fields, wrong=Wrong(where, "too_many"), status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _asker(request: Request, asked: SubscriptionRequest, t: Words) -> Asker:
    """Who asks, and to which words: the sentence above the button, and what was chosen."""
    consent = t("subscribe.consent", portal=face_of(request).catalogue.portal.called(t.locale))
    wording = f"{consent}{t('common.next_sentence')}{_in_words(asked, t)}"
    return Asker(address=client_of(request) or "127.0.0.1", locale=t.locale, wording=wording)


def _in_words(asked: SubscriptionRequest, t: Words) -> str:
    """泰州、苏州；每天 08:00（上海时间）."""
    rhythm = rhythm_in_words(
        asked.cadence, t, at_minute=asked.at_minute, weekday=asked.weekday, timezone=asked.timezone
    )
    return filter_in_words(as_options(asked.wanted), t) + t("common.also") + rhythm


def _read(fields: Mapping[str, Sequence[str]], *, locale: str, needs_address: bool) -> SubscriptionRequest:
    """What the form asks for. Raises WrongUsage."""
    options: dict[str, Any] = {"channel": "email", "to": _one(fields, "address") if needs_address else NOBODY}
    options |= {name: value for name in RHYTHM if (value := _one(fields, name))}
    options.setdefault("locale", locale)
    return read_options(options | wish_of(fields), check_url=lambda _url: None)


def _wrong(error: WrongUsage) -> Wrong:
    """What *error* is about, as the page says it."""
    where = option_of(error)
    known = {"to", "keyword", "not_keyword", *RHYTHM}
    return Wrong("address" if where == "to" else where, "wrong") if where in known else Wrong("form", "action")


def _in_a_sentence(wrong: Wrong, t: Words) -> str:
    """What the page says beside the field that is *wrong*."""
    if wrong.where in WORDS:
        return t("wish.wrong_keyword")
    if wrong.where in RHYTHM:
        return t(f"manage.wrong_{wrong.where}")
    return t("subscribe.wrong_address" if wrong.where == "address" else f"subscribe.wrong_{wrong.why}")


def _one(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name) or [""]
    return values[-1].strip()


def _query(request: Request) -> dict[str, list[str]]:
    """What the query chooses, as the form has it: as in the address of a feed, each value is one word."""
    fields: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name in (*KINDS, *WORDS, *CARRIED, *RHYTHM):
            fields.setdefault(name, []).append(value)
    return fields | {f"{name}_whole": fields[name] for name in WORDS if name in fields}


def _page(
    request: Request,
    fields: Mapping[str, Sequence[str]],
    *,
    asked: SubscriptionRequest | None = None,
    wrong: Wrong = Wrong(),
    status: int = 200,
    template: str = "",
) -> Response:
    """The form as it was filled in; with *asked*, what that would have brought."""
    face, locale = face_of(request), locale_of(request)
    t, wish = words(locale), wish_of(fields)
    with face.store.reading() as db:
        boxes = boxes_of(db, wish, catalogue=face.catalogue, locale=locale)
    form = _filled_in(fields, locale=locale)
    return page(
        request,
        template or "public/subscribe.html",
        status=status,
        policy=WITH_SCRIPT,
        boxes=boxes,
        shown=fields_of(wish),
        carried={name: wish[name] for name in CARRIED if name in wish},
        form=form,
        wrong=wrong,
        named_cadences=[(name, t(f"cadence.{name}")) for name in CADENCES],
        named_weekdays=[(name, t(f"weekdays.{name}")) for name in WEEKDAYS],
        named_locales=[(name, t(f"languages.{name}")) for name in LOCALES],
        places=zone_choices(locale, form["timezone"]),
        look=_shown(request, asked, t) if asked else None,
        consent=t("subscribe.consent", portal=face.catalogue.portal.called(locale)),
    )


def _filled_in(fields: Mapping[str, Sequence[str]], *, locale: str) -> dict[str, str]:
    usual = {"cadence": "daily", "at": "08:00", "weekday": "mon", "timezone": "Asia/Shanghai", "locale": locale}
    given = {name: value for name in (*RHYTHM, "address") if (value := _one(fields, name))}
    return {"address": ""} | usual | given


def _shown(request: Request, asked: SubscriptionRequest, t: Words) -> dict[str, Any]:
    """What would have come, for the page to say; or why nothing can be said now."""
    try:
        found = looks_of(request.app).look(face_of(request), asked, client_of(request))
    except StoreBusy:
        return {"trouble": t("subscribe.look_busy")}
    except TooMany:
        return {"trouble": t("subscribe.look_often")}
    query: list[tuple[str, str]] = [(name, value) for name, some in as_options(asked.wanted).items() for value in some]
    query += [("cadence", asked.cadence), ("weekday", WEEKDAYS[asked.weekday]), ("timezone", asked.timezone)]
    query += [("at", f"{asked.at_minute // 60:02}:{asked.at_minute % 60:02}"), ("locale", asked.locale)]
    query.append(("lang", t.locale))
    when = None if found.due_at is None else t.date(found.due_at, timezone=asked.timezone, style="moment")
    return {
        "trouble": "",
        "count": found.count,
        "is_all": found.is_all,
        "when": when,
        "is_coming": found.is_coming,
        "how": "_instant" if asked.cadence == "instant" else "",
        "said": _in_words(asked, t),
        "address": f"subscribe/preview?{urlencode(query)}",
    }

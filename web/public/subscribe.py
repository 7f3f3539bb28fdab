"""`/subscribe`: a stranger says what should come, sees what that would have brought, and asks for it.

Works without scripts: the button that shows what would come sends the form like any other; a script of ours only
presses it by itself. Whoever asks is told the same whether or not the address is known: subscriptions/asking.py.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from web.face import Face, face_of
from web.forms import read_long_form
from web.pages import FRAMED, WITH_SCRIPT, locale_of, page
from web.public.places import zone_choices
from web.public.polling import client_of
from web.public.wishes import CARRIED, KINDS, WORDS, boxes_of, fields_of, option_of, wish_of
from zonewire import digests, subscriptions
from zonewire.delivery.addresses import normalised
from zonewire.digests import LookBack, Occasion, Rhythm
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
LOOKS_AT_ONCE, WAIT_S = 2, 4.0
_free = threading.BoundedSemaphore(LOOKS_AT_ONCE)

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
    action = _one(fields, "action")
    try:
        if action == "links":
            return _links(request, fields)
        asked = _read(fields, locale=locale_of(request), needs_address=action == "subscribe")
    except WrongUsage as error:
        return _page(request, fields, wrong=_wrong(error), status=HTTPStatus.BAD_REQUEST)
    if action == "subscribe":
        return _subscribe(request, fields, asked)
    if action == "preview":
        only_part = request.query_params.get("part") == "preview"
        return _page(request, fields, asked=asked, template="public/preview.html" if only_part else "")
    return _page(request, fields, wrong=Wrong("form", "action"), status=HTTPStatus.BAD_REQUEST)


@router.api_route("/subscribe/preview", methods=["GET", "HEAD"])
def sample(request: Request) -> Response:
    """The digest that a filter and a rhythm would have brought last, as its mail shows it: for a frame of our page."""
    locale = locale_of(request)
    try:
        asked = _read(_query(request), locale=locale, needs_address=False)
    except WrongUsage as error:
        return HTMLResponse(f"<p>{error.where}</p>", status_code=HTTPStatus.BAD_REQUEST, headers=FRAMED)
    face = face_of(request)
    with _looking():
        look = _look(face, asked)
        occasion = Occasion(
            filter_id=0,
            locale=asked.locale,
            template="digest",
            made_at=look.due_at or 0,
            base_url=face.settings.base,
            portal=face.catalogue.portal,
            sender=face.mailing.sender,
        )
        edition = digests.sample_edition(look, asked.wanted, occasion)
    t = words(asked.locale)
    html = edition.html if edition else f'<p lang="{t.locale}">{t("subscribe.would_be_none")}</p>'
    for slot in ("unsubscribe", "manage"):
        html = html.replace(edition.slots.mark(slot), "#") if edition else html
    return HTMLResponse(html, headers=FRAMED)


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
        return _too_many(request, fields, error)
    face.hint("push.email")
    return _told(request, address.text, "links")


def _told(request: Request, address: str, what: str) -> Response:
    portal = face_of(request).catalogue.portal
    return page(request, "public/asked.html", address=address, what=what, contact=portal.contact)


def _too_many(request: Request, fields: Mapping[str, Sequence[str]], error: TooMany) -> Response:
    response = _page(request, fields, wrong=Wrong("form", "too_many"), status=HTTPStatus.TOO_MANY_REQUESTS)
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
    return filter_in_words(wish_in(asked), t) + t("common.also") + rhythm


def wish_in(asked: SubscriptionRequest) -> dict[str, list[str]]:
    """The filter's options, as they were written."""
    return as_options(asked.wanted)


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


@contextlib.contextmanager
def _looking() -> Iterator[None]:
    """A place among those who look back: each takes up to half a second, and anybody may ask for any filter."""
    if not _free.acquire(timeout=WAIT_S):
        raise StoreBusy("too many are looking what would come", mend="Try again in a moment.")
    try:
        yield
    finally:
        _free.release()


def _look(face: Face, asked: SubscriptionRequest) -> LookBack:
    rhythm = Rhythm(cadence=asked.cadence, at_minute=asked.at_minute, weekday=asked.weekday, timezone=asked.timezone)
    with face.store.reading() as db:
        return digests.look_back(db, asked.wanted, rhythm, now=now(db))


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
        look=_shown(face, asked, t) if asked else None,
        consent=t("subscribe.consent", portal=face.catalogue.portal.called(locale)),
    )


def _filled_in(fields: Mapping[str, Sequence[str]], *, locale: str) -> dict[str, str]:
    usual = {"cadence": "daily", "at": "08:00", "weekday": "mon", "timezone": "Asia/Shanghai", "locale": locale}
    given = {name: value for name in (*RHYTHM, "address") if (value := _one(fields, name))}
    return {"address": ""} | usual | given


def _shown(face: Face, asked: SubscriptionRequest, t: Words) -> dict[str, Any]:
    """What would have come, for the page to say."""
    try:
        with _looking():
            look = _look(face, asked)
    except StoreBusy:
        return {"is_busy": True}
    query: list[tuple[str, str]] = [(name, value) for name, some in wish_in(asked).items() for value in some]
    query += [("cadence", asked.cadence), ("weekday", WEEKDAYS[asked.weekday]), ("timezone", asked.timezone)]
    query += [("at", f"{asked.at_minute // 60:02}:{asked.at_minute % 60:02}"), ("locale", asked.locale)]
    when = None if look.due_at is None else t.date(look.due_at, timezone=asked.timezone, style="moment")
    return {
        "is_busy": False,
        "count": look.count,
        "is_all": look.is_all,
        "when": when,
        "is_coming": (look.due_at or 0) > look.at,
        "said": _in_words(asked, t),
        "address": f"subscribe/preview?{urlencode(query)}",
    }

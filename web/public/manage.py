"""`/manage/TOKEN`: a reader changes what, when and how news comes, sees what came, lets it rest, or leaves.

A GET changes nothing. Each form posts to the same address and says in `action` which it is (managing.py); the answer is
the page as it is then, with a sentence about what was done. Whoever holds the link of a mail may do this. What is kept
about the reader is shown and removed only behind a link that was asked for within the hour: mails are passed on.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response

from web.face import face_of
from web.forms import read_long_form
from web.pages import locale_of, page
from web.public.managing import FIELDS, Done, Expired, Opened, do, export, forget
from web.public.opening import subscription_behind
from web.public.places import zone_choices
from web.public.subscribers import in_words, told, unknown_link
from web.public.visitors import counted
from web.public.wishes import CARRIED, KINDS, boxes_of, fields_of, option_of, wish_of
from zonewire import digests, subscriptions
from zonewire.delivery.mailing import MANAGE_FOR_S, MANAGE_TOKEN, OWNER_FOR_S, OWNER_TOKEN
from zonewire.errors import Conflict, NotFound, SettingWrong, TooMany, WrongUsage
from zonewire.feeds import Format, canonical_query, private_address
from zonewire.filters import filter_of, parse_written
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.rendering.wording import WEEKDAYS, clock, rhythm_in_words
from zonewire.subscriptions import Subscription

router = APIRouter()

FORMATS = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}
Fields = Annotated[dict[str, list[str]], Depends(read_long_form)]


@router.api_route("/manage/{token}", methods=["GET", "HEAD"])
def show(token: str, request: Request) -> Response:
    """The subscription as it is, with the forms to change it."""
    try:
        opened = _opened(request, token)
    except NotFound as error:
        return _unopened(request, error)
    response = _page(request, opened.subscription, is_owner=opened.is_owner)
    return counted(request, response, "manage", token, purposes=(OWNER_TOKEN, MANAGE_TOKEN))


@router.post("/manage/{token}")
def act(token: str, request: Request, fields: Fields) -> Response:
    """Do what the form says. What cannot be taken changes nothing, and the page says why."""
    try:
        opened = _opened(request, token)
    except NotFound as error:
        return _unopened(request, error)
    before = opened.subscription
    if before.state not in {"active", "paused"}:
        return told(request, before)
    try:
        return _done(request, before, fields, opened)
    except WrongUsage as error:
        return _page(request, before, is_owner=opened.is_owner, asked=fields, wrong=_place_of(error), status=400)
    except TooMany as error:
        response = _page(request, before, is_owner=opened.is_owner, wrong="too_many", status=429)
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    except Conflict as error:
        return _page(
            request, before, is_owner=opened.is_owner, asked=fields, wrong=f"same_{error.where or 'state'}", status=409
        )


def _place_of(error: WrongUsage) -> str:
    """Beside what the page says what is wrong."""
    where = option_of(error)
    return "filter" if where in {*KINDS, *CARRIED} else where


def _done(request: Request, before: Subscription, fields: Mapping[str, Sequence[str]], opened: Opened) -> Response:
    """What the answer is once it is done. Raises WrongUsage, Conflict and TooMany."""
    action = (fields.get("action") or [""])[-1]
    if opened.is_owner and action == "export":
        return export(request, before)
    if opened.is_owner and action == "forget":
        forget(request, before, is_sure=(fields.get("sure") or [""])[-1] == "yes")
        return page(request, "public/forgotten.html", address=before.address)
    subscription, done = do(request, before, fields)
    if subscription.state == "ended":
        return told(request, subscription)
    return _page(request, subscription, is_owner=opened.is_owner, done=done)


def _opened(request: Request, token: str) -> Opened:
    """What *token* opens. Raises NotFound, and of that Expired for an owner's that is too old."""
    face = face_of(request)
    with suppress(NotFound):
        return Opened(subscription_behind(face, MANAGE_TOKEN, token, max_age_s=MANAGE_FOR_S), is_owner=False)
    found = subscription_behind(face, OWNER_TOKEN, token)
    try:
        return Opened(subscription_behind(face, OWNER_TOKEN, token, max_age_s=OWNER_FOR_S), is_owner=True)
    except NotFound:
        raise Expired(f"the link to s{found.id} was for an hour") from None


def _unopened(request: Request, error: NotFound) -> Response:
    """A page that leads on from a link that opens nothing, or nothing any more."""
    if isinstance(error, Expired):
        return page(request, "public/expired.html", status=HTTPStatus.GONE)
    return unknown_link(request, status=HTTPStatus.NOT_FOUND)


def _page(
    request: Request,
    subscription: Subscription,
    *,
    is_owner: bool,
    done: Done | None = None,
    asked: Mapping[str, Sequence[str]] | None = None,
    wrong: str = "",
    status: int = HTTPStatus.OK,
) -> Response:
    """The page; *asked* is what stood in the form where something in it was *wrong*."""
    if subscription.state not in {"active", "paused"}:
        return told(request, subscription)
    t = words(locale_of(request))
    return page(
        request,
        "public/manage.html",
        status=status,
        state=subscription.state,
        form=_filled_in(subscription, asked or {}),
        is_digest=subscription.cadence != "instant",
        is_owner=is_owner,
        done=done,
        wrong=wrong,
        feed=_private_feed(request, subscription),
        **_choices(subscription, t),
        **_wish(request, subscription, asked),
        **_moments(subscription, t),
        **_kept(request, subscription, t, is_owner=is_owner),
        **in_words(subscription, t),
    )


def _choices(subscription: Subscription, t: Words) -> dict[str, Any]:
    """What there is to choose from about when and how."""
    return {
        "named_cadences": [(name, t(f"cadence.{name}")) for name in subscriptions.rhythms_of(subscription)],
        "named_weekdays": [(name, t(f"weekdays.{name}")) for name in WEEKDAYS],
        "named_locales": [(name, t(f"languages.{name}")) for name in LOCALES],
        "places": zone_choices(t.locale, subscription.timezone),
        "rhythm": rhythm_in_words(
            subscription.cadence,
            t,
            at_minute=subscription.at_minute,
            weekday=subscription.weekday,
            timezone=subscription.timezone,
        ),
    }


def _wish(request: Request, subscription: Subscription, asked: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    """What comes, or what the form asks for, as boxes and words; and the feed of it that is open to all."""
    face, options = face_of(request), parse_written(subscription.written)
    wish = wish_of(asked) if asked and "with_filter" in asked else options
    with face.store.reading() as db:
        boxes = boxes_of(db, wish, catalogue=face.catalogue, locale=locale_of(request))
    query = canonical_query(filter_of(options))
    public = f"filter.rss?{query}" if query else "all.rss"
    carried = {name: wish[name] for name in CARRIED if name in wish}
    there = f"{face.settings.base}/feeds/{public}"
    return {"boxes": boxes, "shown": fields_of(wish), "carried": carried, "public_feed": there}


def _moments(subscription: Subscription, t: Words) -> dict[str, Any]:
    """Until when it rests, since when it is known, and the first day until which it may rest."""
    zone = subscription.timezone
    tomorrow = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
    until = subscription.paused_until
    return {
        "tomorrow": tomorrow.isoformat(),
        "until_when": None if until is None else t.date(until, timezone=zone),
        "since_when": t.date(subscription.created_at, timezone=zone, style="day_of_year"),
    }


def _kept(request: Request, subscription: Subscription, t: Words, *, is_owner: bool) -> dict[str, Any]:
    """What was sent lately, and what the reader agreed to; from which network address, only its owner is told."""
    face, zone = face_of(request), subscription.timezone
    with face.store.reading() as db:
        given = subscriptions.consents_of(db, subscription.id)
        if subscription.cadence == "instant":
            news = digests.news_sent(db, subscription.endpoint_id)
            sent = [
                {"when": t.date(one.sent_at, timezone=zone, style="moment"), "what": one.title, "state": one.state}
                for one in news
            ]
        else:
            sent = [
                {
                    "when": t.date(one.made_at, timezone=zone, style="moment"),
                    "what": t("digest.count", n=one.stories),
                    "link": face.mailing.edition_link(one.edition_id, one.made_at),
                    "state": one.state,
                }
                for one in digests.digests_sent(db, subscription.id)
            ]
    consents = [
        {
            "act": one.act,
            "when": t.date(one.given_at, timezone=zone, style="moment_of_year"),
            "given_from": one.given_from if is_owner else "",
            "locale": one.locale,
            "wording": one.wording,
        }
        for one in given
    ]
    return {"sent": [{"link": ""} | one for one in sent], "consents": consents}


def _private_feed(request: Request, subscription: Subscription) -> dict[str, Any] | None:
    """The private feed that there is, with its addresses; without them where no key of ours opens it any more."""
    face = face_of(request)
    try:
        with face.store.reading() as db:
            found = subscriptions.private_feed_of(db, subscription.id, keys=face.keys)
    except SettingWrong:
        return {"was": "", "addresses": []}
    if found is None:
        return None
    named = [
        (name, f"{face.settings.base}/feeds/{private_address(found.token, form)}") for form, name in FORMATS.items()
    ]
    return {"was": str(found.id), "addresses": named}


def _filled_in(subscription: Subscription, asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    given = {name: asked[name][-1] for name in (*FIELDS, "until") if name in asked}
    return {
        "cadence": subscription.cadence,
        "at": clock(subscription.at_minute),
        "weekday": WEEKDAYS[subscription.weekday],
        "timezone": subscription.timezone,
        "locale": subscription.locale,
        "until": "",
    } | given

"""`/manage/TOKEN`: a reader changes when and how news comes, has a private feed, lets it rest, or leaves.

A GET changes nothing. Each form posts to the same address and says in `action` which it is; the answer is the page as
it is then, with a sentence about what was done. Whoever holds the link may do this: it comes in every mail, and nobody
else has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import structlog
from babel.dates import get_timezone_location
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from web.face import Face, face_of
from web.forms import read_form
from web.pages import locale_of, page
from web.public.subscribers import in_words, told, unknown_link
from zonewire import digests, subscriptions
from zonewire.delivery.mailing import MANAGE_FOR_S, MANAGE_TOKEN
from zonewire.errors import Conflict, NotFound, SettingWrong, WrongUsage
from zonewire.feeds import Format, private_address
from zonewire.keys import KeyRing, read_token
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.store import now
from zonewire.subscriptions import WEEKDAYS, Subscription, timezones

log = structlog.get_logger()
router = APIRouter()

FIELDS = ("cadence", "at", "weekday", "timezone", "locale")
FORMATS = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}
FEED_ACTIONS = {"make_feed": "feed_made", "renew_feed": "feed_renewed", "end_feed": "feed_ended"}
Form = Annotated[dict[str, str], Depends(read_form)]


@dataclass(frozen=True, slots=True)
class Done:
    """What a form did, for the page to say: a key of the words, and how many articles will not be sent."""

    said: str
    left_out: int | None = 0  # None: more than can be counted


@router.api_route("/manage/{token}", methods=["GET", "HEAD"])
def show(token: str, request: Request) -> Response:
    """The subscription as it is, with the forms to change it."""
    face = face_of(request)
    try:
        subscription_id = _opened(request, token)
        with face.store.reading() as db:
            subscription = subscriptions.find(db, subscription_id)
    except NotFound:
        return unknown_link(request, status=404)
    return _page(request, subscription)


@router.post("/manage/{token}")
def act(token: str, request: Request, form: Form) -> Response:
    """Do what the form says. What cannot be taken changes nothing, and the page says why."""
    face = face_of(request)
    try:
        subscription_id = _opened(request, token)
        try:
            with face.store.writing() as db:
                before = subscriptions.find(db, subscription_id)
                subscription, said = _done(db, before, form, face.keys)
        except WrongUsage as error:
            return _page(request, before, asked=form, wrong=error.where, status=400)
        except Conflict as error:
            if before.state not in {"active", "paused"}:
                return told(request, before)
            return _page(request, before, asked=form, wrong=f"same_{error.where or 'state'}", status=409)
    except NotFound:
        return unknown_link(request, status=404)
    _write_down(subscription, said)
    if subscription.state == "ended":
        return told(request, subscription)
    done = Done(said, _left_out(face, before, subscription) if said == "resumed" else 0)
    return _page(request, subscription, done=done)


def _write_down(subscription: Subscription, said: str) -> None:
    if said in {"feed_made", "feed_renewed"}:
        log.info("private_feed.made", subscription_id=subscription.id, renewed=said == "feed_renewed")
    elif said == "feed_ended":
        log.info("private_feed.revoked", subscription_id=subscription.id)
    elif said != "feed_there":
        log.info("subscription.managed", subscription_id=subscription.id, action=said)


def _opened(request: Request, token: str) -> int:
    return read_token(face_of(request).keys, MANAGE_TOKEN, token, max_age_s=MANAGE_FOR_S)


def _done(db: Connection, before: Subscription, form: Mapping[str, str], keys: KeyRing) -> tuple[Subscription, str]:
    """The subscription as it is now, and what was done: a key of the words."""
    action = form.get("action", "")
    if action in FEED_ACTIONS:
        return before, _done_to_feed(db, before.id, form, keys)
    match action:
        case "change":
            wanted = {name: form[name] for name in FIELDS if name in form}
            rhythm = subscriptions.read_rhythm(wanted, was=before)
            return subscriptions.change(db, before.id, rhythm, now(db)), "changed"
        case "pause":
            return subscriptions.pause(db, before.id, now(db)), "paused"
        case "resume":
            return subscriptions.resume(db, before.id, now(db)), "resumed"
        case "unsubscribe":
            return subscriptions.unsubscribe(db, before.id, now(db)), "ended"
    raise WrongUsage("no form of ours says this", where="action")


def _done_to_feed(db: Connection, subscription_id: int, form: Mapping[str, str], keys: KeyRing) -> str:
    """What was done to the private feed: a key of the words."""
    said = FEED_ACTIONS[form["action"]]
    match said:
        case "feed_made":
            made = subscriptions.make_private_feed(db, subscription_id, keys=keys, now=now(db))
            return said if made.is_new else "feed_there"
        case "feed_renewed":
            subscriptions.renew_private_feed(db, subscription_id, keys=keys, now=now(db), was=_meant(form))
        case "feed_ended":
            subscriptions.revoke_private_feed(db, subscription_id, now=now(db), was=_meant(form))
    return said


def _meant(form: Mapping[str, str]) -> int | None:
    """Which private feed the page showed: a form that is sent twice must not end the one that it has just made."""
    given = form.get("was", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def _left_out(face: Face, before: Subscription, after: Subscription) -> int | None:
    """How many articles lie between the window that was and the one that is. Read by itself: it may take a while."""
    with face.store.reading() as db:
        return digests.count_left_out(
            db, filter_id=before.filter_id, after=before.window_after, up_to=after.window_after
        )


def _page(
    request: Request,
    subscription: Subscription,
    *,
    done: Done | None = None,
    asked: Mapping[str, str] | None = None,
    wrong: str = "",
    status: int = 200,
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
        form=_filled_in(subscription) | {name: asked[name] for name in FIELDS if asked and name in asked},
        named_cadences=[(name, t(f"cadence.{name}")) for name in subscriptions.rhythms_of(subscription)],
        named_weekdays=[(name, t(f"weekdays.{name}")) for name in WEEKDAYS],
        named_locales=[(name, t(f"languages.{name}")) for name in LOCALES],
        places=_choices(t.locale, subscription.timezone),
        is_digest=subscription.cadence != "instant",
        done=done,
        wrong=wrong,
        rhythm=_rhythm(subscription, t),
        feed=_private_feed(request, subscription),
        **in_words(subscription, t),
    )


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


def _filled_in(subscription: Subscription) -> dict[str, str]:
    return {
        "cadence": subscription.cadence,
        "at": _clock(subscription.at_minute),
        "weekday": WEEKDAYS[subscription.weekday],
        "timezone": subscription.timezone,
        "locale": subscription.locale,
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _rhythm(subscription: Subscription, t: Words) -> str:
    """每周一 08:00（上海时间）."""
    values: dict[str, Any] = {
        "at": _clock(subscription.at_minute),
        "weekday": t(f"weekdays.{WEEKDAYS[subscription.weekday]}"),
        "place": _place(subscription.timezone, t.locale),
    }
    return t(f"rhythm.{subscription.cadence}", **values)


REGIONS = ("Asia", "Europe", "America", "Africa", "Australia", "Pacific", "Atlantic", "Indian", "Antarctica")


def _choices(locale: str, present: str) -> tuple[tuple[str, str], ...]:
    """The places to choose from, and the *present* one, whatever it is called."""
    places = _places(locale)
    return places if present in dict(places) else ((present, present), *places)


@cache
def _places(locale: str) -> tuple[tuple[str, str], ...]:
    """Time zones to choose from, as (name, what it is called): China's first, then by region and name."""
    names = [name for name in timezones() if name.partition("/")[0] in REGIONS]
    called = sorted(
        (REGIONS.index(name.partition("/")[0]), _place(name, locale), name) for name in names if name != "Asia/Shanghai"
    )
    first = [("Asia/Shanghai", _place("Asia/Shanghai", locale)), ("UTC", "UTC")]
    return (*first, *((name, f"{place} · {name}") for _, place, name in called))


@cache
def _place(name: str, locale: str) -> str:
    """The city that a time zone is named for; its own name where it has none."""
    if "/" not in name:
        return name
    return get_timezone_location(name, locale=locale.replace("-", "_"), return_city=True).rpartition("/")[2]

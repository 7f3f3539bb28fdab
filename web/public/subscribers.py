"""Pages for subscribers: confirm, and leave. A GET shows what would happen, a POST does it (RFC 8058).

Mail gateways open links, and some run what they find there: nothing here acts without a POST. A mail program's POST
(`List-Unsubscribe=One-Click`, as multipart or urlencoded) brings no cookie, gets no redirect, and is told 200 whether
or not the token is one of ours; its body is not even read, since the address says all.
"""

from typing import Any

import structlog
from fastapi import APIRouter, Request, Response

from web.face import Face, face_of
from web.pages import locale_of, page
from web.public.opening import subscription_behind
from web.public.polling import client_of
from web.public.visitors import counted
from zonewire import subscriptions
from zonewire.delivery.mailing import CONFIRM_TOKEN, UNSUBSCRIBE_TOKEN
from zonewire.errors import Conflict, NotFound
from zonewire.filters import parse_written
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words
from zonewire.store import now
from zonewire.subscriptions import Act, Consent, Subscription

log = structlog.get_logger()
router = APIRouter()


@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
def ask_to_confirm(token: str, request: Request) -> Response:
    """What confirming would begin, and the button for it."""
    return _ask(request, token, purpose=CONFIRM_TOKEN, open_states={"unconfirmed"}, form="confirm")


@router.post("/confirm/{token}")
def confirm(token: str, request: Request) -> Response:
    """Begin the subscription. Twice is as good as once."""
    face = face_of(request)
    try:
        subscription_id = subscription_behind(face, CONFIRM_TOKEN, token).id
        with face.store.writing() as db:
            before = subscriptions.locked(db, subscription_id)  # two at once: one was first
            subscription = subscriptions.confirm(db, subscription_id, now(db))
            if before.state == "unconfirmed":
                subscriptions.record(db, subscription_id, _consent(request, subscription, now(db)))
    except NotFound:
        return unknown_link(request, status=404)
    except Conflict:
        return _told_now(request, face, subscription_id)
    log.info("subscription.confirmed", subscription_id=subscription.id)
    return told(request, subscription)


def _consent(request: Request, subscription: Subscription, moment: int) -> Consent:
    """That its reader pressed the button, below which words."""
    t = words(locale_of(request))
    said = in_words(subscription, t)
    wording = t("pages.confirm_ask", address=said["address"]) + t("common.next_sentence")
    wording += t("pages.confirm_what", cadence=said["cadence"], filter=said["filter"])
    place = client_of(request) or "127.0.0.1"
    return Consent(act=Act.CONFIRMED, given_at=moment, given_from=place, locale=t.locale, wording=wording)


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
def ask_to_unsubscribe(token: str, request: Request) -> Response:
    """What leaving would end, and the button for it."""
    states = {"active", "paused", "unconfirmed"}
    return _ask(request, token, purpose=UNSUBSCRIBE_TOKEN, open_states=states, form="unsubscribe")


@router.post("/unsubscribe/{token}")
def unsubscribe(token: str, request: Request) -> Response:
    """End the subscription at once, and cancel what is owed to it."""
    face = face_of(request)
    try:
        subscription_id = subscription_behind(face, UNSUBSCRIBE_TOKEN, token).id
        with face.store.writing() as db:
            subscription = subscriptions.unsubscribe(db, subscription_id, now(db))
    except NotFound:
        return unknown_link(request, status=200)  # RFC 8058: a mail program has no use for an error
    log.info("subscription.ended", subscription_id=subscription.id)
    return told(request, subscription)


def _ask(request: Request, token: str, *, purpose: str, open_states: set[str], form: str) -> Response:
    """The form, where there is something left to do; else how things are. 404 for a token that is not ours."""
    face = face_of(request)
    try:
        subscription = subscription_behind(face, purpose, token)
    except NotFound:
        return unknown_link(request, status=404)
    if subscription.state in open_states:
        t = words(locale_of(request))
        response: Response = page(request, f"public/{form}.html", **in_words(subscription, t))
    else:
        response = told(request, subscription)
    return counted(request, response, form, token, purposes=(purpose,))


def _told_now(request: Request, face: Face, subscription_id: int) -> Response:
    with face.store.reading() as db:
        subscription = subscriptions.find(db, subscription_id)
    return told(request, subscription)


def told(request: Request, subscription: Subscription) -> Response:
    """A page that says how things are with *subscription*."""
    t = words(locale_of(request))
    return page(request, "public/done.html", state=subscription.state, **in_words(subscription, t))


def unknown_link(request: Request, *, status: int) -> Response:
    """A page for a token that opens nothing."""
    t = words(locale_of(request))
    heading, sentence = t("pages.unknown_title"), t("pages.unknown")
    return page(request, "public/notice.html", status=status, heading=heading, sentence=sentence, seal=False)


def in_words(subscription: Subscription, t: Words) -> dict[str, Any]:
    """What pages say of a subscription: its address, filter and cadence, and when the next digest is due."""
    next_at = subscription.next_at
    return {
        "address": subscription.address or t("pages.somebody"),
        "filter": filter_in_words(parse_written(subscription.written), t),
        "cadence": t(f"cadence.{subscription.cadence}"),
        "next_when": None if next_at is None else t.date(next_at, timezone=subscription.timezone, style="moment"),
    }

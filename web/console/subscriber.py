"""`/console/subscribers/ID`: one subscriber, all that it has and was sent; pause and resume.

ID is the subscriber's key; the id of a subscription (s12) leads to whose it is.
"""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from web.console.addresses import address_for
from web.console.deliveries import TONES as DELIVERY_TONES
from web.console.deliveries import state_of
from web.console.frame import language_of, show, then
from web.console.paths import root_of
from web.console.subscribers import PATH, TONES
from web.console.visitor import Looking, Operated, Visitor
from web.face import face_of
from web.numbers import number_in
from zonewire import subscriptions
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.searching import Search, search
from zonewire.errors import Conflict, NotFound
from zonewire.filters import parse_written
from zonewire.operators import Act, Role, record
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words, rhythm_in_words
from zonewire.store import migrate, now
from zonewire.subscriptions import Consent, Profile, Subscription

log = structlog.get_logger()
router = APIRouter()

ENDPOINTS_SHOWN, SENT_SHOWN = 3, 10
"""Of so many endpoints the last deliveries are shown, so many of each."""
ACTS = {
    "pause": (subscriptions.pause, Act.PAUSED_SUBSCRIPTION, "paused"),
    "resume": (subscriptions.resume, Act.RESUMED_SUBSCRIPTION, "resumed"),
}


@router.api_route(PATH + "/{name}", methods=["GET", "HEAD"])
def one(name: str, request: Request, visitor: Looking) -> Response:
    """The subscriber; of a subscription, the way to whose it is."""
    if (key := number_in(name)) is not None:
        return _page(request, visitor, key)
    subscription_id = subscriptions.key_of(name)
    with face_of(request).store.reading() as db:
        subscriber_id = subscriptions.subscriber_behind(db, subscription_id)
    if subscriber_id is None:
        raise NotFound(f"there is no subscription {name}")
    return RedirectResponse(f"{root_of(request)}{PATH}/{subscriber_id}#{name}", status_code=HTTPStatus.SEE_OTHER)


@router.post(PATH + "/{name}")
def act(name: str, request: Request, form: Operated) -> Response:
    """Pause or resume a subscription, as `action` says."""
    subscription_id = subscriptions.key_of(name)
    with face_of(request).store.reading() as db:
        subscriber_id = subscriptions.subscriber_behind(db, subscription_id)
    if subscriber_id is None:
        raise NotFound(f"there is no subscription {name}")
    if form["action"] not in ACTS:
        return _page(request, form.visitor, subscriber_id)
    move, written_down, done = ACTS[form["action"]]
    try:
        with face_of(request).store.writing() as db:
            moment = now(db)
            before = subscriptions.locked(db, subscription_id).state
            after = move(db, subscription_id, moment).state
            if after != before:
                record(db, form.visitor.actor, written_down, name, now=moment)
    except Conflict as error:
        return _page(request, form.visitor, subscriber_id, wrong=str(error), status=HTTPStatus.CONFLICT)
    log.info("subscription.managed", subscription_id=subscription_id, action=done, operator=form.visitor.operator.name)
    return then(request, f"{PATH}/{subscriber_id}", done=f"subscription_{done}", about=name)


def _page(
    request: Request, visitor: Visitor, subscriber_id: int, *, wrong: str = "", status: int = HTTPStatus.OK
) -> Response:
    t = words(language_of(request))
    with face_of(request).store.reading() as db:
        profile = subscriptions.profile_of(db, subscriber_id)
        shown = [_subscription(db, visitor, t, one) for one in profile.subscriptions]
        sent = _sent(db, visitor, profile)
    return show(
        request,
        visitor,
        "subscriber",
        here="subscribers",
        status=status,
        wrong=wrong,
        profile=profile,
        address=address_for(visitor, profile.address),
        shown=shown,
        sent=sent,
    )


def _subscription(db: Connection, visitor: Visitor, t: Words, one: Subscription) -> dict[str, Any]:
    """What the page says about one of them."""
    return {
        "name": subscriptions.shown_id(one.id),
        "it": one,
        "tone": TONES.get(one.state, ""),
        "address": address_for(visitor, one.address),
        "filter": filter_in_words(parse_written(one.written), t),
        "rhythm": rhythm_in_words(one.cadence, t, at_minute=one.at_minute, weekday=one.weekday, timezone=one.timezone),
        "consents": [_consent(visitor, t, given) for given in subscriptions.consents_of(db, one.id)],
    }


def _consent(visitor: Visitor, t: Words, given: Consent) -> dict[str, Any]:
    """What its reader agreed to. From where, and to which words, who looks is not told: both name the reader."""
    when = t.date(given.given_at, style="moment_of_year")
    if not visitor.may(Role.OPERATE):
        return {"said": t(f"console.subscribers.{given.act}", when=when), "wording": "", "locale": given.locale}
    said = t(f"console.subscribers.{given.act}_from", when=when, place=given.given_from)
    return {"said": said, "wording": given.wording, "locale": given.locale}


def _sent(db: Connection, visitor: Visitor, profile: Profile) -> list[dict[str, Any]]:
    """The last deliveries of its endpoints, those of its newest subscriptions first."""
    ours = migrate.installation_number(db)
    endpoints = list(dict.fromkeys((one.endpoint_id, one.channel, one.address) for one in profile.subscriptions))
    shown = []
    for endpoint_id, channel, address in endpoints[:ENDPOINTS_SHOWN]:
        found = search(db, Search(endpoint_id=endpoint_id), limit=SENT_SHOWN)
        rows = [
            {
                "row": row,
                "name": delivery_uuid(ours, row.id, row.created_at),
                "state": state_of(row),
                "tone": DELIVERY_TONES[state_of(row)],
                "title": found.titles.get(row.number, ""),
                "error": address_for(visitor, row.last_error or row.reason),  # a mail server names whose mailbox it is
            }
            for row in found.rows
        ]
        shown.append(
            {"endpoint": endpoint_id, "channel": channel, "address": address_for(visitor, address), "rows": rows}
        )
    return shown

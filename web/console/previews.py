"""`/console/digests/next/ID`: what a subscription's next digest would hold if its window closed now."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.digests import PATH, framed
from web.console.frame import language_of, show
from web.console.visitor import Looking
from web.face import face_of
from zonewire import digests, subscriptions
from zonewire.errors import Conflict
from zonewire.filters import parse_written
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words, rhythm_in_words
from zonewire.store import now

router = APIRouter()


@router.api_route(PATH + "/next/{name}", methods=["GET", "HEAD"])
def preview(name: str, request: Request, visitor: Looking) -> Response:
    """For whom it is and when, and the mail in a frame. Raises Conflict for instant news."""
    t = words(language_of(request))
    with face_of(request).store.reading() as db:
        subscription = subscriptions.find(db, subscriptions.key_of(name))
        subscriber_id = subscriptions.subscriber_behind(db, subscription.id)
    if subscription.cadence == "instant":
        raise Conflict(f"{name} is instant: it has no digest", mend="Its deliveries stand in the ledger.")
    rhythm = rhythm_in_words(
        subscription.cadence,
        t,
        at_minute=subscription.at_minute,
        weekday=subscription.weekday,
        timezone=subscription.timezone,
    )
    return show(
        request,
        visitor,
        "digest_next",
        here="digests",
        name=name,
        subscription=subscription,
        subscriber_id=subscriber_id,
        rhythm=rhythm,
        filter=filter_in_words(parse_written(subscription.written), t),
    )


@router.api_route(PATH + "/next/{name}/mail", methods=["GET", "HEAD"])
def mail(name: str, request: Request, visitor: Looking) -> Response:
    """The mail itself, for that frame; every reader's own links are shown as they begin."""
    del visitor
    face = face_of(request)
    with face.store.reading() as db:
        shown = digests.preview(db, subscriptions.key_of(name), mailing=face.mailing, now=now(db))
    return framed(words(language_of(request)).locale, shown)

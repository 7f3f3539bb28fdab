"""`/console/subscribers/ID/export` and `/erase`: what is kept about somebody, given to them or forgotten.

As `zonewire subscribers export` and `erase` do; but nobody is kept waiting for what is on its way: upkeep forgets who
it was as soon as nothing is.
"""

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.addresses import address_for
from web.console.frame import show, then
from web.console.subscribers import PATH
from web.console.visitor import Administered, Looking, NotAllowed
from web.face import face_of
from zonewire import subscriptions
from zonewire.delivery.lanes import Lane
from zonewire.errors import Conflict
from zonewire.operators import Act, Role, record
from zonewire.store import migrate, now
from zonewire.subscriptions import Profile, subscriber_of

log = structlog.get_logger()
router = APIRouter()

MOST_EXPORTED = 20_000
"""Deliveries that a page takes into one answer: a reader of ten years has fewer, a partner may have millions."""


@router.post(PATH + "/{subscriber_id:key}/export")
def export(subscriber_id: int, request: Request, form: Administered) -> Response:
    """All that is kept about them, as a file for them to have. Raises Conflict for more than fits into an answer."""
    with face_of(request).store.reading() as db:
        profile = subscriptions.profile_of(db, subscriber_id)
        address = _known(profile)
        if subscriptions.was_sent_more_than(db, profile, MOST_EXPORTED):
            raise Conflict(
                f"more than {MOST_EXPORTED:,} deliveries went there, too many for a page",
                mend=f"Run `zonewire subscribers export {address}`.",
            )
        moment = now(db)
        kept = subscriptions.export_subscriber(
            db, subscriber_id, installation=migrate.installation_number(db), now=moment
        )
    with face_of(request).store.writing() as db:
        record(db, form.visitor.actor, Act.EXPORTED, named(subscriber_id), now=moment)
    log.info("subscriber.exported", subscriber_id=subscriber_id, operator=form.visitor.operator.name)
    headers = {
        "Content-Disposition": f'attachment; filename="subscriber-{subscriber_id}.json"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(orjson.dumps(kept, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)


@router.api_route(PATH + "/{subscriber_id:key}/erase", methods=["GET", "HEAD"])
def ask(subscriber_id: int, request: Request, visitor: Looking) -> Response:
    """What erasing them would end, what goes and what stays."""
    if not visitor.may(Role.ADMINISTER):
        raise NotAllowed(Role.ADMINISTER)
    with face_of(request).store.reading() as db:
        profile = subscriptions.profile_of(db, subscriber_id)
        _known(profile)
        going_on, endpoints = subscriptions.what_ends(db, subscriber_id)
    return show(
        request,
        visitor,
        "subscriber_erase",
        here="subscribers",
        profile=profile,
        address=address_for(visitor, profile.address),
        going_on=going_on,
        endpoints=endpoints,
    )


@router.post(PATH + "/{subscriber_id:key}/erase")
def erase(subscriber_id: int, request: Request, form: Administered) -> Response:
    """End all that they have and are owed. Twice is as good as once."""
    face, by = face_of(request), form.visitor.actor
    with face.store.writing() as db:
        profile = subscriptions.profile_of(db, subscriber_id)
        found = subscriber_of(db, _known(profile), keys=face.keys)
        moment = now(db)
        ended = subscriptions.end_everything(db, found, keys=face.keys, now=moment)
        if not profile.is_ended:
            counted = {"subscriptions": ended.subscriptions, "cancelled": ended.deliveries}
            record(db, by, Act.ERASED, named(subscriber_id), now=moment, **counted)
    log.warning("subscriber.ended", subscriber_id=subscriber_id, operator=by.name)
    face.hint(Lane.UPKEEP)
    return then(request, f"{PATH}/{subscriber_id}", done="subscriber_ended", n=str(ended.deliveries))


def named(subscriber_id: int) -> str:
    """A subscriber in the audit log, which outlives them: by a number."""
    return f"subscriber {subscriber_id}"


def _known(profile: Profile) -> str:
    """The address. Raises Conflict where it is forgotten."""
    if profile.address is None:
        raise Conflict(f"subscriber {profile.id} was erased already", mend="Nothing is kept but a mark of the address.")
    return profile.address

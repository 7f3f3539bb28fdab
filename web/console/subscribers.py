"""`/console/subscribers`: subscriptions, found by whose they are, by id, by endpoint, by state."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy import Connection, Row
from starlette.responses import Response

from web.console.addresses import address_for
from web.console.frame import language_of, show
from web.console.visitor import Looking, Visitor
from web.face import face_of
from web.numbers import number_in
from zonewire import subscriptions
from zonewire.delivery.channel_names import BUILT
from zonewire.errors import WrongUsage
from zonewire.filters import parse_written
from zonewire.operators import Role
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_short
from zonewire.subscriptions import STATES, SubscriptionsWanted

router = APIRouter()

PATH = "/console/subscribers"
FIELDS = ("q", "state", "channel", "subscriber")
WRITTEN_CHARS = 254
A_PAGE = 50
TONES = {"active": "ok", "unconfirmed": "", "paused": "warn", "ended": ""}


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking, before: str = "") -> Response:
    """A page of what was asked for."""
    written = {name: request.query_params.get(name, "").strip()[:WRITTEN_CHARS] for name in FIELDS}
    wrong, found = "", None
    with face_of(request).store.reading() as db:
        try:
            wanted = _wanted(db, written, visitor)
        except WrongUsage:
            wanted, wrong = None, "too_short"
        if wanted is not None:
            found = subscriptions.find_subscriptions(db, wanted, before=number_in(before), limit=A_PAGE)
    return show(
        request,
        visitor,
        "subscribers",
        here="subscribers",
        status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
        wrong=wrong,
        written=written,
        states=STATES,
        channels=BUILT,
        query=lambda **over: urlencode({name: value for name, value in (written | over).items() if value}),
        rows=[_shown(request, visitor, row) for row in found.rows] if found else [],
        older=found.before if found else None,
        is_full=found.is_full if found else True,
    )


def _wanted(db: Connection, written: dict[str, str], visitor: Visitor) -> SubscriptionsWanted | None:
    """What is looked for; None where nobody can be meant. Raises WrongUsage.

    Who sees addresses masked finds them whole alone: by beginnings they could be guessed letter by letter.
    """
    wanted: SubscriptionsWanted | None = SubscriptionsWanted()
    if written["q"]:
        wanted = subscriptions.meant_by(db, written["q"], beginning=visitor.may(Role.OPERATE))
    elif (key := number_in(written["subscriber"])) is not None:
        wanted = SubscriptionsWanted(people=(key,))
    if wanted is None:
        return None
    state = written["state"] if written["state"] in STATES else ""
    channel = written["channel"] if written["channel"] in BUILT else ""
    return SubscriptionsWanted(
        subscription_id=wanted.subscription_id,
        endpoint_id=wanted.endpoint_id,
        people=wanted.people,
        state=state,
        channel=channel,
    )


def _shown(request: Request, visitor: Visitor, row: Row[Any]) -> dict[str, Any]:
    """A row of the list."""
    t = words(language_of(request))
    return {
        "row": row,
        "tone": TONES.get(row.state, ""),
        "address": address_for(visitor, row.address),
        "filter": filter_in_short(parse_written(row.written), t),
    }

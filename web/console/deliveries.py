"""`/console/deliveries`: the ledger by any filter, page by page; one delivery with its tries; replay and cancel."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy import Connection, Row
from starlette.responses import Response

from config.services import services_of
from web.console.filters import CHOICES, Filter, read_filter
from web.console.frame import show, telling, then
from web.console.visitor import Form, Looking, Operated, Visitor
from web.face import face_of
from web.numbers import number_in
from zonewire.delivery import counts, listing, owing
from zonewire.delivery.bulk import STATES as BULK_STATES
from zonewire.delivery.bulk import BulkAct
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.lanes import PUSH_LANES
from zonewire.delivery.refusals import NOT_CANCELLED, NOT_REPLAYED, refusals
from zonewire.delivery.replaying import replay
from zonewire.delivery.searching import HELD, Found, search
from zonewire.delivery.states import Move, State
from zonewire.operators import Act, record
from zonewire.store import migrate, now
from zonewire.trail import request_of
from zonewire.trail.reasons import of_delivery

log = structlog.get_logger()
router = APIRouter()

PATH = "/console/deliveries"
A_PAGE = 50
TONES: Mapping[str, str] = {
    State.DELIVERED: "ok",
    State.DEAD: "seal",
    State.RETRYING: "warn",
    HELD: "warn",
    State.SENDING: "",
    State.PENDING: "",
    State.CANCELLED: "",
}


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """A page of what the filter shows."""
    with face_of(request).store.reading() as db:
        chosen = read_filter(db, request.query_params, visitor)
        before = request.query_params.get("before", "")
        found = search(db, chosen.search, before=number_in(before), limit=A_PAGE)
        ours = migrate.installation_number(db)
        rows = [_shown(row, found, installation=ours) for row in found.rows]
        totals = _totals(db)
    return show(
        request,
        visitor,
        "deliveries",
        here="deliveries",
        chosen=chosen,
        choices=CHOICES,
        rows=rows,
        totals=totals,
        older=found.before,
        looked_to=found.looked_to,
        acts=_acts(chosen) if rows else [],
    )


def _acts(chosen: Filter) -> list[BulkAct]:
    """What can be done with all that the filter shows: an edition is sent again from its own page."""
    acts = [act for act in BulkAct if act is not BulkAct.RESEND]
    return [act for act in acts if chosen.search.state in BULK_STATES[act] and not chosen.wrong]


@router.api_route(PATH + "/{name}", methods=["GET", "HEAD"])
def one(name: str, request: Request, visitor: Looking) -> Response:
    """One delivery: what it is about, where it is, each try."""
    return _page(request, visitor, name)


def _page(request: Request, visitor: Visitor, name: str, *, wrong: str = "", status: int = HTTPStatus.OK) -> Response:
    face, tell = face_of(request), telling(request)
    with face.store.reading() as db:
        ours, moment = migrate.installation_number(db), now(db)
        row = listing.row_of(db, name, installation=ours)
        tries = listing.tries_of(db, row.id)
        title = listing.title_of(db, row)
    services = services_of(face.settings)
    return show(
        request,
        visitor,
        "delivery",
        here="deliveries",
        status=status,
        name=name,
        row=row,
        state=state_of(row),
        tone=TONES[state_of(row)],
        title=title,
        why=of_delivery(row, tries[-1].error if tries else "", now=moment, tell=tell),
        tries=tries,
        sent=request_of(face.store, name, installation=ours, mailing=face.mailing, services=services),
        can_replay=row.state in Move.REPLAY.sources,
        can_cancel=row.state in Move.CANCEL.sources,
        wrong=wrong,
    )


@router.post(PATH + "/{name}")
def act(name: str, request: Request, form: Operated) -> Response:
    """Replay or cancel this one, as `action` says."""
    doing = {"replay": _replay, "cancel": _cancel}.get(form["action"])
    if doing is None:
        return _page(request, form.visitor, name)
    return doing(request, form, name)


def _replay(request: Request, form: Form, name: str) -> Response:
    face = face_of(request)
    with face.store.writing() as db:
        ours, moment = migrate.installation_number(db), now(db)
        (key,) = listing.keys_of(db, [name], installation=ours)
        done = replay(db, [key], now=moment)
        refused = refusals(db, [] if done.keys else [key], NOT_REPLAYED, installation=ours)
        if done.keys:
            record(db, form.visitor.actor, Act.REPLAYED, name, now=moment)
    if refused:
        return _page(request, form.visitor, name, wrong=refused[0].what, status=HTTPStatus.CONFLICT)
    for lane in PUSH_LANES:
        face.hint(lane)
    return then(request, f"{PATH}/{name}", done="replayed_held" if done.held else "replayed")


def _cancel(request: Request, form: Form, name: str) -> Response:
    with face_of(request).store.writing() as db:
        ours, moment = migrate.installation_number(db), now(db)
        keys = listing.keys_of(db, [name], installation=ours)
        n = owing.cancel(db, keys, why=owing.BY_OPERATOR, now=moment)
        refused = refusals(db, [] if n else keys, NOT_CANCELLED, installation=ours)
        if n:
            record(db, form.visitor.actor, Act.CANCELLED, name, now=moment)
    if refused:
        return _page(request, form.visitor, name, wrong=refused[0].what, status=HTTPStatus.CONFLICT)
    return then(request, f"{PATH}/{name}", done="cancelled")


def state_of(row: Row[Any]) -> str:
    """The state of a row as the console names it: what is held has a name of its own."""
    return HELD if owing.is_held(row) else str(row.state)


def _shown(row: Row[Any], found: Found, *, installation: int) -> dict[str, Any]:
    """A row of the list."""
    return {
        "name": delivery_uuid(installation, row.id, row.created_at),
        "state": state_of(row),
        "tone": TONES[state_of(row)],
        "title": found.titles.get(row.number, ""),
        "row": row,
    }


def _totals(db: Connection) -> dict[str, int]:
    """How many there are of each state."""
    totals = dict.fromkeys(CHOICES["state"], 0)
    for slot, n in counts.read(db).items():
        totals[HELD if slot.held else slot.state.value] += n
    return totals

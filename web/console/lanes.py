"""`/console/lanes`: what waits on each lane, who works on it, and letting one rest."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.frame import show, then
from web.console.lane_rows import rows_of
from web.console.visitor import Form, Looking, Operated, Visitor
from web.face import face_of
from zonewire.delivery import pauses
from zonewire.delivery.lanes import Lane
from zonewire.errors import NotFound, ZonewireError
from zonewire.operators import Act, record
from zonewire.store import SECOND, now

log = structlog.get_logger()
router = APIRouter()

SPANS_S = {"15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400, "open": None}
"""How long a lane may be let rest from the page."""


@router.api_route("/console/lanes", methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """Every lane."""
    return _page(request, visitor)


def _page(request: Request, visitor: Visitor, *, wrong: str = "", status: int = HTTPStatus.OK) -> Response:
    with face_of(request).store.reading() as db:
        rows = rows_of(db)
    return show(
        request, visitor, "lanes", here="lanes", lanes=rows, rows=rows, spans=list(SPANS_S), wrong=wrong, status=status
    )


@router.post("/console/lanes/{name}")
def act(name: str, request: Request, form: Operated) -> Response:
    """Pause or resume a lane, as `action` says."""
    if name not in set(Lane):
        raise NotFound(f"there is no lane {name[:40]!r}")
    try:
        return _pause(request, form, Lane(name)) if form["action"] == "pause" else _resume(request, form, Lane(name))
    except ZonewireError as error:
        return _page(request, form.visitor, wrong=str(error), status=HTTPStatus.CONFLICT)


def _pause(request: Request, form: Form, lane: Lane) -> Response:
    by, reason = form.visitor.actor, form["reason"]
    wait_s = SPANS_S.get(form["span"], SPANS_S["1h"])
    with face_of(request).store.writing() as db:
        moment = now(db)
        until = None if wait_s is None else moment + wait_s * SECOND
        pauses.pause(db, lane, operator=by.name, reason=reason, until_at=until, now=moment)
        record(db, by, Act.PAUSED_LANE, lane, now=moment, reason=reason, span=form["span"])
    log.warning("lane.paused", lane=lane, operator=by.name, reason=reason)
    return then(request, "/console/lanes", done="lane_paused", about=lane)


def _resume(request: Request, form: Form, lane: Lane) -> Response:
    face, by = face_of(request), form.visitor.actor
    with face.store.writing() as db:
        if pauses.resume(db, lane):
            record(db, by, Act.RESUMED_LANE, lane, now=now(db))
    face.hint(lane)
    log.info("lane.resumed", lane=lane, operator=by.name)
    return then(request, "/console/lanes", done="lane_resumed", about=lane)

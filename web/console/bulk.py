"""`/console/bulk`: replay, cancel or resend all that a filter shows: first what it would do, then at a pace."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from web.console.filters import Filter, read_filter
from web.console.frame import show, then
from web.console.visitor import Looking, NotAllowed, Operated, Visitor
from web.face import face_of
from web.numbers import number_in
from zonewire.delivery import bulk
from zonewire.delivery.bulk import BegunAlready, BulkAct
from zonewire.delivery.lanes import Lane
from zonewire.errors import NotFound, WrongUsage, ZonewireError
from zonewire.operators import Act, Actor, Role, record
from zonewire.store import now

log = structlog.get_logger()
router = APIRouter()

PATH = "/console/bulk"
PACES = (60, 600, 6_000, 0)
"""Deliveries a minute; 0 is as fast as they can be written."""


@router.api_route(PATH, methods=["GET", "HEAD"])
def asked(request: Request, visitor: Looking, act: str = "") -> Response:
    """What the act would do to what the filter shows; without an act the list of those that were begun."""
    if act not in set(BulkAct):
        with face_of(request).store.reading() as db:
            actions = bulk.list_actions(db)
        return show(request, visitor, "bulk_actions", here="deliveries", actions=actions)
    if not visitor.may(Role.OPERATE):
        raise NotAllowed(Role.OPERATE)
    return _dry(request, visitor, BulkAct(act))


def _dry(request: Request, visitor: Visitor, act: BulkAct) -> Response:
    with face_of(request).store.reading() as db:
        chosen = read_filter(db, request.query_params, visitor)
        _check(act, chosen)
        run = bulk.dry_run(db, act, chosen.search)
    here = "digests" if act is BulkAct.RESEND else "deliveries"
    return show(request, visitor, "bulk_dry", here=here, act=act, chosen=chosen, run=run, paces=PACES)


def _check(act: BulkAct, chosen: Filter) -> None:
    """Raise WrongUsage for a filter that does not say what was meant: a part left out would show more."""
    if chosen.wrong:
        raise WrongUsage("the filter cannot be read", mend="Go back, and mend it first.")
    bulk.check(act, chosen.search)


@router.post(PATH)
def begin(request: Request, form: Operated) -> Response:
    """Begin it."""
    if form["act"] not in set(BulkAct):
        raise WrongUsage("no such act")
    face, act, by = face_of(request), BulkAct(form["act"]), form.visitor.actor
    per_minute = number_in(form["per_minute"])
    per_minute = PACES[1] if per_minute is None else per_minute
    expected = number_in(form["expected"]) or 0
    seen = number_in(form["seen"]) or 0
    try:
        with face.store.writing() as db:
            chosen, moment = read_filter(db, form.fields, form.visitor), now(db)
            _check(act, chosen)
            ident = bulk.begin(
                db,
                act,
                chosen.search,
                per_minute=per_minute,
                expected=expected,
                operator=by.name,
                now=moment,
                seen=seen,
            )
            _record(db, by, act, chosen, ident, expected=expected, now=moment)
    except BegunAlready as error:  # whoever pressed twice sees how far the first is
        return then(request, f"{PATH}/b{error.ident}", done="begun_already")
    log.warning("bulk_action.began", action=f"b{ident}", act=act, operator=by.name, expected=expected)
    face.hint(Lane.UPKEEP)
    return then(request, f"{PATH}/b{ident}")


def _record(db: Connection, by: Actor, act: BulkAct, chosen: Filter, ident: int, *, expected: int, now: int) -> None:
    """Write it down: a resend about its edition, the others about themselves."""
    detail = {name: value for name, value in chosen.written.items() if value} | {"expected": expected}
    if act is BulkAct.RESEND:
        about = f"d{chosen.search.edition_id}"
        record(db, by, Act.RESENT, about, now=now, action=f"b{ident}", **detail)
    else:
        record(db, by, Act.BEGAN_BULK, f"b{ident}", now=now, act=act, **detail)


@router.api_route(PATH + "/b{ident:key}", methods=["GET", "HEAD"])
def progress(ident: int, request: Request, visitor: Looking) -> Response:
    """How far it is, and in the end what became of them."""
    return _page(request, visitor, ident)


def _page(request: Request, visitor: Visitor, ident: int, *, wrong: str = "", status: int = HTTPStatus.OK) -> Response:
    with face_of(request).store.reading() as db:
        action = bulk.show(db, ident)
    return show(request, visitor, "bulk_action", here="deliveries", action=action, wrong=wrong, status=status)


@router.post(PATH + "/b{ident:key}")
def stop(ident: int, request: Request, form: Operated) -> Response:
    """Stop it where it is."""
    try:
        with face_of(request).store.writing() as db:
            moment = now(db)
            bulk.stop(db, ident, now=moment)
            record(db, form.visitor.actor, Act.STOPPED_BULK, f"b{ident}", now=moment)
    except NotFound:
        raise
    except ZonewireError as error:
        return _page(request, form.visitor, ident, wrong=str(error), status=HTTPStatus.CONFLICT)
    return then(request, f"{PATH}/b{ident}", done="bulk_stopped")

"""What is done about an endpoint: disable, enable with a choice for its backlog, send a test, replace its secret."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from web.console.endpoints import PATH, page_of
from web.console.frame import show, then
from web.console.visitor import Administered, Form, Looking, NotAllowed, Operated, Visitor
from web.face import face_of
from zonewire.delivery import enabling, endpoint_history
from zonewire.delivery.enabling import Held
from zonewire.delivery.endpoints import existing_key
from zonewire.delivery.lanes import Lane, lane_of
from zonewire.delivery.rotating import rotate
from zonewire.errors import Conflict, ZonewireError
from zonewire.operators import Act, Role, record
from zonewire.store import migrate, now
from zonewire.store.pacing import Pace
from zonewire.subscriptions.trial import owe_trial

log = structlog.get_logger()
router = APIRouter()

REASON_CHARS = 200
SORTED_OUT = 20_000
"""Of an endpoint that holds more it is not said beforehand how many are not the newest."""


@router.post(PATH + "/{name}")
def act(name: str, request: Request, form: Operated) -> Response:
    """Disable it or send a test, as `action` says."""
    doing = {"disable": _disable, "test": _test}.get(form["action"])
    if doing is None:
        return page_of(request, form.visitor, name)
    try:
        return doing(request, form, name)
    except Conflict as error:
        return page_of(request, form.visitor, name, wrong=str(error), status=HTTPStatus.CONFLICT)


def _disable(request: Request, form: Form, name: str) -> Response:
    """From now on nothing is claimed; upkeep holds what is open within seconds."""
    face, why = face_of(request), " ".join(form["reason"].split())[:REASON_CHARS]
    with face.store.writing() as db:
        was_on = enabling.disable(db, existing_key(db, name), why=why, now=now(db))
        if was_on:
            record(db, form.visitor.actor, Act.DISABLED, name, now=now(db), reason=why)
    if was_on:
        log.warning("endpoint.turned_off", endpoint_id=name, operator=form.visitor.operator.name, reason=why)
    face.hint(Lane.UPKEEP)
    return then(request, f"{PATH}/{name}", done="endpoint_disabled", about=name)


def _test(request: Request, form: Form, name: str) -> Response:
    face = face_of(request)
    with face.store.writing() as db:
        moment, key = now(db), existing_key(db, name)
        owed = owe_trial(db, key, installation=migrate.installation_number(db), now=moment)
        record(db, form.visitor.actor, Act.TESTED, name, now=moment)
        lane = lane_of(endpoint_history.row_of(db, key).channel)
    face.hint(lane)
    return then(request, f"/console/deliveries/{owed}", done="endpoint_tested", about=name)


@router.api_route(PATH + "/{name}/enable", methods=["GET", "HEAD"])
def ask_enable(name: str, request: Request, visitor: Looking) -> Response:
    """What would be done about what it holds, to choose from."""
    if not visitor.may(Role.OPERATE):
        raise NotAllowed(Role.OPERATE)
    return _enable_page(request, visitor, name)


def _enable_page(
    request: Request, visitor: Visitor, name: str, *, wrong: str = "", status: int = HTTPStatus.OK
) -> Response:
    with face_of(request).store.reading() as db:
        key = existing_key(db, name)
        row, held = endpoint_history.row_of(db, key), enabling.held_count(db, key)
        outdated = len(enabling.left_out(db, key, Held.NEWEST)) if held <= SORTED_OUT else None
    values: dict[str, Any] = {"row": row, "held": held, "outdated": outdated, "wrong": wrong, "name": name}
    return show(request, visitor, "endpoint_enable", here="endpoints", status=status, choices=list(Held), **values)


@router.post(PATH + "/{name}/enable")
def enable(name: str, request: Request, form: Operated) -> Response:
    """Turn it on. What was ordered is written down first: it goes in batches, and may be stopped midway."""
    face, choice = face_of(request), Held(form["held"]) if form["held"] in set(Held) else Held.ALL
    try:
        with face.store.writing() as db:
            key = _key_of_one_off(db, name)
            record(db, form.visitor.actor, Act.ENABLED, name, now=now(db), held=choice)
        done = enabling.enable(face.store, Pace(pauses=not face.store.is_postgresql), key, choice)
    except Conflict as error:
        return _enable_page(request, form.visitor, name, wrong=str(error), status=HTTPStatus.CONFLICT)
    told = {"released": done["released"], "cancelled": done["cancelled"], "operator": form.visitor.operator.name}
    log.info("endpoint.turned_on", endpoint_id=name, held=choice, **told)
    for lane in (Lane.PUSH_HTTP, Lane.PUSH_EMAIL, Lane.PUSH_ROBOT, Lane.UPKEEP):
        face.hint(lane)
    return then(request, f"{PATH}/{name}", done="endpoint_enabled", about=name, n=str(done["released"]))


def _key_of_one_off(db: Connection, name: str) -> int:
    """The key of an endpoint that may be turned on. Raises Conflict."""
    key = existing_key(db, name)
    if endpoint_history.row_of(db, key).state != "disabled":
        raise Conflict(f"{name} is on already")
    enabling.refuse_erased(db, key)
    return key


@router.api_route(PATH + "/{name}/rotate", methods=["GET", "HEAD"])
def ask_rotate(name: str, request: Request, visitor: Looking) -> Response:
    """What replacing its secret means."""
    if not visitor.may(Role.ADMINISTER):
        raise NotAllowed(Role.ADMINISTER)
    return _rotate_page(request, visitor, name)


def _rotate_page(
    request: Request, visitor: Visitor, name: str, *, status: int = HTTPStatus.OK, **shown: Any
) -> Response:
    with face_of(request).store.reading() as db:
        row = endpoint_history.row_of(db, existing_key(db, name))
    values: dict[str, Any] = {"wrong": "", "rotated": None, **shown}
    return show(request, visitor, "endpoint_rotate", here="endpoints", status=status, name=name, row=row, **values)


@router.post(PATH + "/{name}/rotate")
def do_rotate(name: str, request: Request, form: Administered) -> Response:
    """Replace the secret, and show it this once."""
    face, given = face_of(request), form["secret"] or None
    try:
        with face.store.writing() as db:
            done = rotate(db, existing_key(db, name), keys=face.keys, secret=given, now=now(db))
            record(db, form.visitor.actor, Act.ROTATED, name, now=now(db))
    except ZonewireError as error:
        return _rotate_page(request, form.visitor, name, wrong=str(error), status=HTTPStatus.CONFLICT)
    log.info("endpoint.secret_rotated", endpoint_id=name, operator=form.visitor.operator.name)
    return _rotate_page(request, form.visitor, name, rotated=done)

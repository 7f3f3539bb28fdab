"""`/console/operators`: who may come here, for those who administer."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.frame import show, then
from web.console.visitor import Administered, Form, Looking, NotAllowed, Visitor
from web.face import face_of
from zonewire import operators
from zonewire.errors import ZonewireError
from zonewire.keys.passwords import new_password
from zonewire.operators import Act, Role
from zonewire.store import now

log = structlog.get_logger()
router = APIRouter()

PATH = "/console/operators"


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """Everybody, and the form for one more."""
    if not visitor.may(Role.ADMINISTER):
        raise NotAllowed(Role.ADMINISTER)
    return _page(request, visitor)


def _page(request: Request, visitor: Visitor, *, status: int = HTTPStatus.OK, **shown: Any) -> Response:
    with face_of(request).store.reading() as db:
        people = operators.list_operators(db)
    values: dict[str, Any] = {"wrong": "", "password": "", "made_for": "", **shown}
    return show(
        request, visitor, "operators", here="operators", people=people, roles=list(Role), status=status, **values
    )


@router.post(PATH)
def act(request: Request, form: Administered) -> Response:
    """Add, change or remove somebody, as `action` says."""
    doing = {"add": _add, "role": _role, "password": _password, "remove": _remove}.get(form["action"])
    try:
        return _page(request, form.visitor) if doing is None else doing(request, form)
    except ZonewireError as error:
        return _page(request, form.visitor, status=HTTPStatus.CONFLICT, wrong=str(error))


def _add(request: Request, form: Form) -> Response:
    """Their password is made here and shown this once: whoever adds somebody hands it over."""
    name, role, password = form["name"], _role_of(form), new_password()
    with face_of(request).store.writing() as db:
        operators.add(db, name, role, password, now=now(db))
        operators.record(db, form.visitor.actor, Act.ADDED_OPERATOR, name, now=now(db), role=role)
    log.info("operator.added", operator=form.visitor.operator.name, name=name, role=role)
    return _page(request, form.visitor, password=password, made_for=name)


def _password(request: Request, form: Form) -> Response:
    name, password = form["name"], new_password()
    with face_of(request).store.writing() as db:
        operators.change_password(db, name, password)
        operators.record(db, form.visitor.actor, Act.CHANGED_PASSWORD, name, now=now(db))
    return _page(request, form.visitor, password=password, made_for=name)


def _role(request: Request, form: Form) -> Response:
    name, role = form["name"], _role_of(form)
    with face_of(request).store.writing() as db:
        operators.change_role(db, name, role)
        operators.record(db, form.visitor.actor, Act.CHANGED_ROLE, name, now=now(db), role=role)
    return then(request, PATH, done="role_changed", about=name)


def _remove(request: Request, form: Form) -> Response:
    name = form["name"]
    with face_of(request).store.writing() as db:
        operators.remove(db, name)
        operators.record(db, form.visitor.actor, Act.REMOVED_OPERATOR, name, now=now(db))
    log.info("operator.removed", operator=form.visitor.operator.name, name=name)
    return then(request, PATH, done="removed", about=name)


def _role_of(form: Form) -> Role:
    return Role(form["role"]) if form["role"] in set(Role) else Role.LOOK

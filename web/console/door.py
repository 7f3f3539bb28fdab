"""`/console/login` and `/console/logout`."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from web.console.frame import POLICY, language_of, with_language
from web.console.paths import root_of
from web.console.visitor import Looked, forget, place_of, remember, visitor_of
from web.face import face_of
from web.forms import read_form
from web.pages import page
from zonewire.errors import TooMany
from zonewire.operators import Act, Actor, end_session, list_operators, log_in, record
from zonewire.operators.sessions import SOFTWARE_CHARS
from zonewire.store import now

log = structlog.get_logger()
router = APIRouter()

HOME = "/console"


@router.api_route("/console/login", methods=["GET", "HEAD"])
def ask(request: Request) -> Response:
    """The form; whoever is logged in already goes on."""
    after = _within(request.query_params.get("next", ""))
    if visitor_of(request) is not None:
        return RedirectResponse(root_of(request) + after, status_code=HTTPStatus.SEE_OTHER)
    return _form(request, after=after)


@router.post("/console/login")
async def enter(request: Request) -> Response:
    """Log in. A wrong name and a wrong password are answered alike."""
    fields = await read_form(request)
    if request.headers.get("sec-fetch-site") == "cross-site":
        return _form(request, wrong="elsewhere", status=HTTPStatus.FORBIDDEN)
    return await run_in_threadpool(_enter, request, fields)


def _enter(request: Request, fields: dict[str, str]) -> Response:
    face, name, after = face_of(request), fields.get("name", "").strip(), _within(fields.get("next", ""))
    place, software = place_of(request), request.headers.get("user-agent", "")[:SOFTWARE_CHARS]
    try:
        token = log_in(face.store, name, fields.get("password", ""), came_from=place, software=software)
    except TooMany as error:
        log.warning("login.refused", came_from=place, reason="too many tries")
        response = _form(request, after=after, name=name, wrong="too_many", status=HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    if token is None:
        log.info("login.refused", came_from=place, reason="wrong name or password")
        return _form(request, after=after, name=name, wrong="password", status=HTTPStatus.UNAUTHORIZED)
    with face.store.writing() as db:
        record(db, Actor(name, place), Act.LOGGED_IN, name, now=now(db))
    response = RedirectResponse(root_of(request) + after, status_code=HTTPStatus.SEE_OTHER)
    remember(request, response, token)
    return response


@router.post("/console/logout")
def leave(request: Request, form: Looked) -> Response:
    """Log out."""
    visitor = form.visitor
    with face_of(request).store.writing() as db:
        end_session(db, visitor.token)
        record(db, visitor.actor, Act.LOGGED_OUT, visitor.operator.name, now=now(db))
    response = RedirectResponse(f"{root_of(request)}/console/login", status_code=HTTPStatus.SEE_OTHER)
    forget(request, response)
    return response


def _form(
    request: Request, *, after: str = HOME, name: str = "", wrong: str = "", status: int = HTTPStatus.OK
) -> Response:
    with face_of(request).store.reading() as db:
        is_empty = not list_operators(db)
    response = page(
        request,
        "console/login.html",
        status=status,
        locale=language_of(request),
        policy=POLICY,
        after=after,
        name=name,
        wrong=wrong,
        is_empty=is_empty,
    )
    return with_language(request, response)


def _within(path: str) -> str:
    """*path* if it is one of the console's, else its first page: nobody is sent elsewhere after logging in."""
    is_ours = (path == HOME or path.startswith((HOME + "/", HOME + "?"))) and "\\" not in path and path.isprintable()
    return path if is_ours and not path.startswith((HOME + "/login", HOME + "/logout")) else HOME

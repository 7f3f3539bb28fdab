"""Errors as problem documents (RFC 9457): the same words as on the terminal and in the log, never a stack trace."""

import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.request_ids import HEADER, IN_SCOPE
from zonewire import errors

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()

_TOKEN = re.compile(r"/(confirm|manage|unsubscribe|editions|feeds/private)/[^/]+")

# The nearest class of an error's own line decides.
STATUS_OF: dict[type[errors.ZonewireError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.WrongUsage: HTTPStatus.BAD_REQUEST,
    errors.AddressRefused: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.StoreBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ZonewireError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def register(app: FastAPI) -> None:
    """Answer every error of *app* with a problem document."""
    app.add_exception_handler(errors.ZonewireError, ours)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _unexpected)


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """A problem document; its title is the status's own phrase (type about:blank, RFC 9457 §4.2.1)."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": int(status), "detail": detail or title, **more}
    return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: errors.ZonewireError) -> HTTPStatus:
    """The status that *error* is answered with."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def ours(_request: Request, error: Exception) -> Response:
    """An error of our tree as a problem document."""
    if not isinstance(error, errors.ZonewireError):
        raise error
    status = status_of(error)
    more: dict[str, Any] = {}
    if isinstance(error, errors.InvalidInput):
        more["errors"] = [asdict(one) for one in error.errors]
    if error.mend:
        more["mend"] = error.mend
    wait = getattr(error, "retry_after_s", None)
    note(error, status)
    where = f"{error.where}: " if error.where else ""
    headers = {"Retry-After": str(wait)} if wait is not None else None
    return problem(status, f"{where}{error.what}", headers=headers, **more)


def note(error: errors.ZonewireError, status: HTTPStatus) -> None:
    """A line in the log where it was not for the sender's sake that *error* was answered."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request.refused", status=int(status), error=error.what)


def _of_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return problem(error.status_code, said, headers=dict(error.headers or {}))


def _of_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"index": 0, "field": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
        for one in error.errors()
    ]
    return problem(HTTPStatus.BAD_REQUEST, "the request does not have the form that is wanted", errors=found)


def _unexpected(request: Request, error: Exception) -> Response:
    ident = request.scope.get(IN_SCOPE, "")  # it is answered outside of the middleware that has bound it
    path = _without_token(request.url.path)
    log.error("request.failed", method=request.method, path=path, request_id=ident, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "something went wrong here; it was logged, and may be tried again",
        headers={HEADER.decode(): ident} if ident else None,
    )


def _without_token(path: str) -> str:
    """*path* as a log may hold it: whoever knows the token of a reader's link can do what the reader can."""
    return _TOKEN.sub(r"/\1/…", path)

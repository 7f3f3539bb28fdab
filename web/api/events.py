"""`POST /v1/events`: CloudEvents in, and on the disk before the answer (rules.md, Intake).

A refused request is read to its end, as far as that is decent, and thrown away chunk by chunk: a server that answers
and hangs up in the middle of a body is heard by no client.
"""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import structlog
from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from web.api.tracing import traced
from web.auth import check_api_key, check_sender, check_signature, is_signed
from web.face import Face, face_of
from web.problems import status_of
from zonewire.articles.identity import host_of
from zonewire.errors import InvalidInput, ZonewireError
from zonewire.intake import REQUEST_BYTES, Accepted, accept, read_cloudevents
from zonewire.intake.cloudevents import request_too_large
from zonewire.telemetry import masked

log = structlog.get_logger()

PATIENCE_BYTES = 128 * 1024 * 1024
"""How much of a refused body is read before the connection is cut."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

router = APIRouter()


@router.post("/v1/events", status_code=202)
async def events(request: Request) -> JSONResponse:
    """Take one event or a batch, all or none of it; 202 once it is on the disk."""
    face = face_of(request)
    with traced(request) as about:
        try:
            check_sender(request, face.settings.event_token)
            body = await _body(request)
            if is_signed(request):
                check_signature(request, body, face.settings.event_secret)
            answers = await to_thread.run_sync(_accepted, face, request, body)
        except (ZonewireError, HTTPException) as error:
            _tell_refusal(error)
            await _read_out(request)
            raise
        about["events"] = len(answers)
    face.hint("events")
    return JSONResponse({"events": [asdict(answer) for answer in answers]}, status_code=202)


def _tell_refusal(error: ZonewireError | HTTPException) -> None:
    """A line for whoever is asked where an article is. Strangers may knock all day: theirs is for debugging."""
    if isinstance(error, HTTPException):
        log.debug("events.refused", status=error.status_code, error=error.detail)
        return
    said = error.all_fields if isinstance(error, InvalidInput) else error.what
    log.info("events.refused", status=int(status_of(error)), error=masked(said))


# Routes of the management API are registered before this one.
@router.api_route("/v1", methods=METHODS, include_in_schema=False)
@router.api_route("/v1/{rest:path}", methods=METHODS, include_in_schema=False)
async def anything_else(request: Request) -> None:
    """401 without an API key, whether or not the thing exists; 404 with one."""
    await _read_out(request)
    check_api_key(request, face_of(request).settings.admin_token)
    raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such thing under /v1")


def _accepted(face: Face, request: Request, body: bytes) -> list[Accepted]:
    """In a thread: reading, sanitising and the transaction all take their time."""
    found = read_cloudevents(request.headers.get("content-type", ""), dict(request.headers), body)
    return accept(face.store, found, host=host_of(face.settings.base)) if found else []


async def _body(request: Request) -> bytes:
    """The body, of which never more than a request may have is held. Raises TooLarge."""
    if int(_length(request) or 0) > REQUEST_BYTES:
        raise request_too_large()
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_BYTES:
                raise request_too_large()
    except ClientDisconnect:
        raise InvalidInput.of("", "the body broke off") from None
    return bytes(body)


def _length(request: Request) -> str:
    length = request.headers.get("content-length", "")
    return length if length.isascii() and length.isdigit() else ""


async def _read_out(request: Request) -> None:
    """Throw away what is left of the body, unless its sender waits to be asked for it (RFC 9110 §10.1.1)."""
    if "expect" in request.headers:
        return
    left = PATIENCE_BYTES
    message: Any = {"type": "http.request", "more_body": not getattr(request, "_stream_consumed", False)}
    while left > 0 and message["type"] == "http.request" and message.get("more_body"):
        message = await request.receive()
        left -= len(message.get("body", b""))

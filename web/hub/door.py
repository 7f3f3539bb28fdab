"""`/hub`: a POST asks for something, a GET tells what became of it, and people what this is.

A request that is well formed is answered 202 at once; whether it comes true is told to the callback (WebSub §5.1).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse

from config.guard import guard_of
from web.face import Face, face_of
from web.forms import read_form
from web.pages import locale_of, page
from web.problems import status_of
from web.public.polling import client_of, is_secure
from zonewire import hub
from zonewire.delivery.addresses import normalised
from zonewire.delivery.lanes import Lane
from zonewire.errors import NotFound, WrongUsage, ZonewireError
from zonewire.rendering.translation import Words, words
from zonewire.store import SECOND, now
from zonewire.store.migrate import installation_number

log = structlog.get_logger()
router = APIRouter()

FORM = "application/x-www-form-urlencoded"
OURSELVES = "this machine"
ACCEPTED = "accepted: the callback is asked now whether this was meant\n"
NOTHING_TO_DO = "this hub hears of changes by itself\n"


@router.api_route("/hub", methods=["GET", "HEAD", "POST"])
async def door(request: Request) -> Response:
    """A POST asks, a GET looks."""
    return await ask(request) if request.method == "POST" else await run_in_threadpool(look, request)


async def ask(request: Request) -> Response:
    """Subscribe or unsubscribe a callback: 202, or 4xx with the reason as plain text."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return PlainTextResponse(f"the hub takes forms, {FORM}\n", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        fields = await read_form(request)
    except HTTPException as error:
        return PlainTextResponse(f"{error.detail}\n", error.status_code)
    if fields.get("hub.mode") == "publish":
        return PlainTextResponse(NOTHING_TO_DO, HTTPStatus.ACCEPTED)
    try:
        await run_in_threadpool(_ask, request, fields)
    except ZonewireError as error:
        return _refused(error)
    return PlainTextResponse(ACCEPTED, HTTPStatus.ACCEPTED)


def _ask(request: Request, fields: Mapping[str, str]) -> None:
    face, by = face_of(request), client_of(request) or OURSELVES
    is_taken = face.settings.base.startswith("http:") or is_secure(request)
    asked = hub.read_request(fields, check_url=guard_of(face.settings).check_url, is_secret_taken=is_taken)
    with face.store.reading() as db:  # what is refused keeps nobody from writing
        hub.check(db, asked, requested_by=by, base_url=face.settings.base, now=now(db))
    with face.store.writing() as db:
        ident = hub.ask(db, asked, requested_by=by, base_url=face.settings.base, keys=face.keys, now=now(db))
    log.info("hub.asked", mode=asked.mode, hub_request_id=ident, topic=asked.topic, by=by)
    face.hint(Lane.PUSH_HTTP)


def _refused(error: ZonewireError) -> Response:
    wait = getattr(error, "retry_after_s", None)
    headers = {"Retry-After": str(wait)} if wait is not None else None
    return PlainTextResponse(f"{error}\n", status_of(error), headers=headers)


def look(request: Request) -> Response:
    """What became of a callback's request for a topic, as JSON or as a page; else what this is."""
    fields = request.query_params
    callback, topic = fields.get("hub.callback", "").strip(), fields.get("hub.topic", "").strip()
    wants_page = "text/html" in request.headers.get("accept", "")
    if not callback and not topic:
        return _page(request)
    try:
        known = _known(face_of(request), callback, topic)
    except (NotFound, WrongUsage) as error:
        return _page(request, refused=error) if wants_page else _refused(error)
    if wants_page:
        return _page(request, known=known)
    return JSONResponse(known, headers={"Cache-Control": "no-store"})


def _known(face: Face, callback: str, topic: str) -> dict[str, object]:
    if not callback or not topic:
        raise WrongUsage("hub.callback and hub.topic are wanted, both")
    try:
        address = normalised("websub", callback)
    except WrongUsage as error:
        raise WrongUsage(error.what, where="hub.callback") from error
    with face.store.reading() as db:
        number = installation_number(db)
        return hub.what_is_known(db, address, topic, base_url=face.settings.base, keys=face.keys, installation=number)


def _page(
    request: Request, *, known: Mapping[str, object] | None = None, refused: ZonewireError | None = None
) -> Response:
    speech = words(locale_of(request))
    status = status_of(refused) if refused else HTTPStatus.OK
    sentence = ""
    if refused is not None:
        sentence = speech("hub.nothing_known") if isinstance(refused, NotFound) else str(refused).splitlines()[0]
    return page(
        request,
        "public/hub.html",
        status=status,
        caching="no-store" if known or refused else "public, max-age=300",
        known=known,
        refused=sentence,
        callback=request.query_params.get("hub.callback", ""),
        topic=request.query_params.get("hub.topic", ""),
        short=partial(_short, speech),
    )


def _short(speech: Words, moment: str) -> str:
    """A moment as people read it."""
    return speech.date(int(datetime.fromisoformat(moment).timestamp()) * SECOND, style="moment")

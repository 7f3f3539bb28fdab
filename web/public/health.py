"""`/healthz`: the web process answers. `/readyz`: what comes in now will go out.

Readiness is rules.md's, "Couriers and processes": late lanes never make it red.
"""

import structlog
from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from web.face import Face, face_of
from web.public.polling import came_encrypted
from zonewire.errors import ZonewireError
from zonewire.store import SECOND
from zonewire.store.pulse import since_newest_turn, write_nothing

TURN_WITHIN_S = 10
HEADERS = {"Cache-Control": "no-store"}

log = structlog.get_logger()
router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(request: Request) -> JSONResponse:
    """200 while the web process answers; asks neither database nor broker.

    Which installation it is, and whether it was asked by https, as far as it is told: `zonewire doctor` compares.
    """
    told = {"status": "ok", "installation": face_of(request).installation, "encrypted": came_encrypted(request)}
    return JSONResponse(told, headers=HEADERS)


@router.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(request: Request) -> JSONResponse:
    """200 when the database takes writes, the broker answers and some worker's loop has turned; else 503 and why."""
    face = face_of(request)
    wrong = {**_database_and_workers(face), **_broker(face)}
    parts = {part: wrong.get(part, "ok") for part in ("database", "broker", "workers")}
    if wrong:
        log.warning("readiness.refused", **wrong)
    return JSONResponse(
        {"status": "not ready" if wrong else "ready", **parts}, status_code=503 if wrong else 200, headers=HEADERS
    )


def _database_and_workers(face: Face) -> dict[str, str]:
    """What is wrong with either, in words."""
    try:
        with face.store.settling() as db:
            write_nothing(db)
            age = since_newest_turn(db)
    except (ZonewireError, SQLAlchemyError) as cause:
        said = cause.what if isinstance(cause, ZonewireError) else type(cause).__name__
        return {"database": f"takes no writes: {said}", "workers": "unknown: their heartbeats are in the database"}
    if age is None:
        return {"workers": "no worker has started yet"}
    if age > TURN_WITHIN_S * SECOND:
        return {"workers": f"no worker's loop has turned for {age // SECOND} s"}
    return {}


def _broker(face: Face) -> dict[str, str]:
    return {} if face.broker_answers() else {"broker": "does not answer"}

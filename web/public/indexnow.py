"""`/KEY.txt`: what proves to the engines of IndexNow that this site is ours (https://www.indexnow.org/documentation).

Served where the portal lets its own address lead here; else the portal serves a file of that name itself.
"""

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import PlainTextResponse

from web.face import face_of

router = APIRouter()


@router.api_route("/{key}.txt", methods=["GET", "HEAD"], include_in_schema=False)
def indexnow_key(key: str, request: Request) -> PlainTextResponse:
    """The key that INDEXNOW_KEY names, and no other file."""
    wanted = face_of(request).settings.indexnow_key
    if not wanted or key != wanted:
        raise HTTPException(404)
    return PlainTextResponse(wanted)

"""`/console`: how things are, at one look."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.frame import show
from web.console.lanes import rows_of
from web.console.visitor import Looking
from web.face import face_of

router = APIRouter()


@router.api_route("/console", methods=["GET", "HEAD"])
def overview(request: Request, visitor: Looking) -> Response:
    """The lanes, the worst to be seen from afar."""
    with face_of(request).store.reading() as db:
        rows = rows_of(db)
    return show(request, visitor, "overview", here="overview", rows=rows)

"""`/console/live`: server-sent events that tell an open page when what it shows is out of date.

The stream says only that something changed; the page then asks for itself again and takes over its parts (console.js).
So a page that is live needs nothing of its own but `data-part` in its template. All streams of a process share one look
a second at the database, and nobody looks while nobody watches.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from web.console.visitor import looking, visitor_of
from web.face import Face, face_of
from zonewire.errors import ZonewireError
from zonewire.status import pulse

LOOK_EVERY_S = 1.0
STALE_AFTER_S = 10.0
"""Ages grow by themselves: so often a page is told to look even if nothing has changed."""
ASK_AGAIN_EVERY_S = 30.0
"""How often a stream asks whether its operator is still logged in."""
STEP_S = 0.25
MOST = 100
"""So many streams a process has at most: one more page reloads itself by its own clock."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter()


class Watch:
    """What the streams of one process share: the last look at how things are, and how many they are."""

    def __init__(self) -> None:
        self.watching = 0
        self._lock = asyncio.Lock()
        self._seen, self._looked_at = "", float("-inf")

    async def mark(self, face: Face) -> str:
        """Changes whenever something that operators see has changed; a second old at most."""
        async with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                self._seen = await run_in_threadpool(_look, face, self._seen)
                self._looked_at = time.monotonic()
            return self._seen


def _look(face: Face, before: str) -> str:
    try:
        with face.store.reading() as db:
            return pulse(db)
    except ZonewireError:  # the page that asks for itself says what is wrong with the database
        return before + "?" if not before.endswith("?") else before


@router.get("/console/live", dependencies=[Depends(looking)])
async def live(request: Request) -> Response:
    """`event: changed` whenever the page should look again, `event: left` once nobody is logged in any more."""
    watch: Watch = request.app.state.watch
    if watch.watching >= MOST:
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "60"})
    return StreamingResponse(_stream(request, watch), media_type="text/event-stream", headers=HEADERS)


async def _stream(request: Request, watch: Watch) -> AsyncIterator[str]:
    watch.watching += 1
    try:
        face = face_of(request)
        yield "retry: 3000\n\n"
        seen = await watch.mark(face)
        told = asked = time.monotonic()
        while not request.app.state.is_ending():
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            if now - asked >= ASK_AGAIN_EVERY_S:
                asked = now
                if await run_in_threadpool(_has_left, request):
                    yield "event: left\ndata:\n\n"
                    return
            found = await watch.mark(face)
            if found != seen or now - told >= STALE_AFTER_S:
                seen, told = found, now
                yield f"event: changed\ndata: {found}\n\n"
    finally:
        watch.watching -= 1


def _has_left(request: Request) -> bool:
    try:
        return visitor_of(request) is None
    except ZonewireError:  # nobody can be asked
        return False

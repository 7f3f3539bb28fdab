"""An id for each request: it stands in every log line that the request causes, and in the answer.

What a client or a proxy sends as X-Request-Id is taken where it is short and plain; else one is made.
"""

import re
import secrets
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, unbind_contextvars

HEADER = b"x-request-id"
IN_SCOPE = "zonewire.request_id"
_SANE = re.compile(rb"[A-Za-z0-9_-]{8,64}")


class RequestIds:
    """Middleware. It costs some microseconds, since feed documents pass through it by the thousand."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._series, self._numbers = secrets.token_hex(4), count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bind the id, pass the request on, and put the id into the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ident = _given(scope) or f"{self._series}-{next(self._numbers):06x}"
        scope[IN_SCOPE] = ident
        answered = (HEADER, ident.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), answered]
            await send(message)

        bind_contextvars(request_id=ident)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            unbind_contextvars("request_id")


def _given(scope: Scope) -> str:
    """The id that came with the request; "" where there is none, or one that nobody should have to read in a log."""
    for name, value in scope["headers"]:
        if name == HEADER:
            return value.decode() if _SANE.fullmatch(value) else ""
    return ""

"""The span of a request that brings events. No other is traced: pages and feeds are asked for by the thousand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from web.request_ids import IN_SCOPE
from zonewire import tracing
from zonewire.tracing import Place

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")  # https://www.w3.org/TR/trace-context/


@contextmanager
def traced(request: Request) -> Iterator[dict[str, tracing.Value | None]]:
    """A span around the block, below the sender's own where it names one; the block adds what it is about."""
    about: dict[str, tracing.Value | None] = {"request_id": request.scope.get(IN_SCOPE)}
    if not tracing.is_on():
        yield about
        return
    parent = _sender_of(request)
    place, begun, error = tracing.new(parent), tracing.moment(), ""
    try:
        with tracing.within(place):
            yield about
    except Exception as refused:
        error = type(refused).__name__
        raise
    finally:
        name = f"{request.method} {request.url.path}"
        tracing.tell(name, begun, about, place=place, parent=parent, error=error, is_served=True)


def _sender_of(request: Request) -> Place | None:
    found = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    if found is None:
        return None
    trace, span = (int(part, 16) for part in found.groups())
    return Place(trace, span) if trace and span else None

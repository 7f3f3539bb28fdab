"""`/metrics`: how things are, for Prometheus. From this machine, or with METRICS_TOKEN (rules.md, doors)."""

from ipaddress import ip_address

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from web.auth import NO_KEY, bearer_of, is_token
from web.face import Face, face_of
from web.metrics.families import Families
from web.metrics.machine import look_around
from web.public.polling import flush
from web.public.visitors import visits_of
from zonewire.measures import measure

router = APIRouter()

FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip")
"""What proxies add, one or another of them: RFC 7239, RFC 9110 §7.6.3, and what was usual before."""


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Everything of telemetry.METRICS as it is now."""
    face = face_of(request)
    if not (_is_local(request) or is_token(bearer_of(request) or "", face.settings.metrics_token)):
        raise NO_KEY
    await flush(request)
    return await run_in_threadpool(_exposed, face, visits_of(request.app).waiting())


def _exposed(face: Face, visits: dict[tuple[str, str], int]) -> Response:
    with face.store.reading() as db:
        measures = measure(db)
    registry = CollectorRegistry()
    registry.register(Families(measures, look_around(face), visits))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_local(request: Request) -> bool:
    """Whether a process of this machine asks. A proxy here asks for somebody else, and says so in a header."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False

"""`/metrics`: how things are, for Prometheus. From this machine, or with METRICS_TOKEN (rules.md, doors)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from itertools import product

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from web.auth import NO_KEY, bearer_of, is_token
from web.face import face_of
from web.public.visitors import visits_of
from zonewire import __version__
from zonewire.delivery import counts, heartbeats
from zonewire.delivery.counts import Slot
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.hub import count_subscriptions
from zonewire.status import status
from zonewire.store import SECOND, Store, now
from zonewire.subscriptions.visits import PAGES, VISITORS, visits_by_page
from zonewire.telemetry import METRICS

router = APIRouter()

FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip")
"""What proxies add, one or another of them: RFC 7239, RFC 9110 §7.6.3, and what was usual before."""


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything of telemetry.METRICS as it is now."""
    face = face_of(request)
    if not (_is_local(request) or is_token(bearer_of(request) or "", face.settings.metrics_token)):
        raise NO_KEY
    registry = CollectorRegistry()
    registry.register(_Picture(face.store, visits_of(request.app).waiting()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_local(request: Request) -> bool:
    """Whether a process of this machine asks. A proxy here asks for somebody else, and says so in a header."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


class _Picture(Collector):
    """One reading of the database."""

    def __init__(self, store: Store, waiting: Mapping[tuple[str, str], int]) -> None:
        with store.reading() as db:
            self._status = status(db)
            self._counts = counts.read(db)
            self._at_hub = count_subscriptions(db)
            self._visits = Counter(visits_by_page(db)) + Counter(waiting)  # of this process
            moment = now(db)
            turns = {lane: heartbeats.last_turn(db, lane) for lane in Lane}
        self._database = "postgresql" if store.is_postgresql else "sqlite"
        self._ages = {lane.value: (moment - at) / SECOND for lane, at in turns.items() if at is not None}

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: what is exported is looked up when it is asked for."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric, each with its labels."""
        lanes, endpoints = self._status["lanes"], self._status["endpoints"]
        assert isinstance(lanes, dict) and isinstance(endpoints, dict)  # noqa: S101, PT018  # as status() makes them
        yield _by("zonewire_lane_waiting", "lane", {name: lane["waiting"] for name, lane in lanes.items()})
        ages = {name: lane["oldest_due_seconds"] for name, lane in lanes.items()}
        yield _by("zonewire_lane_oldest_due_seconds", "lane", ages)
        yield _by("zonewire_lane_budget_seconds", "lane", {lane.value: budget for lane, budget in BUDGET_S.items()})
        yield _by("zonewire_lane_workers", "lane", {name: lane["workers"] for name, lane in lanes.items()})
        yield _by("zonewire_lane_turn_age_seconds", "lane", self._ages)
        yield _deliveries(self._counts)
        yield _by("zonewire_endpoints", "state", endpoints)
        for name in ("backlog", "articles", "subscriptions"):
            value = self._status[name]
            assert isinstance(value, int)  # noqa: S101  # as status() makes it
            yield GaugeMetricFamily(f"zonewire_{name}", METRICS[f"zonewire_{name}"], value=value)
        name = "zonewire_hub_subscriptions"
        yield GaugeMetricFamily(name, METRICS[name], value=self._at_hub)
        yield _visits(self._visits)
        info = GaugeMetricFamily("zonewire_build_info", METRICS["zonewire_build_info"], labels=("version", "database"))
        info.add_metric((__version__, self._database), 1)
        yield info


def _by(name: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, METRICS[name], labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _visits(counted: Mapping[tuple[str, str], int]) -> GaugeMetricFamily:
    name = "zonewire_link_visits"
    family = GaugeMetricFamily(name, METRICS[name], labels=("page", "visitor"))
    for page, visitor in product(PAGES, VISITORS):
        family.add_metric((page, visitor), counted.get((page, visitor), 0))
    return family


def _deliveries(counted: dict[Slot, int]) -> GaugeMetricFamily:
    name = "zonewire_deliveries"
    family = GaugeMetricFamily(name, METRICS[name], labels=("lane", "state", "held"))
    for slot, n in sorted(counted.items(), key=lambda pair: (pair[0].lane, pair[0].state, pair[0].held)):
        family.add_metric((slot.lane, slot.state.value, str(slot.held).lower()), n)
    return family

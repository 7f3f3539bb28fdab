"""From an event's 202 to its first webhook, on a system that has nothing else to do."""

import random
import time
from collections.abc import Callable, Iterator

import orjson
import requests

from bench.figures import Figure
from tests.builders import an_article, an_event_json
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.receiver import Receiver

ZONE = "测速产业园"
P50_MS, P99_MS = 60, 200
PAUSE_S = (0.1, 0.4)  # between events; random, so that none of our own ticks is always near or always far
ARRIVES_WITHIN_S = 10


def measure_latency(
    installation: Installation, *, events: int, judged: bool, said: Callable[[str], None]
) -> list[Figure]:
    """Publish *events*, one at a time, to one webhook."""
    with Receiver() as receiver:
        installation.subscribe("webhook", receiver.url("/first"), "--zone", ZONE)
        took = list(_each_event(installation, receiver, events, said))
    from_202 = sorted((arrived - accepted) * 1000 for _, accepted, arrived in took)
    from_post = sorted((arrived - posted) * 1000 for posted, _, arrived in took)
    samples = tuple(round(ms, 2) for ms in from_202)
    p50, p99 = (P50_MS, P99_MS) if judged else (None, None)
    return [
        Figure(name="202 to first webhook, p50", value=_at(from_202, 0.5), unit="ms", at_most=p50, samples=samples),
        Figure(name="202 to first webhook, p99", value=_at(from_202, 0.99), unit="ms", at_most=p99),
        Figure(name="POST to first webhook, p50", value=_at(from_post, 0.5), unit="ms"),
        Figure(name="POST to first webhook, p99", value=_at(from_post, 0.99), unit="ms"),
    ]


def _each_event(
    installation: Installation, receiver: Receiver, events: int, said: Callable[[str], None]
) -> Iterator[tuple[float, float, float]]:
    """When it was posted, accepted and received, for each event behind the first, which warms everything up."""
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {installation.event_token}"}
    with requests.Session() as session:
        session.headers.update(headers)
        for n in range(events + 1):
            body = orjson.dumps(an_event_json(an_article(zone=ZONE)))
            posted = time.monotonic()
            answer = session.post(f"{installation.base_url}/v1/events", data=body, timeout=10)
            accepted = time.monotonic()
            answer.raise_for_status()
            eventually(lambda n=n: receiver.count > n, within_s=ARRIVES_WITHIN_S)  # type: ignore[misc]  # a bound n
            if n:
                yield posted, accepted, receiver.received("/first")[n].at
            if n and n % 50 == 0:
                said(f"latency: {n} of {events} events")
            time.sleep(random.uniform(*PAUSE_S))


def _at(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]

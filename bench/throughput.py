"""Instant webhooks from one event, with the ledger: from the 202 to the last receipt, beside the peers.

Rounds go in turn, Zonewire, raw libcurl, Celery, so that whatever else the machine does meets all three. The ratio of
each round is taken first, and of the ratios the median.
"""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from bench.peers.load import Load
from bench.peers.running import Peer, running_peer
from bench.sink import Sink, running_sink
from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.redis import running_redis

ZONE = "吞吐产业园"
CONNECTIONS = 32  # what a worker process opens to one host and port
AGAINST_CELERY, AGAINST_RAW = 20.0, 0.5
ROUND_WITHIN_S = 180
IDLE_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Size:
    """How much is carried."""

    webhooks: int
    celery_sample: int  # Celery carries fewer; its rate counts
    rounds: int


def measure_throughput(
    installation: Installation, size: Size, *, judged: bool, said: Callable[[str], None]
) -> list[Figure]:
    """So many rounds of all three."""
    with running_sink() as sink:
        said(f"throughput: importing {size.webhooks} subscriptions")
        lines = ({"channel": "webhook", "to": sink.url(n), "zone": ZONE} for n in range(1, size.webhooks + 1))
        installation.import_subscriptions(lines)
        body = _warmed_up(installation, sink, size.webhooks)
        with _peers(sink, body, size) as (raw, celery):
            rates: dict[str, list[float]] = {"Zonewire": [], "raw": [], "Celery": []}
            for n in range(size.rounds):
                rates["Zonewire"].append(_round(installation, sink, size.webhooks))
                rates["raw"].append(raw.rate(sink))
                rates["Celery"].append(celery.rate(sink))
                said(f"throughput: round {n + 1}: " + ", ".join(f"{k} {v[-1]:,.0f}/s" for k, v in rates.items()))
    return _figures(rates, size, judged=judged)


def _figures(rates: dict[str, list[float]], size: Size, *, judged: bool) -> list[Figure]:
    against_celery = [a / b for a, b in zip(rates["Zonewire"], rates["Celery"], strict=True)]
    against_raw = [a / b for a, b in zip(rates["Zonewire"], rates["raw"], strict=True)]
    names = {
        "Zonewire": f"{size.webhooks:,} webhooks of one event, from the 202",
        "raw": f"peer: raw libcurl multi, {CONNECTIONS} connections",
        "Celery": f"peer: Celery task and requests.post, {size.celery_sample:,} of them",
    }
    found = [
        Figure(name=names[key], value=statistics.median(some), unit="/s", samples=tuple(round(r, 1) for r in some))
        for key, some in rates.items()
    ]
    ratios = [
        ("Zonewire to Celery", against_celery, AGAINST_CELERY),
        ("Zonewire to raw libcurl", against_raw, AGAINST_RAW),
    ]
    return found + [
        Figure(
            name=name,
            value=statistics.median(some),
            unit="x",
            at_least=bound if judged else None,
            samples=tuple(round(r, 3) for r in some),
        )
        for name, some, bound in ratios
    ]


def _warmed_up(installation: Installation, sink: Sink, n: int) -> bytes:
    """Carry one round that does not count; the body that was sent, for the peers to send too."""
    _round(installation, sink, n)
    return sink.tally().body


def _round(installation: Installation, sink: Sink, n: int) -> float:
    """Webhooks a second, from the 202 until the last receipt. Ends when the ledger has settled them."""
    sink.empty()
    installation.publish([an_article(zone=ZONE)])
    accepted = time.monotonic()
    last = sink.wait_for(n, within_s=ROUND_WITHIN_S).last
    eventually(lambda: installation.json("status")["backlog"] == 0, within_s=IDLE_WITHIN_S, what="all is settled")
    return n / (last - accepted)


@contextlib.contextmanager
def _peers(sink: Sink, body: bytes, size: Size) -> Iterator[tuple[Peer, Peer]]:
    """Both peers, running. They send the body that Zonewire sends, to the same addresses."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file, running_redis() as broker:
        Path(file.name).write_bytes(body)
        base_url = sink.url(0).removesuffix("/0")
        raw = Load(base_url, size.webhooks, file.name, connections=CONNECTIONS)
        celery = Load(base_url, size.celery_sample, file.name, redis_url=broker.broker_url)
        with running_peer("raw_multi", raw) as first, running_peer("celery_requests", celery) as second:
            yield first, second

"""`python -m bench`: run everything, print the table, write it as JSON; exit 1 over twice a bound."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.console import ConsoleSize, measure_console
from bench.digesting import DigestingSize, measure_digesting
from bench.figures import Figure
from bench.lanes import hush
from bench.latency import measure_latency
from bench.newsroom import Layout
from bench.publishing import PublishingSize, measure_publishing
from bench.readership import Readership
from bench.report import failed, print_table, write_results
from bench.robots import RobotsSize, measure_robots
from bench.serving import ServingSize, measure_serving
from bench.throughput import Size, measure_throughput
from tests.e2e.installation import an_installation
from tests.ledgers import LedgerSize

EVENTS, FULL = 200, Size(webhooks=20_000, celery_sample=2_000, rounds=5)
SERVING = ServingSize(seconds=2, rounds=5)
PUBLISHING = PublishingSize(Layout(shelf=100, places=10), entries=50, feedgen_sample=50, rounds=3)
DIGESTING = DigestingSize(Readership(articles=300, filters=2_000, subscribers=100_000), peer_sample=400, rounds=3)
ROBOTS = RobotsSize(robots=5_000, peer_sample=500, idle_s=10)
CONSOLE = ConsoleSize(LedgerSize(deliveries=1_000_000, endpoints=5_000), rounds=7)
SMOKE_EVENTS, SMOKE = 10, Size(webhooks=1_000, celery_sample=100, rounds=1)
SMOKE_SERVING = ServingSize(seconds=0.1, rounds=1)
SMOKE_PUBLISHING = PublishingSize(Layout(shelf=4, places=3), entries=5, feedgen_sample=2, rounds=1, window_s=0.2)
SMOKE_DIGESTING = DigestingSize(Readership(articles=30, filters=20, subscribers=200), peer_sample=5, rounds=1)

SMOKE_ROBOTS = RobotsSize(robots=50, peer_sample=5, idle_s=0.5)
SMOKE_CONSOLE = ConsoleSize(LedgerSize(deliveries=2_000, endpoints=300), rounds=1)


def main() -> int:
    """Measure; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="little of everything, to see that it runs; judges nothing"
    )
    parser.add_argument("--database-url", default="", help="measure on this PostgreSQL, empty; without it on SQLite")
    wanted = parser.parse_args()
    hush()
    store = "PostgreSQL" if wanted.database_url else "SQLite"
    figures = _measured(smoke=wanted.smoke, database_url=wanted.database_url)
    print_table(figures, store)
    print(f"written to {write_results(figures, store)}")
    for figure in failed(figures):
        print(f"over twice its bound: {figure.name}: {figure.value:.2f} {figure.unit}, {figure.bound}", file=sys.stderr)
    return 1 if failed(figures) else 0


def _measured(*, smoke: bool, database_url: str) -> list[Figure]:
    """All figures: webhooks and serving on one installation, publishing on another, digests and robots on neither."""
    settings = {"database_url": database_url} if database_url else {}
    judged = not smoke
    with tempfile.TemporaryDirectory(prefix="zw-bench-") as folder:
        with an_installation(Path(folder) / "data", **settings) as installation:
            installation.up()
            events, size = (SMOKE_EVENTS, SMOKE) if smoke else (EVENTS, FULL)
            figures = measure_latency(installation, events=events, judged=judged, said=_said)
            serving = SMOKE_SERVING if smoke else SERVING
            figures += measure_serving(installation, serving, judged=judged, said=_said)
            figures += measure_throughput(installation, size, judged=judged, said=_said)
        publishing = SMOKE_PUBLISHING if smoke else PUBLISHING
        figures += measure_publishing(Path(folder) / "feeds", publishing, judged=judged, said=_said)
        digesting, digests = SMOKE_DIGESTING if smoke else DIGESTING, Path(folder) / "digests"
        figures += measure_digesting(digests, digesting, database_url=database_url, judged=judged, said=_said)
        robots, chats = SMOKE_ROBOTS if smoke else ROBOTS, Path(folder) / "robots"
        figures += measure_robots(chats, robots, database_url=database_url, judged=judged, said=_said)
        console, pages = SMOKE_CONSOLE if smoke else CONSOLE, Path(folder) / "console"
        return figures + measure_console(pages, console, database_url=database_url, judged=judged, said=_said)


def _said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""One trace for each article over all processes of a running installation, at a collector that it exports to."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.builders import an_article, an_event_json
from tests.e2e.installation import an_installation
from tests.eventually import eventually
from tests.servers.otlp import Collector, Told
from tests.servers.receiver import Receiver
from zonewire import ROOT

pytestmark = pytest.mark.slow  # an installation of its own

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STEPS = {"article.accept", "article.react", "article.publish", "attempt"}


def test_an_articles_trace_goes_through_web_lanes_and_courier(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra for traces is not installed: make setup OTEL=1")
    event = an_event_json(an_article())
    with Collector() as collector, Receiver() as receiver, an_installation(tmp_path / "data") as installation:
        installation.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.base, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        installation.up()
        installation.subscribe("webhook", receiver.url("/hook"))
        answer = installation.post_events(orjson.dumps([event]), traceparent=SENDER)
        assert answer.status_code == 202
        trace = eventually(lambda: whole(collector.spans), within_s=15, what=f"a trace has {STEPS}")
        eventually(lambda: any(span.name == "task" for span in collector.spans), within_s=10)

    spans = {span.name: span for span in collector.spans if span.trace == trace}
    assert {span.process for span in spans.values()} == {"web", "events", "feeds", "push.http"}
    assert spans["article.accept"].attributes["zonewire.event_id"] == event["id"]
    (request,) = [span for span in collector.spans if span.name == "POST /v1/events"]
    assert (request.trace, request.parent) == (SENDER.split("-")[1], SENDER.split("-")[2])
    assert spans["article.accept"].links == {request.trace}
    assert any(span.name == "push.turn" and trace in span.links for span in collector.spans)


def whole(spans: list[Told]) -> str:
    """The trace that has every step; "" while there is none."""
    names: dict[str, set[str]] = {}
    for span in list(spans):
        names.setdefault(span.trace, set()).add(span.name)
    return next((trace for trace, found in names.items() if found >= STEPS), "")


def test_our_part_of_it_is_not_imported_where_nobody_asks() -> None:
    program = (
        "import sys, cli.main, workers.up, importlib\n"
        "[importlib.import_module(name) for name in workers.up._LAZY]\n"
        "sys.exit('tasks.otel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False)

    assert done.returncode == 0

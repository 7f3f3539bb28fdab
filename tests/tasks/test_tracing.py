"""Spans of one article, told by whatever process was at it, come together in one trace."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra for traces is not installed: make setup OTEL=1")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from config.tracing import ENDPOINTS, wanted_by
from tasks.otel import OpenTelemetryTracer
from tasks.tracing import start_tracing
from tests.builders import NOON, a_subscription, an_article
from tests.servers.receiver import Receiver, status
from tests.zonewire.intake.events import HOST, a_publication
from tests.zonewire.test_one_story import a_webhook, http, pushed
from zonewire import tracing
from zonewire.digests import cut_due
from zonewire.feeds import publish_due
from zonewire.intake import Event, accept
from zonewire.reaction import react
from zonewire.store import Store
from zonewire.store.pacing import Pace

OURS = 4711


@contextmanager
def a_process(installation: int = OURS) -> Iterator[InMemorySpanExporter]:
    """What one process tells."""
    told = InMemorySpanExporter()
    tracing.install(OpenTelemetryTracer(installation, process="a test", processor=SimpleSpanProcessor(told)))
    try:
        yield told
    finally:
        tracing.close()


def accepted(store: Store, *events: Event) -> Sequence[ReadableSpan]:
    with a_process() as told:
        accept(store, events, host=HOST)
        return told.get_finished_spans()


def reacted(store: Store) -> Sequence[ReadableSpan]:
    with a_process() as told:
        react(store, Pace(pauses=False), owed=lambda _lanes: None)
        publish_due(store, base_url="https://wire.example", window_s=0)
        return told.get_finished_spans()


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def names(spans: Sequence[ReadableSpan], trace: int) -> list[str]:
    return sorted(span.name for span in spans if trace_of(span) == trace)


def test_an_articles_spans_are_one_trace_whoever_tells_them(plain_store: Store) -> None:
    event = a_publication()
    with Receiver() as receiver:
        receiver.behave("/gone", status(410))
        a_webhook(plain_store, receiver.url("/well"), receiver.url("/gone"))
        (root,) = accepted(plain_store, event)
        there = reacted(plain_store)
        with a_process() as told:
            pushed(plain_store, "push.http", http(), "delivered", "dead")
            tried = told.get_finished_spans()

    assert root.context is not None
    assert root.attributes is not None
    assert (root.name, root.parent, root.attributes["zonewire.event_id"]) == ("article.accept", None, event.id)
    assert names([*there, *tried], trace_of(root)) == ["article.publish", "article.react", "attempt", "attempt"]
    assert {span.parent.span_id for span in there if span.parent} == {root.context.span_id}
    linked = {link.context.trace_id for span in tried if span.name == "push.turn" for link in span.links}
    assert linked == {trace_of(root)}
    assert [span.status.description for span in tried if not span.status.is_ok and span.status.description] == [
        "HTTP 410: the receiver is gone"
    ]


def test_an_edition_has_a_trace_of_its_own_that_leads_to_its_articles(plain_store: Store) -> None:
    with plain_store.writing() as db:
        a_subscription(db, channel="email", next_at=NOON)
    roots = accepted(plain_store, *(a_publication(an_article()) for _ in range(3)))
    with a_process() as told:
        cut_due(plain_store, at=NOON)
        cut = told.get_finished_spans()

    (edition,) = [span for span in cut if span.name == "edition.cut"]
    assert {link.context.trace_id for link in edition.links} >= {trace_of(root) for root in roots}
    assert all(names(cut, trace_of(root)) == ["article.digest"] for root in roots)


def test_two_installations_never_share_a_trace() -> None:
    with a_process(1):
        one = tracing.of_article(7)
    with a_process(2):
        assert tracing.of_article(7).trace != one.trace
        assert tracing.of_edition(7).trace != tracing.of_article(7).trace


def test_of_a_sample_each_trace_is_there_whole_or_not_at_all(
    plain_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    roots = accepted(plain_store, *(a_publication(an_article()) for _ in range(40)))
    spans = reacted(plain_store)

    kept = {trace_of(root) for root in roots}
    assert 5 < len(kept) < 35
    assert {trace_of(span) for span in spans if span.name == "article.react"} == kept


def test_without_a_tracer_nothing_is_told(plain_store: Store) -> None:
    assert not tracing.is_on()
    accept(plain_store, [a_publication()], host=HOST)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, ""),
    ],
)
def test_the_environment_of_opentelemetry_asks_for_traces(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wanted: str
) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert wanted_by() == wanted


def test_an_endpoint_without_the_packages_is_told_and_stops_nothing(
    plain_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://collector:4318/v1/traces")
    monkeypatch.setattr("tasks.tracing.is_installed", lambda: False)

    with capture_logs() as lines:
        start_tracing(plain_store, process="web")

    assert [line["event"] for line in lines] == ["tracing.unavailable"]
    assert not tracing.is_on()

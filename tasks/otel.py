"""Spans handed to OpenTelemetry. Imported only where its environment asks for traces, and its packages are there."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from zonewire import __version__
from zonewire.tracing import Place, Span

SAMPLED, DROPPED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
LAST_SPANS_S = 2.0
"""A process that ends waits so long at most for a collector to take what is left."""
TOLD_EVERY_S = 600.0
EXPORTING = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
"""They say at each try that a collector is away, and of each span that it was dropped."""


class _ChosenIds(RandomIdGenerator):
    """Gives the ids that were chosen, where some were: a place is computed before its span is told."""

    def __init__(self) -> None:
        self._chosen = threading.local()

    @contextmanager
    def as_of(self, place: Place) -> Iterator[None]:
        """The next span of this thread stands at *place*."""
        self._chosen.place = place
        try:
            yield
        finally:
            self._chosen.place = None

    def generate_span_id(self) -> int:
        """Of the chosen place."""
        place: Place | None = getattr(self._chosen, "place", None)
        return place.span if place else super().generate_span_id()

    def generate_trace_id(self) -> int:
        """Of the chosen place."""
        place: Place | None = getattr(self._chosen, "place", None)
        return place.trace if place else super().generate_trace_id()


class _Seldom(logging.Filter):
    """Lets one line pass, and another after TOLD_EVERY_S."""

    def __init__(self) -> None:
        super().__init__()
        self._again_at = 0.0

    def filter(self, _record: logging.LogRecord) -> bool:
        """Whether it is told."""
        moment = time.monotonic()
        is_told = moment >= self._again_at
        if is_told:
            self._again_at = moment + TOLD_EVERY_S
        return is_told


class OpenTelemetryTracer:
    """Implements `zonewire.tracing.Tracer`. Sampling, limits and the exporter go by OTEL_* variables."""

    def __init__(self, installation: int, *, process: str, processor: SpanProcessor | None = None) -> None:
        """*process* says which of ours this is: web, or a lane. *processor* is for tests; else spans are exported."""
        self.installation = installation
        self._ids = _ChosenIds()
        resource = Resource.create(
            {"service.version": __version__, "zonewire.process": process, "zonewire.installation": f"{installation:x}"}
        )
        if str(resource.attributes.get(SERVICE_NAME)).startswith("unknown_service"):  # no variable has named it
            resource = resource.merge(Resource({SERVICE_NAME: "zonewire"}))
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("zonewire", __version__)
        for name in EXPORTING:
            logging.getLogger(name).addFilter(_Seldom())

    def take(self, span: Span) -> None:
        """Start and end it, as if it had been watched."""
        with self._ids.as_of(span.place):
            told = self._tracer.start_span(
                span.name,
                context=self._below(span.parent),
                kind=SpanKind.SERVER if span.is_served else SpanKind.INTERNAL,
                attributes=dict(span.attributes),
                links=[Link(self._context(place)) for place in span.links],
                start_time=span.begun,
            )
        if span.error:
            told.set_status(Status(StatusCode.ERROR, span.error))
        told.end(max(span.begun, span.ended))

    def close(self) -> None:
        """Hand over what is left, unless nobody takes it."""
        flushing = threading.Thread(target=self._provider.force_flush, name="last spans", daemon=True)
        flushing.start()  # it knows no timeout of its own
        flushing.join(LAST_SPANS_S)

    def _below(self, parent: Place | None) -> Context:
        return Context() if parent is None else set_span_in_context(NonRecordingSpan(self._context(parent)), Context())

    def _context(self, place: Place) -> SpanContext:
        """*place* as OpenTelemetry has it. A trace's id tells whether it is sampled, so that all processes agree."""
        found = self._provider.sampler.should_sample(Context(), place.trace, "").decision
        flags = SAMPLED if found is Decision.RECORD_AND_SAMPLE else DROPPED
        return SpanContext(place.trace, place.span, is_remote=True, trace_flags=flags)

"""A collector of traces: takes OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), keeps the spans."""

import gzip
from dataclasses import dataclass
from typing import Any

from tests.simulators.serving import Answer, Asked, Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One span."""

    name: str
    trace: str  # in hexadecimal
    parent: str  # "" of the first
    process: str
    attributes: dict[str, Any]
    links: frozenset[str]  # traces


class Collector(Simulator):
    """`spans` has what came, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Told] = []

    def answer(self, asked: Asked) -> Answer:
        """Take a request of spans, as protobuf."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = gzip.decompress(asked.body) if asked.headers.get("content-encoding") == "gzip" else asked.body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = _values(resource.resource.attributes)["zonewire.process"]
            self.spans += [_told(span, process) for scope in resource.scope_spans for span in scope.spans]
        return Answer(b"", headers={"content-type": "application/x-protobuf"})


def _told(span: Any, process: str) -> Told:
    return Told(
        name=span.name,
        trace=span.trace_id.hex(),
        parent=span.parent_span_id.hex(),
        process=process,
        attributes=_values(span.attributes),
        links=frozenset(link.trace_id.hex() for link in span.links),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}

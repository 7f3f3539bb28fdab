"""Whether traces are wanted: by OpenTelemetry's own environment, which its packages read for themselves."""

import os
from importlib.util import find_spec

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def wanted_by() -> str:
    """The variable that asks for traces; "" where none does, or OTEL_SDK_DISABLED forbids them."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    if os.environ.get("OTEL_TRACES_EXPORTER", "").lower() == "none":
        return ""
    return next((name for name in ENDPOINTS if os.environ.get(name)), "")


def is_installed() -> bool:
    """Whether the extra is there (`make setup OTEL=1`). Imports nothing of it."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.exporter.otlp.proto.http") is not None

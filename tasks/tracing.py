"""Traces, where OpenTelemetry's environment asks for them: without it nothing of its packages is imported."""

import structlog

from config.tracing import is_installed, wanted_by
from zonewire import tracing
from zonewire.store import Store, migrate

log = structlog.get_logger()


def start_tracing(store: Store, *, process: str) -> None:
    """Let this process tell spans, after its fork; *process* says which it is: web, or a lane."""
    variable = wanted_by()
    if not variable:
        return
    if not is_installed():
        log.warning("tracing.unavailable", variable=variable, mend="make setup OTEL=1")
        return
    from tasks.otel import OpenTelemetryTracer

    with store.reading() as db:
        installation = migrate.installation_number(db)
    tracing.install(OpenTelemetryTracer(installation, process=process))


def stop_tracing() -> None:
    """Hand over what is left."""
    tracing.close()

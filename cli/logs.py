"""What a command logs: warnings and errors, on standard error; standard output is for what it was asked."""

import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from zonewire.telemetry import Mask

_QUIET = frozenset({"debug", "info"})


def log_warnings_only() -> None:
    """Set logging up for a command; a process that has set up its own keeps it."""
    if not isinstance(structlog.get_config()["logger_factory"], structlog.PrintLoggerFactory):
        return  # what structlog begins with; is_configured() is true after any test that captured lines
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _drop_quiet,
            structlog.processors.format_exc_info,
            Mask(),
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        logger_factory=lambda *_: structlog.WriteLogger(_stderr()),
        cache_logger_on_first_use=False,
    )


def _drop_quiet(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if event["level"] in _QUIET:
        raise structlog.DropEvent
    return event


def _stderr() -> TextIO:
    """As it is when a line is written: tests put another in its place."""
    return sys.stderr

"""Where log lines go, and in which form: JSON, one a line, or for people where somebody looks on.

To standard error, or under `up` to DATA_DIR/logs/zonewire.log. What libraries have to say stands in the same lines, and
what nobody caught. Nobody's address and no secret is written on purpose; `telemetry.Mask` looks over it all the same.
"""

import logging
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings
from workers.log_file import LogFile
from zonewire.telemetry import Mask


def configure_logs(settings: Settings, *, file: Path | None = None) -> int:
    """Set logging up, for this process and those forked from it. Returns the descriptor that lines go to."""
    stream: TextIO = sys.stderr
    if file is not None:
        stream = cast("TextIO", LogFile(file))  # all of it that logging asks for
    is_watched = file is None and sys.stderr.isatty()
    form = settings.log_format or ("console" if is_watched else "json")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            Mask(settings.secret_values),
            _head_first,
            _renderer(form, colors=is_watched),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    _take_in_others()
    return stream.fileno()


def _head_first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """When, how grave and what stands first in every line."""
    return {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event} | dict(event)


def _renderer(form: str, *, colors: bool) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    # A traceback with the values of its variables would show secrets: it is text before it comes here.
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _take_in_others() -> None:
    """Let libraries, warnings and what nobody caught be told in our lines: only what is wrong."""
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_in_thread


class _Libraries(logging.Handler):
    """Makes lines of ours of what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        if record.name == "uvicorn.error" and record.msg.startswith("Exception in ASGI application"):
            return  # request.failed has told it
        try:
            structlog.get_logger().log(
                record.levelno,
                "library.said",
                logger=record.name,
                message=record.getMessage(),
                exc_info=record.exc_info or None,
            )
        except Exception:
            self.handleError(record)


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, trace))


def _tell_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        thread = args.thread.name if args.thread else ""
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        structlog.get_logger().critical("thread.failed", thread=thread, exc_info=trace)

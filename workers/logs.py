"""Where log lines go: JSON, one a line; to standard error, or under `up` to DATA_DIR/logs/zonewire.log."""

import logging
import sys
from pathlib import Path
from typing import TextIO, cast

import structlog

from workers.log_file import LogFile


def configure_logs(file: Path | None = None, *, level: int = logging.INFO) -> int:
    """Set logging up, for this process and those forked from it. Returns the descriptor that lines go to."""
    stream: TextIO = sys.stderr
    if file is not None:
        stream = cast("TextIO", LogFile(file))  # all of it that logging asks for
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    # Foreign libraries: only what is wrong, in the same place.
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(message)s", force=True)
    return stream.fileno()

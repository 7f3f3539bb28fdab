"""Tasks and turns that ended in a fault of ours, for whoever has to mend it: what was asked, what was said, and where.

At most MOST_AN_HOUR have a row; the tally knows of all.
"""

import traceback
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select

from zonewire.delivery import tallies
from zonewire.delivery.outcomes import said
from zonewire.store import SECOND
from zonewire.store.tables import task_failures
from zonewire.telemetry import masked

MOST_AN_HOUR = 60
KEPT, KEPT_FOR = 1_000, 30 * 24 * 3600 * SECOND
TRACE_BYTES, ARGUMENTS_CHARS, ERROR_CHARS = 8_192, 1_024, 512
HOUR = 3600 * SECOND

# By the index on `at`.
_LATELY = select(func.count()).select_from(task_failures).where(task_failures.c.at > bindparam("since"))
_NOTE = insert(task_failures)
_LISTED = (
    select(task_failures)
    .where(task_failures.c.id < bindparam("before"))
    .order_by(task_failures.c.id.desc())
    .limit(bindparam("most"))
)
_OLDEST_KEPT = select(task_failures.c.id).order_by(task_failures.c.id.desc()).limit(1).offset(KEPT - 1)
_FORGET = delete(task_failures).where(
    task_failures.c.id.in_(
        select(task_failures.c.id)
        .where(or_(task_failures.c.at < bindparam("before"), task_failures.c.id < _OLDEST_KEPT.scalar_subquery()))
        .limit(bindparam("most"))
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed."""

    lane: str
    worker: str
    error: BaseException
    task: str = ""  # its name; "" for a turn of the heart's
    task_id: str = ""
    arguments: str = ""


def note(db: Connection, failure: Failure, *, now: int) -> bool:
    """Count *failure*, and write it down unless there were too many lately; whether it was."""
    is_written = db.execute(_LATELY, {"since": now - HOUR}).scalar_one() < MOST_AN_HOUR
    if is_written:
        trace = "".join(traceback.format_exception(failure.error))
        row = {
            "at": now,
            "lane": failure.lane,
            "worker": failure.worker,
            "task": failure.task,
            "task_id": failure.task_id,
            "arguments": _shown(failure.arguments)[:ARGUMENTS_CHARS],
            "error": _shown(f"{type(failure.error).__name__}: {failure.error}")[:ERROR_CHARS],
            "traceback": _shown(trace).encode("utf-8", "replace")[-TRACE_BYTES:].decode("utf-8", "ignore"),
        }
        db.execute(_NOTE, row)
    tallies.add(db, {(tallies.TASK_FAILURES, failure.lane): 1}, now=now)
    return is_written


def listed(db: Connection, *, before: int | None = None, most: int = 50) -> list[Row[Any]]:
    """The newest *most*, of those with smaller keys than *before* where that is given."""
    return list(db.execute(_LISTED, {"before": before or 2**62, "most": most}))


def forget(db: Connection, most: int, now: int) -> int:
    """Drop up to *most* that are a month old, or not among the newest thousand; how many."""
    return db.execute(_FORGET, {"before": now - KEPT_FOR, "most": most}).rowcount


def _shown(text: str) -> str:
    """Without addresses of people and without secrets."""
    return said(masked(text))

"""What stands out: which endpoints failed or were slow lately, and what the dead letters died of."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from zonewire.delivery.listing import LAST_ERROR
from zonewire.delivery.states import State
from zonewire.store import SECOND
from zonewire.store.tables import deliveries, endpoint_hours, endpoints

HOUR = 3600 * SECOND
SAMPLE = 2_000
"""Dead letters that are looked at to say what they died of."""

# By the index on hours: the present one and the one before.
_FAILED = func.sum(endpoint_hours.c.failed)
_SLOW = func.sum(endpoint_hours.c.slow)
_LATELY = (
    select(
        endpoint_hours.c.endpoint_id,
        _FAILED.label("failed"),
        _SLOW.label("slow"),
        func.max(endpoint_hours.c.longest_ms).label("longest_ms"),
    )
    .where(endpoint_hours.c.hour >= bindparam("since_hour"))
    .group_by(endpoint_hours.c.endpoint_id)
    .order_by((_FAILED + _SLOW).desc(), endpoint_hours.c.endpoint_id)
    .limit(bindparam("most"))
    .subquery()
)
_TROUBLED = (
    select(
        endpoints.c.id,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.state,
        endpoints.c.failing_since,
        endpoints.c.last_error,
        _LATELY.c.failed,
        _LATELY.c.slow,
        _LATELY.c.longest_ms,
    )
    .join(_LATELY, _LATELY.c.endpoint_id == endpoints.c.id)
    .order_by((_LATELY.c.failed + _LATELY.c.slow).desc(), endpoints.c.id)
)

# By the partial index of dead letters, in its order: as good a sample as any.
_SAMPLED = (
    select(LAST_ERROR.label("last_error"), deliveries.c.reason)
    .where(deliveries.c.state == State.DEAD)
    .limit(bindparam("sample"))
    .subquery()
)
_CAUSE = func.coalesce(_SAMPLED.c.last_error, _SAMPLED.c.reason)
_CAUSES = select(_CAUSE.label("cause"), func.count().label("n")).group_by(_CAUSE).order_by(func.count().desc(), _CAUSE)


@dataclass(frozen=True, slots=True)
class Cause:
    """What so many of the dead letters that were looked at died of; "" stands for all causes that are not named."""

    error: str
    n: int


def troubled(db: Connection, *, now: int, most: int = 8) -> list[Row[Any]]:
    """The endpoints that failed or were slow most often since the hour before began, the worst first."""
    return list(db.execute(_TROUBLED, {"since_hour": now // HOUR - 1, "most": most}))


def causes(db: Connection, *, most: int = 6) -> list[Cause]:
    """What SAMPLE dead letters died of, the most frequent first: their last error, or why they were buried."""
    found = [Cause(row.cause or "", row.n) for row in db.execute(_CAUSES, {"sample": SAMPLE})]
    rest = sum(cause.n for cause in found[most:])
    return found[:most] + ([Cause("", rest)] if rest else [])

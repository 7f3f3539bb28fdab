"""When a digest is due: at its hour, in its subscriber's time zone, told in microseconds of UTC.

An hour that the clocks leave out is due at the first minute after the gap; one that they show twice, at its first
occurrence. Hourly digests are due when the local clock shows a full hour, by the same two rules: where the clocks
are put back, one of them comes two hours after the last. Celery knows no due times; beat asks each minute.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from zonewire.store import SECOND

MINUTE = timedelta(minutes=1)
STEPS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}

PERIOD = {cadence: int(step.total_seconds()) * SECOND for cadence, step in STEPS.items()}
"""How long a window usually is, in microseconds."""


@lru_cache(maxsize=4_096)
def next_due(cadence: str, at_minute: int, weekday: int, timezone: str, after: int) -> int:
    """The first moment later than *after* at which a digest of *cadence* is due.

    *at_minute* counts from local midnight (daily, weekly); *weekday* is 0 for Monday (weekly). *timezone* is an
    IANA name.
    """
    zone = ZoneInfo(timezone)
    hours = _hours(cadence, at_minute, weekday, datetime.fromtimestamp(after // SECOND, zone).replace(tzinfo=None))
    return next(moment for local in hours if (moment := _moment(local, zone)) > after)


def _hours(cadence: str, at_minute: int, weekday: int, local: datetime) -> Iterator[datetime]:
    """Local times at which *cadence* falls due, from one that is not after *local* on."""
    start = local.replace(minute=0, second=0, microsecond=0)
    if cadence != "hourly":
        start = start.replace(hour=at_minute // 60, minute=at_minute % 60) - timedelta(days=1)
    if cadence == "weekly":
        start -= timedelta(days=(start.weekday() - weekday) % 7)
    while True:
        yield start
        start += STEPS[cadence]


def _moment(local: datetime, zone: ZoneInfo) -> int:
    """When the clocks of *zone* show *local* for the first time, or what comes first after it."""
    earliest = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if earliest.astimezone(zone).replace(tzinfo=None) != local:
        earliest = _end_of_gap(local, zone)
    return int(earliest.timestamp()) * SECOND


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The first minute after the gap that holds *local*: with its old offset, *local* lies behind the jump."""
    low = local.replace(tzinfo=zone, fold=1).astimezone(UTC)  # with the new offset, before it
    high = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after_jump = high.astimezone(zone).utcoffset()
    while high - low > MINUTE:
        middle = low + (high - low) // 2
        middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == after_jump:
            high = middle
        else:
            low = middle
    return high

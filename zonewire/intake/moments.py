"""Dates as senders write them, as microseconds in UTC (RFC 3339; a bare date is midnight, China Standard Time)."""

import re
from datetime import datetime, timedelta

CST = timedelta(hours=8)
"""China Standard Time: what a moment without an offset means here (lessons.md, 25)."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # arithmetic in UTC, without a zone on either side
_MICROSECOND = timedelta(microseconds=1)
_YEARS = range(1900, 9999)
_FORM = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,12}))?)?"
    r"(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<off_hour>\d{2}):?(?P<off_minute>\d{2}))?)?",
    re.ASCII,
)


def read_moment(text: str) -> int:
    """Microseconds since 1970. Raises ValueError, in words for the sender."""
    match = _FORM.fullmatch(text.strip())
    if match is None or int(match["year"]) not in _YEARS:
        raise ValueError("must be a date or a time such as 2026-06-06 or 2026-06-06T14:05:00+08:00")
    local = _local(match)
    return (local - _EPOCH - _offset(match)) // _MICROSECOND


def year_of(moment: int, offset: timedelta) -> int:
    """The year in which *moment* falls where clocks are *offset* ahead of UTC."""
    return (_EPOCH + offset + moment * _MICROSECOND).year


def _local(match: re.Match[str]) -> datetime:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = int((match["fraction"] or "").ljust(6, "0")[:6])
    leap = second == 60  # RFC 3339 §5.6 lets a leap second through; it is the end of the second before
    try:
        return datetime(  # noqa: DTZ001  # its offset is taken off by the caller
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            hour,
            minute,
            59 if leap else second,
            999_999 if leap else fraction,
        )
    except ValueError:
        raise ValueError("is no day or hour of the calendar") from None


def _offset(match: re.Match[str]) -> timedelta:
    if match["utc"]:
        return timedelta(0)
    if not match["sign"]:
        return CST
    hours, minutes = int(match["off_hour"]), int(match["off_minute"])
    if hours > 23 or minutes > 59:
        raise ValueError("has an offset that is none")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if match["sign"] == "-" else offset

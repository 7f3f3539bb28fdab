"""When digests are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.store import SECOND
from zonewire.subscriptions.cadence import PERIOD, next_due

ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Chatham")  # fmt: skip
MON, WED, SUN = 0, 2, 6


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def shown(due: int, zone: str) -> str:
    return datetime.fromtimestamp(due // SECOND, ZoneInfo(zone)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("cadence", "at", "weekday", "zone", "after", "due"),
    [
        ("daily", "08:00", MON, "Asia/Shanghai", "2026-06-11T12:00+08:00", "2026-06-12T08:00+08:00"),
        ("daily", "08:00", MON, "Asia/Shanghai", "2026-06-11T07:59+08:00", "2026-06-11T08:00+08:00"),
        ("daily", "08:00", MON, "Asia/Shanghai", "2026-06-11T08:00+08:00", "2026-06-12T08:00+08:00"),
        ("daily", "00:00", MON, "Asia/Shanghai", "2026-06-10T15:59+00:00", "2026-06-11T00:00+08:00"),
        ("daily", "23:59", MON, "America/New_York", "2026-06-11T12:00+08:00", "2026-06-11T23:59-04:00"),
        ("hourly", "08:30", MON, "Asia/Shanghai", "2026-06-11T12:00+08:00", "2026-06-11T13:00+08:00"),
        ("hourly", "08:00", MON, "Asia/Kathmandu", "2026-06-11T12:00+00:00", "2026-06-11T18:00+05:45"),
        ("weekly", "08:00", MON, "Asia/Shanghai", "2026-06-11T12:00+08:00", "2026-06-15T08:00+08:00"),
        ("weekly", "08:00", WED, "Asia/Shanghai", "2026-06-10T07:00+08:00", "2026-06-10T08:00+08:00"),
        ("weekly", "08:00", WED, "Asia/Shanghai", "2026-06-10T08:00+08:00", "2026-06-17T08:00+08:00"),
        ("weekly", "00:30", SUN, "Pacific/Apia", "2026-06-11T12:00+00:00", "2026-06-14T00:30+13:00"),
        # Summer time begins: 02:00 to 03:00 is not shown; the first minute after the gap.
        ("daily", "02:30", MON, "Europe/Berlin", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("daily", "02:00", MON, "Europe/Berlin", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("daily", "03:00", MON, "Europe/Berlin", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("daily", "02:30", MON, "Europe/Berlin", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"),
        ("weekly", "02:30", SUN, "America/New_York", "2026-03-02T12:00-05:00", "2026-03-08T03:00-04:00"),
        ("daily", "02:15", MON, "Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2026-10-04T02:30+11:00"),
        ("hourly", "00:00", MON, "Europe/Berlin", "2026-03-29T01:10+01:00", "2026-03-29T03:00+02:00"),
        # Summer time ends: 02:00 to 03:00 is shown twice; its first occurrence.
        ("daily", "02:30", MON, "Europe/Berlin", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00"),
        ("daily", "02:30", MON, "Europe/Berlin", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),
        ("daily", "02:30", MON, "Europe/Berlin", "2026-10-25T02:10+01:00", "2026-10-26T02:30+01:00"),
        ("hourly", "00:00", MON, "Europe/Berlin", "2026-10-25T02:10+02:00", "2026-10-25T03:00+01:00"),
        ("hourly", "00:00", MON, "Australia/Lord_Howe", "2026-04-05T01:10+11:00", "2026-04-05T02:00+10:30"),
        ("daily", "01:45", MON, "Australia/Lord_Howe", "2026-04-04T12:00+11:00", "2026-04-05T01:45+11:00"),
        ("daily", "01:45", MON, "Australia/Lord_Howe", "2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"),
        ("weekly", "01:30", SUN, "America/New_York", "2026-10-30T12:00-04:00", "2026-11-01T01:30-04:00"),
        ("weekly", "01:30", SUN, "America/New_York", "2026-11-01T01:30-04:00", "2026-11-08T01:30-05:00"),
        # Morocco puts its clocks back for Ramadan, and forward after it.
        ("daily", "02:30", MON, "Africa/Casablanca", "2026-02-14T12:00+01:00", "2026-02-15T02:30+01:00"),
        ("hourly", "00:00", MON, "Africa/Casablanca", "2026-02-15T02:10+01:00", "2026-02-15T03:00+00:00"),
        ("daily", "02:30", MON, "Africa/Casablanca", "2026-03-21T12:00+00:00", "2026-03-22T03:00+01:00"),
        ("weekly", "02:30", SUN, "Africa/Casablanca", "2026-03-21T12:00+00:00", "2026-03-22T03:00+01:00"),
        # Samoa had no 30 December 2011.
        ("daily", "08:00", MON, "Pacific/Apia", "2011-12-29T12:00-10:00", "2011-12-31T00:00+14:00"),
    ],
)
def test_the_hour_in_the_subscribers_own_zone(
    cadence: str, at: str, weekday: int, zone: str, after: str, due: str
) -> None:
    hour, minute = at.split(":")
    found = next_due(cadence, int(hour) * 60 + int(minute), weekday, zone, moment(after))
    assert shown(found, zone) == due


@given(
    cadence=st.sampled_from(sorted(PERIOD)),
    at_minute=st.integers(0, 1439),
    weekday=st.integers(0, 6),
    zone=st.sampled_from(ZONES),
    after=st.integers(moment("2000-01-01T00:00+00:00"), moment("2060-01-01T00:00+00:00")),
)
def test_it_is_later_within_two_periods_at_its_hour_and_nothing_lies_between(
    cadence: str, at_minute: int, weekday: int, zone: str, after: int
) -> None:
    due = next_due(cadence, at_minute, weekday, zone, after)
    assert after < due <= after + 2 * PERIOD[cadence] + 3_600 * SECOND
    assert next_due(cadence, at_minute, weekday, zone, due - SECOND) == due
    local = datetime.fromtimestamp(due // SECOND, ZoneInfo(zone))
    minute = local.minute if cadence == "hourly" else local.hour * 60 + local.minute
    assert minute == (0 if cadence == "hourly" else at_minute) or _follows_a_gap(local)
    if cadence == "weekly" and not _follows_a_gap(local):
        assert local.weekday() == weekday


def _follows_a_gap(local: datetime) -> bool:
    earlier = (local.astimezone(UTC) - timedelta(minutes=1)).astimezone(local.tzinfo)
    return local.utcoffset() != earlier.utcoffset()

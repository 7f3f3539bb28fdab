"""Dates as senders write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.articles import rfc3339
from zonewire.intake.moments import CST, read_moment, year_of


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-06-06", "2026-06-05T16:00:00Z"),
        ("2026-06-06T14:05", "2026-06-06T06:05:00Z"),
        ("2026-06-06 14:05:30", "2026-06-06T06:05:30Z"),
        ("2026-06-06T14:05:30Z", "2026-06-06T14:05:30Z"),
        ("2026-06-06t14:05:30.25z", "2026-06-06T14:05:30.250000Z"),
        ("2026-06-06T14:05:30.123456789+08:00", "2026-06-06T06:05:30.123456Z"),
        ("2026-06-06T00:00:00-0330", "2026-06-06T03:30:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("2024-02-29", "2024-02-28T16:00:00Z"),
    ],
)
def test_a_moment_is_read_and_without_an_offset_it_is_chinas(text: str, utc: str) -> None:
    assert rfc3339(read_moment(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-31",
        "2026-13-01",
        "2026-06-06T24:00:00Z",
        "2026-06-06T10:00:00+99:00",
        "20260606",
        "06/06/2026",
        "0000-01-01",
        "9999-12-31T23:59:59-23:59",
        "２０２６-06-06",
        "2026-06-06T10:00:00Z junk",
        "1781150400",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is no|offset"):
        read_moment(text)


@given(st.datetimes(), st.sampled_from(["", "Z", "+08:00", "-11:30"]))
def test_whatever_is_read_can_be_written_again(moment: object, offset: str) -> None:
    text = f"{moment}".replace(" ", "T") + offset
    try:
        read = read_moment(text)
    except ValueError:
        return
    assert read_moment(rfc3339(read)) == read


def test_the_year_is_that_of_the_readers_clock() -> None:
    assert year_of(read_moment("2026-01-01"), CST) == 2026

"""Sliding windows: how fast an endpoint may be sent to, whichever worker sends."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.builders import NOON, an_endpoint
from zonewire.delivery import paces
from zonewire.delivery.paces import Ended, Pace, Rate, Terms
from zonewire.store import SECOND

TERMS = Terms(rates=(Rate(5, 60), Rate(2, 1)))


def test_a_new_endpoint_has_all_its_room() -> None:
    assert Pace(1, "feishu").free(TERMS, NOON) == 2


def test_while_a_request_is_out_no_other_begins() -> None:
    pace = Pace(1, "feishu")
    pace.reserve(TERMS, NOON)
    assert pace.free(TERMS, NOON) == 0
    assert pace.free(TERMS, NOON + paces.OUT_FOR + 2 * SECOND) == 2


def test_an_endpoints_own_rate_stands_in_its_channels_place() -> None:
    assert Pace(1, "feishu", own_rate=1, sent=[NOON - 30 * SECOND]).free(TERMS, NOON) == 0


def test_a_rest_that_the_platform_asked_for_stops_everything() -> None:
    pace = Pace(1, "feishu", not_before=NOON + SECOND)
    assert pace.free(TERMS, NOON) == 0
    assert pace.free_at(TERMS, NOON) == NOON + SECOND


@given(st.lists(st.integers(0, 20_000_000), min_size=1, max_size=60))
def test_no_window_ever_holds_more_than_its_rate(gaps: list[int]) -> None:
    pace, now, answered = Pace(1, "feishu"), NOON, []
    for gap in gaps:
        now = max(now + gap, pace.free_at(TERMS, now))
        assert pace.free(TERMS, now) > 0
        pace.reserve(TERMS, now)
        now += gap % 3_000_000  # so long it was out
        pace.sent[-1] = now
        answered.append(now)
    for rate in TERMS.rates:
        for at in answered:
            assert sum(1 for one in answered if at - rate.per_s * SECOND < one <= at) <= rate.most


def test_what_was_never_sent_counts_for_nothing_and_the_rest_from_its_answer_on(db: Connection) -> None:
    endpoint = an_endpoint(db, channel="wecom")
    known = paces.to_claim(db, [endpoint])
    marks = [known[endpoint].reserve(TERMS, NOON) for _ in range(2)]
    paces.write(db, known)
    paces.settle(
        db, [Ended(endpoint, marks[0], was_sent=False), Ended(endpoint, marks[1], was_sent=True)], now=NOON + 7
    )
    assert paces.to_claim(db, [endpoint])[endpoint].sent == [NOON + 7]


def test_a_rest_outlives_a_shorter_one(db: Connection) -> None:
    endpoint = an_endpoint(db, channel="wecom")
    paces.to_claim(db, [endpoint])
    for rests_s in (60, 1):
        paces.settle(db, [Ended(endpoint, 0, was_sent=True, rests_s=rests_s)], now=NOON)
    assert paces.to_claim(db, [endpoint])[endpoint].not_before == NOON + 60 * SECOND

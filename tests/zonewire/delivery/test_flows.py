"""How much flows through a lane, and how long the rest will take."""

import pytest

from zonewire.delivery import tallies
from zonewire.delivery.flows import SHOWN, Flow, flows_of, tries_of
from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, Store

MINUTE = 60 * SECOND
NOON = 29_000_000 * MINUTE


def test_the_last_hour_is_read_minute_by_minute_and_what_is_older_is_not(store: Store) -> None:
    with store.writing() as db:
        for minutes, n in ((60, 1_000), (59, 7), (3, 50), (0, 10)):
            tallies.add(db, {(tallies.LANE_OUT, "push.http"): n}, now=NOON - minutes * MINUTE)
    with store.reading() as db:
        flow = flows_of(db, now=NOON + 30 * SECOND)[Lane.PUSH_HTTP]
    assert (len(flow.went), flow.went[0], flow.went[-4], flow.went[-1]) == (SHOWN, 7, 50, 10)
    assert sum(flow.went) == 67
    assert flow.out_a_second == pytest.approx(60 / 270)


def test_a_lane_that_takes_in_more_than_goes_out_is_never_empty() -> None:
    flow = Flow(came=(0,) * 59 + (90,), went=(0,) * 59 + (30,), lately_s=300)
    assert flow.drains_in_s(10) is None
    assert flow.drains_in_s(0) == 0
    turned = Flow(came=flow.went, went=flow.came, lately_s=300)
    assert turned.drains_in_s(100) == pytest.approx(500)


def test_tries_are_told_by_channel_and_outcome(plain_store: Store) -> None:
    with plain_store.writing() as db:
        tallies.add(db, {(tallies.TRIES, "email delivered"): 3, (tallies.TRIES, "email never"): 1}, now=NOON)
        tallies.add(db, {(tallies.TRIES, "email delivered"): 9}, now=NOON - 61 * MINUTE)
    with plain_store.reading() as db:
        assert tries_of(db, now=NOON) == {"email": {"delivered": 3, "never": 1}}

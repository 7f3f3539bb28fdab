"""Tallies: what flowed through a lane, minutes that become hours, and what tries come to."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, a_delivery, an_endpoint
from tests.zonewire.delivery.test_ledger import claim, settle
from zonewire.delivery import histograms, tallies
from zonewire.delivery.counts import Slot, flows
from zonewire.delivery.ledger import LEASE, return_lapsed
from zonewire.delivery.outcomes import Delivered, Later
from zonewire.delivery.states import State
from zonewire.store import SECOND
from zonewire.store.tables import endpoint_hours

LANE = "push.http"
PENDING, SENDING, RETRYING = (Slot(LANE, state) for state in (State.PENDING, State.SENDING, State.RETRYING))
DELIVERED, DEAD, CANCELLED = (Slot(LANE, state) for state in (State.DELIVERED, State.DEAD, State.CANCELLED))
HELD = Slot(LANE, State.PENDING, held=True)

FLOWS = {
    "a fan-out comes in": ({PENDING: 5}, (5, 0)),
    "a claim moves nothing in or out": ({PENDING: -5, SENDING: 5}, (0, 0)),
    "what is settled goes out, whatever it came to": ({SENDING: -5, DELIVERED: 2, DEAD: 1, RETRYING: 2}, (0, 3)),
    "a turn that settles while others are owed": ({SENDING: -5, DELIVERED: 5, PENDING: 2}, (2, 5)),
    "a replay comes in": ({DEAD: -2, CANCELLED: -1, PENDING: 3}, (3, 0)),
    "pruning is neither": ({DELIVERED: -4, DEAD: -1}, (0, 0)),
    "a dead letter that is cancelled was out already": ({DEAD: -1, CANCELLED: 1}, (0, 0)),
    "what is cancelled goes out": ({PENDING: -2, RETRYING: -1, CANCELLED: 3}, (0, 3)),
    "what replaces another": ({PENDING: 0, CANCELLED: 3}, (3, 3)),
    "what is cancelled and forgotten at once": ({PENDING: -3, CANCELLED: 0}, (0, 3)),
    "what is held leaves the lane": ({PENDING: -2, HELD: 2}, (0, 2)),
    "what is let go comes in": ({HELD: -2, PENDING: 2}, (2, 0)),
    "what is held and cancelled was not in it": ({HELD: -2, CANCELLED: 2}, (0, 0)),
    "what is owed to a disabled endpoint is not in it": ({HELD: 2}, (0, 0)),
}


@pytest.mark.parametrize(("moves", "flowed"), FLOWS.values(), ids=FLOWS)
def test_what_flows_follows_from_the_moves(moves: dict[Slot, int], flowed: tuple[int, int]) -> None:
    changes = flows(moves)

    assert (changes[tallies.LANE_IN, LANE], changes[tallies.LANE_OUT, LANE]) == flowed


def test_only_what_is_buried_counts_as_dead() -> None:
    assert flows({SENDING: -3, DEAD: 3})[tallies.DEAD, LANE] == 3
    assert flows({DEAD: -3, PENDING: 3})[tallies.DEAD, LANE] == 0


def test_what_is_charted_is_kept_by_the_minute_as_well(db: Connection) -> None:
    minute = NOON // tallies.MINUTE
    for now in (NOON, NOON + 1, NOON + tallies.MINUTE):
        tallies.add(db, {(tallies.EVENTS, "accepted"): 2, (tallies.EDITIONS, ""): 1}, now=now)

    assert tallies.totals(db) == {("events", "accepted"): 6, ("editions", ""): 3}
    charted = tallies.series(db, tallies.EVENTS, since=minute, up_to=minute + 2)
    assert charted == {"accepted": {minute: 4, minute + 1: 2}}
    assert tallies.series(db, tallies.EVENTS, since=minute + 1, up_to=minute + 1) == {}


def test_a_tally_has_the_minute_of_the_databases_clock_unless_it_is_told(db: Connection) -> None:
    tallies.add(db, {(tallies.TRIES, "webhook delivered"): 1})

    (by_minute,) = tallies.series(db, tallies.TRIES, since=NOON // tallies.MINUTE, up_to=10**9).values()
    assert sum(by_minute.values()) == 1


def test_minutes_become_hours_after_a_day_and_none_is_lost_on_the_way(db: Connection) -> None:
    begin = NOON // tallies.MINUTE
    for minute in range(0, 300, 7):
        tallies.add(db, {(tallies.TRIES, f"webhook {minute % 2}"): minute + 1}, now=NOON + minute * tallies.MINUTE)
    wanted: dict[str, Any] = {"since": begin, "up_to": begin + 300}
    before = tallies.series(db, tallies.TRIES, span="h", **wanted)
    later = NOON + (tallies.MINUTES_FOR + 200) * tallies.MINUTE

    assert tallies.roll_up(db, 10, later) == 10  # as if it were stopped between
    assert tallies.series(db, tallies.TRIES, span="h", **wanted) == before
    while tallies.roll_up(db, 10, later):
        pass

    assert tallies.series(db, tallies.TRIES, span="h", **wanted) == before
    left = tallies.series(db, tallies.TRIES, **wanted)
    assert min(min(by_minute) for by_minute in left.values()) >= begin + 200
    assert sum(tallies.totals(db).values()) == sum(minute + 1 for minute in range(0, 300, 7))


def test_hours_go_after_forty_days(db: Connection) -> None:
    tallies.add(db, {(tallies.TRIES, "webhook later"): 1}, now=NOON)
    for days in (2, 41):
        tallies.roll_up(db, 100, NOON + days * 24 * 60 * tallies.MINUTE)

    assert tallies.series(db, tallies.TRIES, span="h", since=0, up_to=10**9) == {}
    assert tallies.totals(db)


def test_a_try_counts_by_how_it_ended_and_a_delivery_by_its_age(db: Connection) -> None:
    a_delivery(db)
    a_delivery(db, endpoint_id=an_endpoint(db, channel="websub"))
    webhook, websub = claim(db, now=NOON + 2 * SECOND).rows
    tally = settle(db, [webhook], Delivered(200), now=NOON + 3 * SECOND)
    tally.tallied.update(settle(db, [websub], Later("HTTP 500", 500), now=NOON + 3 * SECOND).tallied)

    assert tally.tallied["tries", "webhook delivered"] == tally.tallied["tries", "websub later"] == 1
    ages = histograms.read(tally.tallied, tallies.DELIVERY_S)
    assert (ages["webhook"].count, ages["webhook"].sum_s) == (1, 3.0)
    assert dict(ages["webhook"].buckets)["2.5"] == 0
    assert dict(ages["webhook"].buckets)["5.0"] == dict(ages["webhook"].buckets)["+Inf"] == 1
    assert sorted(ages) == ["webhook"]
    assert sorted(histograms.read(tally.tallied, tallies.ATTEMPT_S)) == ["webhook", "websub"]


def test_what_comes_too_late_was_a_try_and_no_delivery(db: Connection) -> None:
    a_delivery(db)
    a_delivery(db)
    slow = claim(db).rows
    return_lapsed(db, now=NOON + LEASE + 1)
    tally = settle(db, slow, Delivered(200), now=NOON + LEASE + 1)

    assert tally.too_late == 2
    assert tally.tallied["tries", "webhook delivered"] == 2
    assert histograms.read(tally.tallied, tallies.DELIVERY_S) == {}


def test_trouble_of_an_endpoint_is_kept_by_the_hour(db: Connection) -> None:
    endpoint_id = an_endpoint(db)
    for n in range(3):
        a_delivery(db, endpoint_id=endpoint_id)
        rows = claim(db, now=NOON + n).rows
        settle(db, rows, Later("HTTP 500", 500, wait_s=3600) if n else Delivered(200), now=NOON + n)

    (row,) = db.execute(select(endpoint_hours)).all()
    assert (row.endpoint_id, row.hour, row.failed, row.slow) == (endpoint_id, NOON // (3600 * SECOND), 2, 0)


def test_a_histogram_puts_its_bounds_into_the_lower_bucket() -> None:
    changes: tallies.Changes = Counter()
    histograms.observe(changes, tallies.ARTICLE_S, "", {SECOND: 2, SECOND + 1: 1, -5: 1})

    (histogram,) = histograms.read(changes, tallies.ARTICLE_S).values()
    assert dict(histogram.buckets)["1.0"] == 3
    assert (histogram.count, histogram.sum_s) == (4, 3.000001)

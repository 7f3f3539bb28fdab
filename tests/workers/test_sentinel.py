"""Which lanes a restart would help: those that are over their budget and turn no more."""

from sqlalchemy import update

from tests.builders import a_delivery
from tests.zonewire.intake.events import a_publication
from workers.sentinel import STILL_S, _bury, standing_still
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.intake import accept
from zonewire.reaction import react
from zonewire.store import SECOND, Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import outbox

LONG_AGO = 0


def late_by(store: Store, seconds: float) -> None:
    """A webhook that could have been claimed that long ago."""
    with store.writing() as db:
        a_delivery(db, due_at=now(db) - int((BUDGET_S[Lane.PUSH_HTTP] + seconds) * SECOND))


def test_a_late_lane_without_a_turning_worker_stands_still(store: Store) -> None:
    late_by(store, 1)

    assert standing_still(store, since=LONG_AGO) == [Lane.PUSH_HTTP]


def test_a_late_lane_whose_worker_turns_is_merely_late(store: Store) -> None:
    late_by(store, 1)
    with store.writing() as db:
        heartbeats.beat(db, worker="w", lane=Lane.PUSH_HTTP)

    assert standing_still(store, since=LONG_AGO) == []


def test_a_lane_within_its_budget_is_well_without_any_worker(store: Store) -> None:
    late_by(store, -5)

    assert standing_still(store, since=LONG_AGO) == []


def test_nothing_stands_still_before_it_had_time_to_turn(store: Store) -> None:
    late_by(store, 1)
    with store.reading() as db:
        just_started = now(db) - (STILL_S - 5) * SECOND

    assert standing_still(store, since=just_started) == []


def test_retries_in_the_future_make_no_lane_late(store: Store) -> None:
    with store.writing() as db:
        a_delivery(db, state="retrying", due_at=now(db) + 3600 * SECOND)

    assert standing_still(store, since=LONG_AGO) == []


def test_a_worker_that_lives_but_completes_no_turn_stands_still(store: Store) -> None:
    late_by(store, 1)
    with store.writing() as db:
        heartbeats.beat(db, worker="w", lane=Lane.PUSH_HTTP, turned_ago_s=STILL_S + 1)

    assert standing_still(store, since=LONG_AGO) == [Lane.PUSH_HTTP]


def test_what_a_dead_events_worker_had_taken_is_free_at_once(store: Store) -> None:
    accept(store, [a_publication()], host="wire.example")
    with store.writing() as db:
        db.execute(update(outbox).values(taken_until=now(db) + 30 * SECOND))
    assert react(store, Pace(pauses=False), owed=lambda _lanes: None).articles == 0
    _bury(store, "push.http@here/1")
    assert react(store, Pace(pauses=False), owed=lambda _lanes: None).articles == 0
    _bury(store, "events@here/1")
    assert react(store, Pace(pauses=False), owed=lambda _lanes: None).articles == 1

"""Replaying and cancelling all that a filter shows."""

from collections import Counter

import pytest
from sqlalchemy import Connection, func, select, update

from tests.builders import NOON, a_delivery, a_version, an_article, an_endpoint
from tests.zonewire.delivery.test_ledger import claim, settle
from zonewire.delivery import bulk, counts, searching
from zonewire.delivery.bulk import BulkAct, DryRun, Receiver
from zonewire.delivery.outcomes import Later
from zonewire.delivery.searching import HELD, Search
from zonewire.delivery.states import State
from zonewire.errors import Conflict, NotFound, WrongUsage
from zonewire.store import Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import bulk_actions, deliveries, endpoints

DEAD = Search(state="dead")
MINUTE = bulk.MINUTE


@pytest.fixture
def pace(store: Store) -> Pace:
    return Pace(pauses=False)


def dead_letters(db: Connection, n: int, **over: object) -> list[int]:
    endpoint = an_endpoint(db, address="https://one.example/hook", host="one.example:443")
    return [a_delivery(db, endpoint_id=endpoint, state="dead", **over) for _ in range(n)]  # type: ignore[arg-type]  # a row's values


def begun(store: Store, act: BulkAct = BulkAct.REPLAY, chosen: Search = DEAD, *, per_minute: int = 0) -> int:
    with store.writing() as db:
        return bulk.begin(db, act, chosen, per_minute=per_minute, expected=3, operator="chen", now=NOON)


def states(store: Store) -> dict[str, int]:
    with store.reading() as db:
        found = db.execute(select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)).all()
        counted: Counter[str] = Counter()
        for slot, n in counts.read(db).items():
            counted[slot.state.value] += n
        assert counted == {row.state: row.n for row in found}
        return dict(counted)


def test_a_dry_run_says_how_many_to_whom_and_who_may_have_it(db: Connection) -> None:
    dead_letters(db, 2)
    off = an_endpoint(db, channel="email", address="li@mail.example", state="disabled")
    old = a_version(db, article := an_article())
    a_version(db, article)
    a_delivery(db, endpoint_id=off, state="dead", version=old, unknowns=1)

    found = bulk.dry_run(db, BulkAct.REPLAY, DEAD)

    first, second = db.execute(select(endpoints.c.id).order_by(endpoints.c.id)).scalars()
    assert found == DryRun(
        n=3,
        endpoints=2,
        receivers=[
            Receiver(f"e{first}", "webhook", "https://one.example/hook", 2),
            Receiver(f"e{second}", "email", "li@mail.example", 1),
        ],
        maybe=1,
        superseded=1,
        held=1,
    )


def test_all_dead_letters_are_put_back_and_the_report_says_what_became_of_them(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 3)
        old = a_version(db, article := an_article())
        a_version(db, article)
        a_delivery(db, state="dead", version=old)
        a_delivery(db, endpoint_id=an_endpoint(db, state="disabled"), state="dead")
    ident = begun(store)

    assert bulk.step_all(store, pace) == {"replay": 4}

    assert states(store) == {"pending": 4, "dead": 1}
    with store.reading() as db:
        report = bulk.show(db, ident)
    assert (report.state, report.done, report.passed_over, report.held) == ("done", 4, 1, 1)
    assert report.ended_at is not None
    assert bulk.step_all(store, pace) == {}


def test_what_comes_after_it_began_is_left_alone(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 1)
    begun(store)
    with store.writing() as db:
        a_delivery(db, state="dead")

    bulk.step_all(store, pace)

    assert states(store) == {"pending": 1, "dead": 1}


def test_it_keeps_the_pace_that_was_chosen(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 5)
    ident = begun(store, per_minute=2)
    with store.writing() as db:  # a minute has passed since it last did something
        db.execute(update(bulk_actions).values(stepped_at=now(db) - MINUTE))

    assert bulk.step_all(store, pace) == {"replay": 1}
    assert bulk.step_all(store, pace) == {}

    with store.reading() as db:
        assert (bulk.show(db, ident).state, bulk.show(db, ident).done) == ("running", 1)


def test_a_pace_is_not_made_up_for_after_an_hour_in_which_nothing_was_done(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 9)
    begun(store, per_minute=60)
    with store.writing() as db:
        db.execute(update(bulk_actions).values(stepped_at=now(db) - 60 * MINUTE))

    assert bulk.step_all(store, pace) == {"replay": 5}


def test_a_clock_that_was_put_back_neither_ends_it_nor_stops_it(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 3)
    ident = begun(store, per_minute=60)
    with store.writing() as db:
        db.execute(update(bulk_actions).values(stepped_at=now(db) + 60 * MINUTE))

    assert bulk.step_all(store, pace) == {"replay": 1}

    with store.reading() as db:
        assert bulk.show(db, ident).state == "running"
        assert db.execute(select(bulk_actions.c.stepped_at)).scalar_one() <= now(db)


def test_retries_that_are_all_being_tried_are_cancelled_when_they_come_back(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db)
        for _ in range(2):
            a_delivery(db, endpoint_id=endpoint, state="retrying", ready=1, attempts=1)
        first, second = claim(db, per_host=9).rows
        a_delivery(db, endpoint_id=endpoint, state="sending")  # for the first time: it was no retry
    ident = begun(store, BulkAct.CANCEL, Search(state=State.RETRYING))

    assert bulk.step_all(store, pace) == {}
    for row in (first, second):  # one after the other
        with store.writing() as db:
            settle(db, [row], Later("HTTP 500", 500))
        assert bulk.step_all(store, pace) == {"cancel": 1}

    assert states(store) == {"cancelled": 2, "sending": 1}
    with store.reading() as db:
        assert bulk.show(db, ident).state == "done"


def test_it_can_be_stopped_where_it_is(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        dead_letters(db, 2)
    ident = begun(store, per_minute=1)
    with store.writing() as db:
        bulk.stop(db, ident, now=NOON)

    assert bulk.step_all(store, pace) == {}
    assert states(store) == {"dead": 2}
    with store.writing() as db, pytest.raises(Conflict, match="stopped"):
        bulk.stop(db, ident, now=NOON)
    with store.writing() as db, pytest.raises(NotFound):
        bulk.stop(db, 99, now=NOON)


def test_whoever_steps_at_a_cursor_that_has_moved_does_nothing(
    store: Store, pace: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing() as db:
        dead_letters(db, 2)
    begun(store)
    really = searching.portions

    def while_another_steps(db: Connection, chosen: Search, **rest: int) -> tuple[list[int], int | None]:
        found = really(db, chosen, **rest)
        monkeypatch.setattr("zonewire.delivery.bulk.portions", really)
        bulk.step_all(store, pace)
        return found

    monkeypatch.setattr("zonewire.delivery.bulk.portions", while_another_steps)
    assert bulk.step_all(store, pace) == {}

    assert states(store) == {"pending": 2}


def test_what_waits_and_what_is_held_can_be_cancelled(store: Store, pace: Pace) -> None:
    with store.writing() as db:
        a_delivery(db)
        a_delivery(db, due_at=None)
        a_delivery(db, state="sending")
    begun(store, BulkAct.CANCEL, Search(state=State.PENDING))
    begun(store, BulkAct.CANCEL, Search(state=HELD))

    assert bulk.step_all(store, pace) == {"cancel": 2}
    assert states(store) == {"cancelled": 2, "sending": 1}


@pytest.mark.parametrize(
    ("act", "state"),
    [(BulkAct.REPLAY, ""), (BulkAct.REPLAY, "delivered"), (BulkAct.CANCEL, ""), (BulkAct.CANCEL, "sending")],
)
def test_what_an_act_cannot_be_done_with_is_refused(db: Connection, act: BulkAct, state: str) -> None:
    with pytest.raises(WrongUsage, match="only deliveries that are"):
        bulk.dry_run(db, act, Search(state=state))

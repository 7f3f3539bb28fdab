"""Upkeep: what goes back, what is held, what is forgotten."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from tests.builders import DAY, NOON, a_delivery, a_subscription, a_version, an_article, an_endpoint
from zonewire.delivery import counts, enabling, ledger, owing
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.enabling import Held
from zonewire.delivery.holding import HELD_FOR, cancel_long_held, hold_disabled
from zonewire.delivery.ledger import START, Places
from zonewire.delivery.states import Kind, State
from zonewire.keys import KeyRing
from zonewire.store import SECOND, Store, insert, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import attempts, deliveries, endpoints, leases
from zonewire.upkeep import UpkeepPolicy, prune, upkeep

KEYS = KeyRing(("a key of the tests that is long enough",))


def tidied(store: Store) -> Counter[str]:
    return upkeep(store, Pace(pauses=False), UpkeepPolicy(retention_days=90, keys=KEYS, outbox=Path("/nonexistent")))


def counted(store: Store) -> dict[tuple[str, bool], int]:
    with store.reading() as db:
        return {(slot.state.value, slot.held): n for slot, n in counts.read(db).items()}


def test_a_lease_that_ran_out_gives_its_rows_back(store: Store) -> None:
    with store.writing() as db:
        a_delivery(db)
        moves: Moves = Counter()
        places = Places(total=9, per_host=9)
        ledger.claim_ready(db, lane="push.http", worker="w", places=places, after=START, now=now(db), moves=moves)
        counts.record(db, moves)
        db.execute(update(leases).values(until_at=now(db) - 1))

    assert tidied(store)["leases_returned"] == 1

    assert counted(store) == {("retrying", False): 1}


@pytest.mark.parametrize("ready", [1, 0])
def test_what_is_owed_to_a_disabled_endpoint_is_held(store: Store, ready: int) -> None:
    with store.writing() as db:
        endpoint, other = an_endpoint(db), an_endpoint(db)
        for one in (endpoint, other):
            a_delivery(db, endpoint_id=one, ready=ready, due_at=now(db) + 3600 * SECOND)
        gone_bad = {"state": "disabled", "disabled_at": now(db)}
        db.execute(update(endpoints).where(endpoints.c.id == endpoint).values(gone_bad))

    assert tidied(store)["deliveries_held"] == 1

    assert counted(store) == {("pending", True): 1, ("pending", False): 1}
    with store.reading() as db:
        held = select(deliveries.c.endpoint_id).where(deliveries.c.due_at.is_(None), deliveries.c.ready.is_(None))
        assert list(db.execute(held).scalars()) == [endpoint]


def test_what_is_owed_to_one_that_is_gone_is_cancelled(store: Store) -> None:
    with store.writing() as db:
        a_delivery(db)
        db.execute(update(endpoints).values(state="disabled", gone=True, disabled_at=now(db)))

    tidied(store)

    assert counted(store) == {("cancelled", False): 1}


def test_holding_goes_on_in_batches(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db)
        for _ in range(7):
            a_delivery(db, endpoint_id=endpoint)
        db.execute(update(endpoints).values(state="disabled", disabled_at=NOON))

        assert [hold_disabled(db, 3, NOON) for _ in range(4)] == [3, 3, 1, 0]


def test_what_an_endpoint_holds_that_is_on_is_released_behind_what_is_ready(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db)
        left = a_delivery(db, endpoint_id=endpoint, due_at=None)
        ready = a_delivery(db, endpoint_id=endpoint)
        a_delivery(db, endpoint_id=an_endpoint(db, state="disabled", disabled_at=now(db)), due_at=None)
    assert tidied(store)["deliveries_released"] == 1
    assert counted(store) == {("pending", False): 2, ("pending", True): 1}
    with store.reading() as db:
        mine = select(deliveries.c.id).where(deliveries.c.ready == 1).order_by(deliveries.c.due_at)
        assert list(db.execute(mine).scalars()) == [ready, left]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("commits", [True, False])
def test_what_comes_for_one_that_is_enabled_just_then_is_not_cancelled_as_for_one_that_is_gone(
    store: Store, *, commits: bool
) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, state="disabled", gone=True, disabled_at=NOON)
        if not commits:
            a_delivery(db, endpoint_id=endpoint)
    with store.writing() as other, store.writing() as db:

        def meanwhile(*_: object) -> None:
            enabling.revive(other, endpoint)
            if commits:
                a_delivery(other, endpoint_id=endpoint)
                other.commit()

        event.listen(db, "after_cursor_execute", meanwhile, once=True)  # it has read who is disabled
        assert hold_disabled(db, 10, NOON) == 0
    assert counted(store) == {("pending", False): 1}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_was_held_for_a_week_by_one_that_is_enabled_just_then_is_not_cancelled(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, state="disabled", disabled_at=NOON)
        a_delivery(db, endpoint_id=endpoint, due_at=None)
    with store.writing() as other, store.writing() as db:
        enabling.revive(other, endpoint)
        assert cancel_long_held(db, 10, NOON + HELD_FOR + 1) == 0
    assert counted(store) == {("pending", True): 1}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_article_whose_fan_out_saw_an_endpoint_off_is_sent_though_it_was_turned_on_meanwhile(store: Store) -> None:
    with store.writing() as db:
        endpoint, version = an_endpoint(db, state="disabled", disabled_at=NOON), a_version(db)
    article, number = version.article_id, version.number
    with store.writing() as fan_out:
        owing.owe_news(fan_out, [endpoint], kind=Kind.NEWS, article_id=article, number=number, now=now(fan_out))
        enabling.enable(store, Pace(pauses=False), endpoint, Held.ALL)
    assert tidied(store)["deliveries_released"] == 1


def test_what_nobody_confirmed_is_forgotten(store: Store) -> None:
    with store.writing() as db:
        long_ago = now(db) - 31 * DAY
        a_subscription(db, channel="email", state="unconfirmed", created_at=long_ago, state_at=long_ago)
        a_subscription(db, channel="email", created_at=now(db))
    assert tidied(store)["unconfirmed_forgotten"] == 1
    assert tidied(store)["unconfirmed_forgotten"] == 0


def test_what_was_held_for_a_week_is_cancelled_however_old_it_was_before(store: Store) -> None:
    with store.writing() as db:
        a_delivery(db, due_at=None, created_at=NOON - 30 * DAY)
        db.execute(update(endpoints).values(state="disabled", disabled_at=NOON))
        assert cancel_long_held(db, 10, NOON + HELD_FOR) == 0
        assert cancel_long_held(db, 10, NOON + HELD_FOR + 1) == 1
    assert counted(store) == {("cancelled", False): 1}


def test_settled_rows_are_forgotten_after_their_time_and_open_ones_never(store: Store) -> None:
    with store.writing() as db:
        for state in ("delivered", "dead"):
            a_delivery(db, state=state, created_at=NOON, settled_at=NOON)
        open_one = a_delivery(db, created_at=NOON)
        young = a_delivery(db, state="delivered", created_at=NOON, settled_at=NOON + 2 * DAY)

        assert prune(db, 100, NOON + DAY) == 2

        assert set(db.execute(select(deliveries.c.id)).scalars()) == {open_one, young}
    assert counted(store) == {("pending", False): 1, ("delivered", False): 1}


def test_old_attempts_are_forgotten(store: Store) -> None:
    with store.writing() as db:
        row = {"delivery_id": 1, "took_ms": 1, "outcome": "later", "error": "no"}
        db.execute(insert(attempts), [row | {"at": NOON - 400 * DAY}, row | {"at": now(db)}])

    assert tidied(store)["attempts_pruned"] == 1


def test_a_counter_is_moved_by_each_transaction_that_moves_rows(store: Store) -> None:
    for n in (2, -1, -1):
        with store.settling() as db:
            counts.record(db, {Slot("push.http", State.PENDING): n})

    assert counted(store) == {}


def test_a_try_of_an_old_version_that_failed_after_the_correction_came_is_cancelled(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        a_delivery(db, version=a_version(db, article), state="retrying", ready=1)
        newest = a_delivery(db, version=a_version(db, article))

    tidied(store)

    with store.reading() as db:
        states = {row.id: (row.state, row.reason) for row in db.execute(select(deliveries))}
    assert states.pop(newest) == ("pending", None)
    assert list(states.values()) == [("cancelled", "superseded")]
    assert counted(store) == {("pending", False): 1, ("cancelled", False): 1}

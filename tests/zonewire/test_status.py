"""The picture that an operator looks at first."""

from sqlalchemy import update

from tests.builders import a_delivery, a_subscription, an_endpoint
from zonewire.delivery import heartbeats
from zonewire.status import status
from zonewire.store import SECOND, Store, insert, now
from zonewire.store.tables import endpoints, outbox


def test_an_empty_installation_has_every_key_and_nothing_in_it(store: Store) -> None:
    with store.reading() as db:
        found = status(db)

    assert found["deliveries"] == {
        "pending": 0,
        "sending": 0,
        "retrying": 0,
        "delivered": 0,
        "dead": 0,
        "cancelled": 0,
    }
    assert set(found["lanes"]) == {"events", "feeds", "digests", "push.http", "push.email", "push.robot", "upkeep"}
    assert (found["backlog"], found["oldest_due_seconds"], found["articles"]) == (0, 0.0, 0)
    assert found["endpoints"] == {"healthy": 0, "failing": 0, "disabled": 0}


def test_backlog_counts_what_is_owed_and_not_what_is_held(store: Store) -> None:
    with store.writing() as db:
        moment = now(db)
        a_delivery(db, due_at=moment - 3 * SECOND)
        a_delivery(db, state="retrying", due_at=moment + 3600 * SECOND)
        a_delivery(db, due_at=None)
        a_delivery(db, state="delivered")

    with store.reading() as db:
        found = status(db)

    assert found["backlog"] == 2
    assert 3 <= found["oldest_due_seconds"] < 60
    assert found["lanes"]["push.http"]["waiting"] == 1
    assert found["deliveries"] == {
        "pending": 2,
        "sending": 0,
        "retrying": 1,
        "delivered": 1,
        "dead": 0,
        "cancelled": 0,
    }


def test_workers_are_those_that_gave_a_sign_of_life_lately(store: Store) -> None:
    with store.writing() as db:
        for worker in ("a", "b"):
            heartbeats.beat(db, worker=worker, lane="events")
        db.execute(insert(outbox).values(number=1, created_at=now(db)))

    with store.reading() as db:
        found = status(db)

    assert found["lanes"]["events"]["workers"] == 2
    assert found["lanes"]["events"]["waiting"] == 1


def test_endpoints_and_subscriptions_are_counted_by_what_they_are(store: Store) -> None:
    with store.writing() as db:
        bad = an_endpoint(db)
        db.execute(update(endpoints).where(endpoints.c.id == bad).values(state="disabled"))
        a_subscription(db)
        a_subscription(db, state="ended")

    with store.reading() as db:
        found = status(db)

    assert found["endpoints"] == {"healthy": 2, "failing": 0, "disabled": 1}
    assert found["subscriptions"] == 1

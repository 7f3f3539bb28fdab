"""A clock that jumps: back it delays and never repeats; forward it may hand a row to another, under the same id."""

from sqlalchemy import Connection, select, update

from tests.builders import DAY, NOON, a_delivery, a_subscription, a_version
from tests.zonewire.delivery.test_ledger import claim, settle, state_of
from zonewire.delivery import ledger
from zonewire.delivery.ledger import LEASE
from zonewire.delivery.outcomes import Delivered, Later
from zonewire.digests import Cut, cut_due
from zonewire.store import SECOND, Store
from zonewire.store.tables import deliveries, subscriptions

HOUR = 3600 * SECOND
BEFORE = NOON - HOUR


def due_at(db: Connection, key: int) -> int:
    return int(db.execute(select(deliveries.c.due_at).where(deliveries.c.id == key)).scalar_one())


def test_back_a_lease_is_neither_lost_nor_claimed_by_another_and_its_holder_settles(db: Connection) -> None:
    key = a_delivery(db)
    (row,) = claim(db).rows
    assert ledger.return_lapsed(db, now=BEFORE) == 0
    assert claim(db, now=BEFORE, worker="w2").rows == ()
    assert settle(db, [row], Delivered(200), now=BEFORE).delivered == 1
    assert claim(db, now=NOON + DAY).rows == ()
    assert state_of(db, key) == "delivered"


def test_back_a_retry_waits_longer_and_is_made_once(db: Connection) -> None:
    key = a_delivery(db)
    settle(db, claim(db).rows, Later("HTTP 500", 500))
    assert due_at(db, key) == NOON + 5 * SECOND
    ledger.ripen(db, lane="push.http", now=BEFORE)
    assert claim(db, now=BEFORE).rows == ()
    ledger.ripen(db, lane="push.http", now=NOON + 5 * SECOND)
    assert [row.id for row in claim(db, now=NOON + 5 * SECOND).rows] == [key]
    assert claim(db, now=NOON + 6 * SECOND, worker="w2").rows == ()


def test_forward_a_lease_lapses_and_its_late_holder_changes_nothing(db: Connection) -> None:
    key = a_delivery(db)
    (row,) = claim(db).rows
    assert ledger.return_lapsed(db, now=NOON + HOUR) == 1
    (again,) = claim(db, now=NOON + HOUR, worker="w2").rows
    assert again.id == row.id == key
    assert settle(db, [row], Delivered(200), now=NOON).too_late == 1
    assert settle(db, [again], Delivered(200), now=NOON).delivered == 1


def test_back_a_renewed_lease_still_outlives_its_next_renewal(db: Connection) -> None:
    a_delivery(db)
    batch = claim(db)
    assert batch.lease_id is not None
    ledger.renew(db, [batch.lease_id], now=BEFORE)
    assert ledger.return_lapsed(db, now=BEFORE + LEASE // 3) == 0


def test_back_a_digest_that_was_cut_is_not_cut_again(store: Store) -> None:
    with store.writing() as db:
        reader = a_subscription(db, channel="email")
        a_version(db)
    assert cut_due(store, now=NOON) == Cut(editions=1, deliveries=1, subscriptions=1)
    for moment in (BEFORE, NOON - DAY, NOON, NOON + 60 * SECOND):
        assert cut_due(store, now=moment) == Cut()
    with store.reading() as db:
        next_at = db.execute(select(subscriptions.c.next_at).where(subscriptions.c.id == reader)).scalar_one()
    assert next_at == NOON + 20 * HOUR  # from noon to eight


def test_far_forward_and_back_again_makes_one_digest_too_early_and_none_twice(store: Store) -> None:
    with store.writing() as db:
        reader = a_subscription(db, channel="email")
        a_version(db)
    cut_due(store, now=NOON + 30 * DAY)
    with store.writing() as db:
        a_version(db)
        waits_until = db.execute(select(subscriptions.c.next_at).where(subscriptions.c.id == reader)).scalar_one()
    assert cut_due(store, now=NOON + DAY) == Cut()
    assert waits_until > NOON + 30 * DAY
    with store.writing() as db:  # what an operator does about it: `digests run`, or a new hour
        db.execute(update(subscriptions).values(next_at=NOON + DAY))
    assert cut_due(store, now=NOON + DAY).deliveries == 1
    with store.reading() as db:
        carried = db.execute(select(deliveries.c.edition_id)).scalars().all()
    assert len(carried) == len(set(carried)) == 2

"""Endpoints that an operator turns off and on, and what becomes of what is held."""

from collections import Counter

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, a_delivery, a_subscription, a_version, an_article, an_edition, an_endpoint
from tests.zonewire.delivery.test_ledger import claim, counted, settle, state_of
from zonewire.delivery import counts, enabling
from zonewire.delivery.counts import Slot
from zonewire.delivery.enabling import Held
from zonewire.delivery.holding import hold_disabled
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.states import State
from zonewire.store.tables import deliveries, endpoints


def held_at(db: Connection, endpoint_id: int, n: int) -> list[int]:
    return [a_delivery(db, endpoint_id=endpoint_id, due_at=None) for _ in range(n)]


def settle_all(db: Connection, endpoint_id: int, held: Held, *, most: int = 2) -> Counter[str]:
    done: Counter[str] = Counter()
    while True:
        due = NOON + done["released"]
        step = enabling.settle_held(db, endpoint_id, held, most=most, due_from=due, now=NOON)
        if not step.total():
            return done
        done += step


def test_what_is_owed_to_one_that_is_turned_off_is_held_and_claimed_by_nobody(db: Connection) -> None:
    endpoint = an_endpoint(db)
    key, other = a_delivery(db, endpoint_id=endpoint), a_delivery(db)
    assert enabling.disable(db, endpoint, why="they move", now=NOON)
    assert hold_disabled(db, 10, NOON) == 1
    assert [row.id for row in claim(db).rows] == [other]
    assert (state_of(db, key), enabling.held_count(db, endpoint)) == ("pending", 1)
    assert counts.read(db)[Slot("push.http", State.PENDING, held=True)] == 1
    assert not enabling.disable(db, endpoint, why="", now=NOON + 1)


def test_turned_on_it_is_as_if_it_had_never_failed(db: Connection) -> None:
    endpoint = an_endpoint(db, state="disabled", gone=True, failures=30, failing_since=1, reason="gone", disabled_at=2)
    enabling.enable(db, endpoint)
    row = db.execute(select(endpoints).where(endpoints.c.id == endpoint)).one()
    assert (row.state, row.gone, row.failures) == ("healthy", False, 0)
    assert (row.failing_since, row.reason, row.disabled_at) == (None, None, None)


def test_all_that_is_held_is_sent_the_oldest_first(db: Connection) -> None:
    endpoint = an_endpoint(db)
    keys = held_at(db, endpoint, 5)
    assert settle_all(db, endpoint, Held.ALL) == Counter(released=5)
    claimed: list[int] = []
    while rows := claim(db, now=NOON + 10, per_host=1).rows:
        claimed += [row.id for row in rows]
        settle(db, rows, Delivered(200), now=NOON + 10)
    assert claimed == keys
    assert counted(db) == {"delivered": 5}


def test_none_of_it_is_sent_if_nobody_wants_it(db: Connection) -> None:
    endpoint, other = an_endpoint(db), an_endpoint(db)
    held_at(db, endpoint, 5)
    (stays,) = held_at(db, other, 1)
    assert settle_all(db, endpoint, Held.NONE) == Counter(cancelled=5)
    assert state_of(db, stays) == "pending"
    reasons = set(db.execute(select(deliveries.c.reason).where(deliveries.c.endpoint_id == endpoint)).scalars())
    assert reasons == {enabling.LEFT_OUT}


def test_only_the_newest_news_and_the_newest_digest_of_each_subscription(db: Connection) -> None:
    endpoint = an_endpoint(db)
    *_, newest = held_at(db, endpoint, 4)
    readers = [a_subscription(db, channel="email", endpoint_id=endpoint, cadence=c) for c in ("daily", "weekly")]
    digests = [
        a_delivery(db, endpoint_id=endpoint, kind="digest", due_at=None, subscription_id=reader, edition_id=edition)
        for edition in (an_edition(db, up_to=n) for n in (1, 2))
        for reader in readers
    ]
    assert settle_all(db, endpoint, Held.NEWEST) == Counter(cancelled=5, released=3)
    assert [key for key in (newest, *digests) if state_of(db, key) == "pending"] == [newest, *digests[2:]]


@pytest.mark.parametrize("kind", ["news", "withdrawal"])
def test_what_puts_right_a_text_that_the_receiver_has_is_sent_with_the_newest(db: Connection, kind: str) -> None:
    endpoint = an_endpoint(db)
    old = a_version(db)
    a_delivery(db, endpoint_id=endpoint, version=old, state="delivered")
    corrected = a_version(db, an_article(guid=old.article.guid))
    correction = a_delivery(db, endpoint_id=endpoint, version=corrected, kind=kind, due_at=None)
    outdated, newest = held_at(db, endpoint, 2)
    settle_all(db, endpoint, Held.NEWEST)
    states = {key: state_of(db, key) for key in (correction, outdated, newest)}
    assert states == {correction: "pending", outdated: "cancelled", newest: "pending"}

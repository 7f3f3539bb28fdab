"""Pushing, turn by turn, on both databases, over a real courier to a real receiver."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text, update

from tests.builders import a_delivery, a_version, an_article, an_endpoint
from tests.eventually import eventually
from tests.servers.receiver import Receiver, fail_then_ok, hang, slow, status
from zonewire.channels import webhook
from zonewire.channels.registry import CHANNELS
from zonewire.delivery import counts, ledger
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.listing import show_delivery
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.outcomes import Delivered, Outcome
from zonewire.delivery.retries import RetryPolicy
from zonewire.errors import CourierGone
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.outbound.courier import Reply
from zonewire.outbound.couriers.http import LAST_WORDS_S, HttpCourier
from zonewire.outbound.guard import Guard
from zonewire.push import Push, Pusher
from zonewire.store import SECOND, Store, migrate, now
from zonewire.store.tables import attempts, deliveries, endpoints

KEYS = KeyRing(("a key for tests",))
SECRET = new_webhook_secret()
_numbers = count()


@dataclass(slots=True)
class Pushing:
    """A pusher with all that it stands on."""

    store: Store
    receiver: Receiver
    made: list[Pusher] = field(default_factory=list)

    def pusher(self, *, steps: tuple[int, ...] = (0, 0), worker: str = "w1", timeout_s: float = 1.0) -> Pusher:
        with self.store.reading() as db:
            installation = migrate.installation_number(db)
        push = Push(
            lane="push.http",
            worker=worker,
            installation=installation,
            policy=RetryPolicy(steps),
            disable_after_s=3600,
            mailing=Mailing("https://news.example", "Zonewire <digest@news.example>", KEYS),
        )
        courier = HttpCourier(Guard(allow_private=True), timeout_s=timeout_s)
        self.made.append(Pusher(self.store, courier, push))
        return self.made[-1]

    def owe(self, path: str, *, host: str | None = None) -> int:
        """A webhook owed to *path* of the receiver, due now."""
        with self.store.writing() as db:
            # A fragment is not sent: so many endpoints may share a path of the receiver.
            address = f"{self.receiver.url(path)}#{next(_numbers)}"
            endpoint = an_endpoint(db, address=address, host=host, secret=KEYS.seal(SECRET.encode()))
            return a_delivery(db, endpoint_id=endpoint, created_at=now(db), due_at=now(db) - 1)

    def owe_again(self, endpoint: int) -> int:
        """Another webhook owed to the same endpoint."""
        with self.store.writing() as db:
            return a_delivery(db, endpoint_id=endpoint, created_at=now(db), due_at=now(db) - 1)

    def states(self) -> dict[str, int]:
        with self.store.reading() as db:
            rows = db.execute(select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)).all()
            assert {slot.state.value: n for slot, n in counts.read(db).items()} == {row.state: row.n for row in rows}
            return {row.state: row.n for row in rows}

    def until(self, states: dict[str, int], *pushers: Pusher, within_s: float = 10) -> None:
        def reached() -> bool:
            for pusher in pushers:
                pusher.turn()
            return self.states() == states

        eventually(reached, within_s=within_s, what=str(states))


@pytest.fixture
def pushing(store: Store) -> Iterator[Pushing]:
    with Receiver() as receiver:
        made = Pushing(store, receiver)
        yield made
        for pusher in made.made:
            pusher.courier.close(grace_s=0)


def read(pushing: Pushing, look: Callable[[Connection], Any]) -> Any:
    with pushing.store.reading() as db:
        return look(db)


def test_what_is_owed_arrives_signed_under_its_own_id(pushing: Pushing) -> None:
    key = pushing.owe("/hook")

    pushing.until({"delivered": 1}, pushing.pusher())

    (push,) = pushing.receiver.received("/hook")
    with pushing.store.reading() as db:
        row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
        expected = delivery_uuid(migrate.installation_number(db), key, row.created_at)
    assert push.id == expected
    assert push.is_signed_with(SECRET)
    assert push.headers["zonewire-sequence"] == "1"
    assert push.json()["type"] == "article.published"
    assert push.json()["data"]["version"] == 1


def test_a_failed_one_comes_again_under_the_same_id(pushing: Pushing) -> None:
    pushing.owe("/hook")
    pushing.receiver.behave("/hook", fail_then_ok(2))

    pushing.until({"delivered": 1}, pushing.pusher())

    assert len(pushing.receiver.received("/hook")) == 3
    assert len(pushing.receiver.ids("/hook")) == 1


def test_what_was_answered_to_a_failed_one_is_kept_with_its_head(pushing: Pushing) -> None:
    key = pushing.owe("/hook")
    pushing.receiver.behave("/hook", status(503, retry_after=7))

    pushing.until({"retrying": 1}, pushing.pusher())

    with pushing.store.reading() as db:
        ours, row = migrate.installation_number(db), db.execute(select(deliveries).where(deliveries.c.id == key)).one()
        found = show_delivery(db, delivery_uuid(ours, key, row.created_at), installation=ours)
    (attempt,) = found["failed_attempts"]
    assert attempt["head"] == ["HTTP/1.1 503 Told", "Retry-After: 7", "Content-Length: 0"]


def test_one_that_hangs_is_unknown_and_tried_again_under_the_same_id(pushing: Pushing) -> None:
    key = pushing.owe("/hook")
    pushing.receiver.behave("/hook", hang)
    pusher = pushing.pusher(steps=(0,), timeout_s=0.3)

    pushing.until({"dead": 1}, pusher)

    assert len(pushing.receiver.ids("/hook")) == 1
    assert read(pushing, lambda db: db.execute(select(deliveries.c.unknowns)).scalar_one()) == 2
    assert key


def test_gone_is_a_dead_letter_at_once(pushing: Pushing) -> None:
    pushing.owe("/hook")
    pushing.receiver.behave("/hook", status(410))

    pushing.until({"dead": 1}, pushing.pusher())

    assert len(pushing.receiver.received("/hook")) == 1


def test_a_poisoned_row_is_buried_alone(pushing: Pushing) -> None:
    for _ in range(3):
        pushing.owe("/hook")
    with pushing.store.writing() as db:
        endpoint = an_endpoint(db, address=pushing.receiver.url("/other"), secret=b"not sealed by us")
        a_delivery(db, endpoint_id=endpoint, due_at=now(db) - 1)

    pushing.until({"delivered": 3, "dead": 1}, pushing.pusher())


@contextmanager
def refused(store: Store, delivery: int, *states: str) -> Iterator[None]:
    """The database refuses to let *delivery* come to any of *states*, for as long as the block lasts."""
    wrong = f"NEW.id = {delivery} AND NEW.state IN ({', '.join(repr(state) for state in states)})"
    refuse = f"CREATE TRIGGER refuse BEFORE UPDATE ON deliveries WHEN {wrong} BEGIN SELECT RAISE(ABORT, 'refused'); END"
    allow = "DROP TRIGGER refuse"
    if store.is_postgresql:
        refuse = f"ALTER TABLE deliveries ADD CONSTRAINT refuse CHECK (NOT ({wrong.replace('NEW.', '')}))"
        allow = "ALTER TABLE deliveries DROP CONSTRAINT refuse"
    with store.writing() as db:
        db.execute(text(refuse))
    try:
        yield
    finally:
        with store.writing() as db:
            db.execute(text(allow))


def test_what_no_key_here_opens_waits_for_its_key_and_spends_no_try(pushing: Pushing) -> None:
    key = pushing.owe("/hook")
    sealed_by_another = KeyRing(("a key that comes later",)).seal(SECRET.encode())
    with pushing.store.writing() as db:
        db.execute(update(endpoints).values(secret=sealed_by_another))

    pushing.until({"retrying": 1}, pushing.pusher())

    assert read(pushing, lambda db: db.execute(select(deliveries.c.attempts)).scalar_one()) == 0
    (told,) = read(pushing, lambda db: db.execute(select(attempts.c.error).where(attempts.c.delivery_id == key)).all())
    assert told.error == "no key here opens a secret of the database"


def test_an_outcome_that_the_database_refuses_is_buried_alone_and_holds_up_no_other(pushing: Pushing) -> None:
    culprit = pushing.owe("/hook")
    pushing.owe("/hook")

    with refused(pushing.store, culprit, "delivered"):
        pushing.until({"dead": 1, "delivered": 1}, pushing.pusher())

    dead = select(deliveries.c.id).where(deliveries.c.state == "dead")
    assert read(pushing, lambda db: db.execute(dead).scalar_one()) == culprit


def test_a_row_that_the_database_lets_end_in_no_way_comes_back_when_its_lease_runs_out(pushing: Pushing) -> None:
    culprit = pushing.owe("/hook")
    pushing.owe("/hook")
    pusher = pushing.pusher()

    with refused(pushing.store, culprit, "delivered", "dead"):
        pushing.until({"sending": 1, "delivered": 1}, pusher)
        pusher.renew()
        with pushing.store.settling() as db:
            returned = ledger.return_lapsed(db, now=now(db) + ledger.LEASE + SECOND)

    assert returned == 1
    assert pushing.states() == {"retrying": 1, "delivered": 1}


def test_an_answer_that_its_channel_cannot_read_costs_its_own_row_a_try(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(reply: Reply) -> Outcome:
        return webhook.judge(reply) if reply.status == 200 else Delivered(int("a number it is not"))

    monkeypatch.setitem(CHANNELS, "webhook", SimpleNamespace(LIMITS=webhook.LIMITS, build=webhook.build, judge=judge))
    pushing.receiver.behave("/odd", status(500))
    pushing.owe("/odd")
    pushing.owe("/hook")

    pushing.until({"dead": 1, "delivered": 1}, pushing.pusher(steps=(0,)))


def test_a_courier_that_is_gone_is_told_and_what_it_had_comes_back_by_its_lease(pushing: Pushing) -> None:
    pushing.receiver.behave("/hang", hang)
    pushing.owe("/hang")
    pusher = pushing.pusher(timeout_s=30)
    pusher.turn()
    eventually(lambda: pushing.receiver.count == 1, within_s=5)

    assert isinstance(pusher.courier, HttpCourier)
    os.kill(pusher.courier.pid, signal.SIGKILL)

    assert pusher.courier.wait(5), "who waits is woken"
    with pytest.raises(CourierGone):
        pusher.turn()
    assert pushing.states() == {"sending": 1}


def test_a_courier_that_died_while_it_had_nothing_is_told_before_anything_is_claimed(pushing: Pushing) -> None:
    pusher = pushing.pusher()
    assert pusher.turn() is None
    assert isinstance(pusher.courier, HttpCourier)
    os.kill(pusher.courier.pid, signal.SIGKILL)
    assert pusher.courier.wait(5)
    pushing.owe("/hook")

    with pytest.raises(CourierGone):
        pusher.turn()

    assert pushing.states() == {"pending": 1}


def test_two_workers_share_what_is_owed_and_send_nothing_twice(pushing: Pushing) -> None:
    for n in range(300):
        pushing.owe(f"/hook/{n}", host=f"host-{n % 20}:1")

    pushing.until({"delivered": 300}, pushing.pusher(worker="w1"), pushing.pusher(worker="w2"))

    assert pushing.receiver.count == 300
    assert len(pushing.receiver.ids()) == 300


def test_a_receiver_that_hangs_delays_no_other(pushing: Pushing) -> None:
    pushing.receiver.behave("/hang", hang)
    for _ in range(100):
        pushing.owe("/hang", host="hanging:1")
    for n in range(50):
        pushing.owe(f"/well/{n}", host="well:1")
    pusher = pushing.pusher(timeout_s=10)

    def all_well_ones_came() -> bool:
        pusher.turn()
        return sum(1 for push in pushing.receiver.received() if push.path != "/hang") == 50

    eventually(all_well_ones_came, within_s=5)


def test_a_turn_that_finds_nothing_writes_nothing(pushing: Pushing) -> None:
    assert pushing.pusher().turn() is None


def test_a_correction_waits_for_the_older_version_that_is_on_its_way(pushing: Pushing) -> None:
    article = an_article()
    pushing.receiver.behave("/hook", slow(0.3))
    with pushing.store.writing() as db:
        endpoint = an_endpoint(db, address=pushing.receiver.url("/hook"), secret=KEYS.seal(SECRET.encode()))
        a_delivery(db, endpoint_id=endpoint, version=a_version(db, article), due_at=now(db))
    pusher = pushing.pusher(timeout_s=5)
    pusher.turn()
    eventually(lambda: pushing.receiver.count == 1, within_s=5)
    with pushing.store.writing() as db:
        a_delivery(db, endpoint_id=endpoint, version=a_version(db, article), due_at=now(db))

    pushing.until({"delivered": 2}, pusher)

    assert [push.json()["type"] for push in pushing.receiver.received("/hook")] == [
        "article.published",
        "article.updated",
    ]


def test_closing_settles_what_came_back_and_hands_back_what_did_not_go_out(pushing: Pushing) -> None:
    pushing.receiver.behave("/slow", slow(0.2))
    for _ in range(40):
        pushing.owe("/slow", host="one:1")
    pusher = pushing.pusher(timeout_s=5)
    pusher.turn()
    eventually(lambda: pushing.receiver.count > 0, within_s=5)

    pusher.close(grace_s=2)

    states = pushing.states()
    assert states["delivered"] == pushing.receiver.count
    assert states.get("sending", 0) == 0


def test_what_is_still_in_flight_at_the_end_goes_back_and_counts_as_no_lapse(pushing: Pushing) -> None:
    pushing.receiver.behave("/hang", hang)
    pushing.owe("/hang")
    pusher = pushing.pusher(timeout_s=30)
    pusher.turn()
    eventually(lambda: pushing.receiver.count == 1, within_s=5)

    began = time.monotonic()
    pusher.close(grace_s=0.1)

    assert time.monotonic() - began < LAST_WORDS_S
    assert pushing.states() == {"retrying": 1}
    assert read(pushing, lambda db: db.execute(select(deliveries.c.lapses)).scalar_one()) == 0

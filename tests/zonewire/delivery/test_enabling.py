"""Endpoints that an operator turns off and on, and what becomes of what is held."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, a_delivery, a_subscription, a_version, an_article, an_edition, an_endpoint
from tests.zonewire.delivery.test_ledger import claim, settle, state_of
from zonewire.delivery import counts, ramps
from zonewire.delivery.counts import Slot
from zonewire.delivery.enabling import LEFT_OUT, Held, disable, enable, held_count, left_out, let_go
from zonewire.delivery.holding import hold_disabled
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.states import State
from zonewire.store import Store
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints


class TwoAtOnce(Pace):
    """Two rows a transaction, and none any more after so many transactions: its process was stopped."""

    def __init__(self, *, stops_after: int = 99) -> None:
        super().__init__(pauses=False)
        self._left = stops_after

    @contextmanager
    def transaction(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[tuple[Connection, int]]:
        """Begin one more."""
        if not self._left:
            raise InterruptedError
        self._left -= 1
        with begin() as db:
            yield db, 2


def held_at(db: Connection, endpoint_id: int, n: int) -> list[int]:
    return [a_delivery(db, endpoint_id=endpoint_id, due_at=None) for _ in range(n)]


def an_endpoint_that_holds(store: Store, n: int) -> tuple[int, list[int]]:
    with store.writing() as db:
        endpoint = an_endpoint(db, state="disabled", disabled_at=NOON)
        return endpoint, held_at(db, endpoint, n)


def states_of(store: Store, keys: list[int]) -> list[str]:
    with store.reading() as db:
        return [state_of(db, key) for key in keys]


def test_what_is_owed_to_one_that_is_turned_off_is_held_and_claimed_by_nobody(db: Connection) -> None:
    endpoint = an_endpoint(db)
    key, other = a_delivery(db, endpoint_id=endpoint), a_delivery(db)
    assert disable(db, endpoint, why="they move", now=NOON)
    assert hold_disabled(db, 10, NOON) == 1
    assert [row.id for row in claim(db).rows] == [other]
    assert (state_of(db, key), held_count(db, endpoint)) == ("pending", 1)
    assert counts.read(db)[Slot("push.http", State.PENDING, held=True)] == 1
    assert not disable(db, endpoint, why="", now=NOON + 1)


def test_turned_on_it_is_as_if_it_had_never_failed(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(
            db,
            state="disabled",
            gone=True,
            failures=30,
            failing_since=1,
            reason="gone",
            last_error="410",
            disabled_at=2,
        )
    enable(store, TwoAtOnce(), endpoint, Held.NONE)
    with store.reading() as db:
        row = db.execute(select(endpoints).where(endpoints.c.id == endpoint)).one()
    assert (row.state, row.gone, row.failures) == ("healthy", False, 0)
    assert (row.failing_since, row.reason, row.last_error, row.disabled_at) == (None, None, None, None)


def test_all_that_is_held_is_sent_the_oldest_first(store: Store) -> None:
    endpoint, keys = an_endpoint_that_holds(store, 5)
    assert enable(store, TwoAtOnce(), endpoint, Held.ALL) == Counter(released=5)
    claimed: list[int] = []
    for _ in range(2):  # the probe, and the rest in one portion
        ramps.step_all(store, Pace(pauses=False))
        with store.writing() as db:
            while rows := claim(db, per_host=1).rows:
                claimed += [row.id for row in rows]
                settle(db, rows, Delivered(200))
    assert claimed == keys


def test_none_of_it_is_sent_if_nobody_wants_it(store: Store) -> None:
    (endpoint, keys), (_, others) = an_endpoint_that_holds(store, 5), an_endpoint_that_holds(store, 1)
    assert enable(store, TwoAtOnce(), endpoint, Held.NONE) == Counter(cancelled=5)
    assert states_of(store, keys + others) == ["cancelled"] * 5 + ["pending"]
    with store.reading() as db:
        reasons = set(db.execute(select(deliveries.c.reason).where(deliveries.c.endpoint_id == endpoint)).scalars())
        assert reasons == {LEFT_OUT}
        assert counts.read(db) == {
            Slot("push.http", State.CANCELLED): 5,
            Slot("push.http", State.PENDING, held=True): 1,
        }


def test_whoever_is_stopped_while_leaving_out_leaves_it_off(store: Store) -> None:
    endpoint, keys = an_endpoint_that_holds(store, 5)
    with pytest.raises(InterruptedError):
        enable(store, TwoAtOnce(stops_after=2), endpoint, Held.NONE)
    assert states_of(store, keys) == ["cancelled"] * 4 + ["pending"]
    with store.reading() as db:
        assert db.execute(select(endpoints.c.state).where(endpoints.c.id == endpoint)).scalar_one() == "disabled"
        assert held_count(db, endpoint) == 1


def test_of_two_who_enable_at_once_the_second_cancels_nothing_that_the_first_lets_go(store: Store) -> None:
    (endpoint, keys), once = an_endpoint_that_holds(store, 5), iter([True])

    class Overtaken(TwoAtOnce):
        """Somebody else enables it after the first transaction."""

        @contextmanager
        def transaction(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Any]:
            with super().transaction(begin) as given:
                yield given
            if next(once, False):
                enable(store, TwoAtOnce(), endpoint, Held.ALL)

    assert enable(store, Overtaken(), endpoint, Held.NONE) == Counter(cancelled=2, released=2)
    assert states_of(store, keys) == ["cancelled"] * 2 + ["pending"] * 3


def test_of_one_that_comes_back_what_is_on_its_way_is_not_left_out(store: Store) -> None:
    endpoint, keys = an_endpoint_that_holds(store, 3)
    enable(store, TwoAtOnce(), endpoint, Held.ALL)

    class LetGoMeanwhile(TwoAtOnce):
        """Upkeep lets one more go before the first transaction."""

        @contextmanager
        def transaction(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Any]:
            with store.writing() as db:
                let_go(db, endpoint, 1, now=NOON)
            with super().transaction(begin) as given:
                yield given

    enable(store, LetGoMeanwhile(), endpoint, Held.NONE)
    assert states_of(store, keys) == ["pending", "pending", "cancelled"]


def test_only_the_newest_news_and_the_newest_digest_of_each_subscription(db: Connection) -> None:
    endpoint = an_endpoint(db)
    *older, _ = held_at(db, endpoint, 4)
    daily, weekly = (a_subscription(db, channel="email", endpoint_id=endpoint, cadence=c) for c in ("daily", "weekly"))
    first, second = an_edition(db, up_to=1), an_edition(db, up_to=2)
    old, *_ = [
        a_delivery(db, endpoint_id=endpoint, kind="digest", due_at=None, subscription_id=reader, edition_id=edition)
        for reader, edition in ((daily, first), (daily, second), (weekly, first))
    ]
    assert left_out(db, endpoint, Held.NEWEST) == [*older, old]


@pytest.mark.parametrize("kind", ["news", "withdrawal"])
@pytest.mark.parametrize("had", [{"state": "delivered"}, {"state": "sending"}, {"state": "dead", "unknowns": 1}])
def test_what_puts_right_a_text_that_the_receiver_has_is_sent_with_the_newest(
    db: Connection, kind: str, had: dict[str, str]
) -> None:
    endpoint = an_endpoint(db)
    old, never_had = a_version(db), a_version(db)
    a_delivery(db, endpoint_id=endpoint, version=old, **had)
    a_delivery(db, endpoint_id=endpoint, version=never_had, state="dead")
    for known in (old, never_had):
        corrected = a_version(db, an_article(guid=known.article.guid))
        outdated = a_delivery(db, endpoint_id=endpoint, version=corrected, kind=kind, due_at=None)
    held_at(db, endpoint, 1)
    assert left_out(db, endpoint, Held.NEWEST) == ([outdated] if kind == "news" else [])


def test_a_retry_whose_time_has_not_come_is_left_out_too(store: Store) -> None:
    """Upkeep may not have come to it: it is not held, and would go out when its time comes."""
    with store.writing() as db:
        endpoint = an_endpoint(db, state="disabled", disabled_at=1)
        retry = a_delivery(db, endpoint_id=endpoint, state="retrying", due_at=NOON * 2)
    done = enable(store, Pace(pauses=False), endpoint, Held.NONE)
    assert (done["cancelled"], states_of(store, [retry])) == (1, ["cancelled"])


def test_enabling_what_is_on_leaves_retries_their_time(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db)
        retry = a_delivery(db, endpoint_id=endpoint, state="retrying", due_at=NOON * 2)
    enable(store, Pace(pauses=False), endpoint, Held.NONE)
    assert states_of(store, [retry]) == ["retrying"]

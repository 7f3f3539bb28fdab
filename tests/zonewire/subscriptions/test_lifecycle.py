"""How a subscription begins to run, rests, and ends."""

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import Connection, select

from tests.builders import DAY, NOON, a_delivery, a_filter, a_subscription, a_version, an_edition, an_endpoint
from zonewire.errors import Conflict, NotFound
from zonewire.keys import KeyRing
from zonewire.store import SECOND, Store
from zonewire.store.tables import deliveries, subscriptions
from zonewire.subscriptions import (
    Subscription,
    confirm,
    find,
    key_of,
    pause,
    read_options,
    remove,
    resume,
    resume_rested,
    subscribe,
    unsubscribe,
)
from zonewire.subscriptions.lifecycle import _resume_if_rested

HOUR = 3_600 * SECOND
Move = Callable[[Connection, int, int], Subscription]


def state_of(db: Connection, delivery_id: int) -> str:
    return str(db.execute(select(deliveries.c.state).where(deliveries.c.id == delivery_id)).scalar_one())


_windows = count(1)


def a_digest(db: Connection, subscription_id: int, endpoint_id: int, state: str = "pending") -> int:
    return a_delivery(
        db,
        kind="digest",
        endpoint_id=endpoint_id,
        subscription_id=subscription_id,
        edition_id=an_edition(db, up_to=next(_windows)),
        state=state,
    )


@pytest.mark.parametrize(
    ("move", "was", "becomes"),
    [
        (confirm, "unconfirmed", "active"),
        (confirm, "active", "active"),
        (confirm, "paused", "paused"),
        (pause, "active", "paused"),
        (pause, "paused", "paused"),
        (resume, "paused", "active"),
        (resume, "active", "active"),
        *(
            (move, was, "ended")
            for move in (remove, unsubscribe)
            for was in ("active", "unconfirmed", "paused", "ended")
        ),
    ],
)
def test_moves_that_can_be_made(db: Connection, move: Move, was: str, becomes: str) -> None:
    subscription_id = a_subscription(db, channel="email", state=was)
    assert move(db, subscription_id, NOON).state == becomes
    kept = find(db, subscription_id)
    assert kept.state == becomes
    assert (kept.next_at is not None) == (becomes == "active")


@pytest.mark.parametrize(
    ("move", "was"),
    [(confirm, "ended"), (pause, "ended"), (pause, "unconfirmed"), (resume, "ended"), (resume, "unconfirmed")],
)
def test_moves_that_cannot_be_made_change_nothing(db: Connection, move: Move, was: str) -> None:
    subscription_id = a_subscription(db, channel="email", state=was)
    with pytest.raises(Conflict):
        move(db, subscription_id, NOON)
    assert find(db, subscription_id).state == was


@pytest.mark.parametrize("move", [confirm, pause, resume, remove, unsubscribe])
def test_what_is_not_there_is_not_found(db: Connection, move: Move) -> None:
    with pytest.raises(NotFound, match="s4711"):
        move(db, 4711, NOON)


def test_confirming_opens_the_window_then_and_not_when_it_was_asked_for(db: Connection) -> None:
    for age in (30 * HOUR, 20 * HOUR, HOUR):
        a_version(db, accepted_at=NOON - age)
    subscription_id = a_subscription(db, channel="email", state="unconfirmed", created_at=NOON - 2 * DAY)
    confirmed = confirm(db, subscription_id, NOON)
    assert confirmed == find(db, subscription_id)
    assert confirmed.window_after == 1
    assert confirmed.next_at == NOON + 20 * HOUR


def test_a_digest_resumes_one_period_back_at_most(db: Connection) -> None:
    for age in (50 * HOUR, 30 * HOUR, 20 * HOUR, HOUR):
        a_version(db, accepted_at=NOON - age)
    long_ago = a_subscription(db, channel="email", state="paused", window_after=1)
    just_now = a_subscription(db, channel="email", state="paused", window_after=3)
    assert resume(db, long_ago, NOON).window_after == 2
    assert resume(db, just_now, NOON).window_after == 3


def test_instant_news_resume_from_now(db: Connection) -> None:
    newest = a_version(db, accepted_at=NOON - HOUR)
    subscription_id = a_subscription(db, state="paused")
    resumed = resume(db, subscription_id, NOON)
    assert (resumed.window_after, resumed.next_at) == (newest.number, None)


def test_unsubscribing_cancels_what_is_owed_and_only_that(db: Connection) -> None:
    endpoint_id = an_endpoint(db, channel="email")
    mine = a_subscription(db, channel="email", endpoint_id=endpoint_id)
    other = a_subscription(db, channel="email", endpoint_id=endpoint_id, cadence="weekly")
    digest, retry = a_digest(db, mine, endpoint_id), a_digest(db, mine, endpoint_id, "retrying")
    flying, done = a_digest(db, mine, endpoint_id, "sending"), a_digest(db, mine, endpoint_id, "delivered")
    others = a_digest(db, other, endpoint_id)
    unsubscribe(db, mine, NOON)
    states = [state_of(db, ident) for ident in (digest, retry, flying, done, others)]
    assert states == ["cancelled", "cancelled", "sending", "delivered", "pending"]


def test_instant_news_are_cancelled_only_with_the_last_instant_subscription_of_an_endpoint(db: Connection) -> None:
    endpoint_id = an_endpoint(db)
    first = a_subscription(db, endpoint_id=endpoint_id)
    second = a_subscription(db, endpoint_id=endpoint_id, filter_id=a_filter(db, city="泰州"))
    news, elsewhere = a_delivery(db, endpoint_id=endpoint_id), a_delivery(db)
    unsubscribe(db, first, NOON)
    assert state_of(db, news) == "pending"
    unsubscribe(db, second, NOON)
    assert (state_of(db, news), state_of(db, elsewhere)) == ("cancelled", "pending")


@pytest.mark.parametrize("shown", ["", "s", "s0", "17", "e17", "s-1", "s1 ", "s" + "9" * 19])
def test_what_is_no_subscriptions_id_is_not_found(shown: str) -> None:
    with pytest.raises(NotFound, match="subscriptions list"):
        key_of(shown)
    assert key_of("s17") == 17


def test_a_pause_leaves_what_is_owed(db: Connection) -> None:
    endpoint_id = an_endpoint(db)
    subscription_id = a_subscription(db, endpoint_id=endpoint_id)
    news = a_delivery(db, endpoint_id=endpoint_id)
    pause(db, subscription_id, NOON)
    assert state_of(db, news) == "pending"
    assert db.execute(select(subscriptions.c.state_at)).scalar_one() == NOON


def test_a_digest_that_ends_leaves_instant_news_that_rests_what_it_is_owed(db: Connection) -> None:
    endpoint = an_endpoint(db, channel="email")
    a_subscription(db, endpoint_id=endpoint, cadence="instant", state="paused")
    weekly = a_subscription(db, endpoint_id=endpoint, cadence="weekly")
    news = a_delivery(db, endpoint_id=endpoint)
    unsubscribe(db, weekly, NOON)
    assert db.execute(select(deliveries.c.state).where(deliveries.c.id == news)).scalar_one() == "pending"


def test_one_that_rests_from_the_start_has_missed_nothing_yet(db: Connection) -> None:
    a_version(db)
    options = {"channel": "email", "to": "a@mail.example", "confirmed": True, "paused": True}
    made = subscribe(db, read_options(options, check_url=lambda _url: None), keys=KeyRing(("key",)), now=NOON)
    assert find(db, made.id).window_after == 1


def test_a_pause_with_an_end_is_over_then_and_not_before(store: Store) -> None:
    with store.writing() as db:
        ident, other = (a_subscription(db, channel="email") for _ in range(2))
        pause(db, ident, NOON, until=NOON + 10 * DAY)
        pause(db, other, NOON)

    assert resume_rested(store, now=NOON + 10 * DAY - 1) == 0
    assert resume_rested(store, now=NOON + 10 * DAY) == 1
    with store.reading() as db:
        rested, resting = find(db, ident), find(db, other)
    assert (rested.state, rested.paused_until) == ("active", None)
    assert rested.next_at == NOON + 10 * DAY + 20 * HOUR  # from noon to eight
    assert resting.state == "paused"


def test_a_pause_can_get_another_end(db: Connection) -> None:
    ident = a_subscription(db, channel="email")
    pause(db, ident, NOON, until=NOON + DAY)

    assert pause(db, ident, NOON, until=NOON + 2 * DAY).paused_until == NOON + 2 * DAY
    assert pause(db, ident, NOON).paused_until is None


def test_an_end_that_was_set_ends_with_the_subscription(db: Connection) -> None:
    ident = a_subscription(db, channel="email")
    pause(db, ident, NOON, until=NOON + DAY)

    assert unsubscribe(db, ident, NOON).paused_until is None


def test_whoever_was_quicker_than_the_end_of_a_pause_is_left_alone(db: Connection) -> None:
    """Between the reading of who has rested and the writing, readers leave, or want a longer pause."""
    leaves, longer, rests = (a_subscription(db, channel="email") for _ in range(3))
    for ident in (leaves, longer, rests):
        pause(db, ident, NOON, until=NOON + DAY)
    unsubscribe(db, leaves, NOON)
    pause(db, longer, NOON, until=NOON + 5 * DAY)

    resumed = [_resume_if_rested(db, ident, NOON + 2 * DAY) for ident in (leaves, longer, rests)]

    assert resumed == [False, False, True]
    states = [(find(db, ident).state, find(db, ident).paused_until) for ident in (leaves, longer, rests)]
    assert states == [("ended", None), ("paused", NOON + 5 * DAY), ("active", None)]

"""Endpoints that come back: a probe, portions that double, and back to a probe where they fail again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, select, update

from tests.builders import NOON, a_delivery, a_subscription, a_version, an_edition, an_endpoint
from tests.zonewire.delivery.test_enabling import TwoAtOnce
from tests.zonewire.delivery.test_ledger import claim, counted, settle
from zonewire.delivery import enabling, owing
from zonewire.delivery.enabling import held_count
from zonewire.delivery.holding import hold_disabled
from zonewire.delivery.outcomes import Delivered, Later, Outcome
from zonewire.delivery.ramps import EVERY, FIRST, PATIENCE, PROBED_AFTER, Coming, Next, portion, step, step_all
from zonewire.delivery.states import Kind
from zonewire.store import SECOND, Store
from zonewire.store.tables import deliveries, endpoints

FAILS = Later("HTTP 500", 500)
LATER = NOON + 3600 * SECOND


def one_that_comes_back(db: Connection, held: int) -> int:
    """Turned on, its probe out."""
    endpoint = an_endpoint(db, state="disabled", disabled_at=NOON)
    for _ in range(held):
        a_delivery(db, endpoint_id=endpoint, due_at=None)
    enabling.revive(db, endpoint, probed_at=NOON)
    enabling.let_go(db, endpoint, 1, now=NOON)
    return endpoint


def tried(db: Connection, outcome: Outcome, *, now: int = NOON) -> list[int]:
    """What is ready is claimed, and ends so; its keys in the order of the claim."""
    rows = claim(db, now=now, per_host=1_000).rows
    settle(db, rows, outcome, now=now)
    return [row.id for row in rows]


def take(db: Connection, *, now: int = NOON) -> int:
    """What is ready is claimed, and delivered; how many there were."""
    return len(tried(db, Delivered(200), now=now))


def ramp_of(db: Connection, endpoint: int) -> int | None:
    ramp: int | None = db.execute(select(endpoints.c.ramp).where(endpoints.c.id == endpoint)).scalar_one()
    return ramp


@contextmanager
def moves_of_counters(db: Connection) -> Iterator[list[str]]:
    """The statements that move them meanwhile."""
    moved: list[str] = []

    def note(_db: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "INTO delivery_counts" in statement:
            moved.append(statement)

    event.listen(db, "before_cursor_execute", note)
    yield moved
    event.remove(db, "before_cursor_execute", note)


def test_the_rest_waits_until_the_probe_was_taken_and_then_comes_in_portions_that_double(db: Connection) -> None:
    endpoint, now = one_that_comes_back(db, 100), NOON
    assert step(db, endpoint, most=500, now=now) == {}
    taken = [take(db)]
    while ramp_of(db, endpoint) is not None:
        step(db, endpoint, most=500, now=now)
        taken.append(take(db, now=now))
        now += EVERY
    assert taken == [1, 10, 20, 40, 29, 0]
    assert held_count(db, endpoint) == 0


def test_a_portion_is_not_followed_before_it_was_taken_nor_before_its_time(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 100)
    take(db)
    step(db, endpoint, most=500, now=NOON)
    assert step(db, endpoint, most=500, now=NOON + EVERY) == {}
    take(db)
    assert step(db, endpoint, most=500, now=NOON + EVERY - 1) == {}
    assert step(db, endpoint, most=500, now=NOON + EVERY) == {"ramp_released": 2 * FIRST}


def test_one_that_fails_again_is_probed_in_ever_longer_steps(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 100)
    take(db)
    step(db, endpoint, most=500, now=NOON)
    settle(db, claim(db, per_host=4).rows, FAILS)  # four of ten
    assert step(db, endpoint, most=500, now=NOON) == {"ramp_held": 10}
    assert (held_count(db, endpoint), ramp_of(db, endpoint)) == (99, 0)
    waits = PROBED_AFTER * 8  # it failed four times
    assert step(db, endpoint, most=500, now=NOON + waits - 1) == {}
    assert step(db, endpoint, most=500, now=NOON + waits) == {"ramp_released": 1}
    take(db, now=NOON + waits)
    assert step(db, endpoint, most=500, now=NOON + waits) == {"ramp_released": FIRST}


def test_a_retry_whose_receiver_said_when_is_left_its_time(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 20)
    take(db)
    step(db, endpoint, most=500, now=NOON)
    settle(db, claim(db, per_host=1).rows, Later("HTTP 429", 429, wait_s=60))
    step(db, endpoint, most=500, now=NOON)
    waiting = select(deliveries.c.due_at).where(deliveries.c.state == "retrying")
    assert db.execute(waiting).scalars().all() == [NOON + 60 * SECOND]


def test_news_and_digests_that_come_meanwhile_follow_what_is_held_and_a_test_does_not(db: Connection) -> None:
    endpoint, version = one_that_comes_back(db, 3), a_version(db)
    owing.owe_news(db, [endpoint], kind=Kind.NEWS, article_id=version.article_id, number=version.number, now=NOON + 1)
    daily, edition = a_subscription(db, endpoint_id=endpoint, cadence="daily"), an_edition(db)
    owing.owe_editions(db, edition_by_subscription={daily: edition}, now=NOON + 1, spread=False)
    assert held_count(db, endpoint) == 4
    assert owing.owe_test(db, endpoint, now=NOON + 1)
    assert take(db) == 2
    step(db, endpoint, most=500, now=NOON + 1)
    assert [row.number for row in claim(db).rows][-2:] == [version.number, None]


def test_one_that_took_something_after_an_hour_of_failing_gets_a_portion_of_what_is_ready(db: Connection) -> None:
    endpoint = an_endpoint(db, state="failing", failures=20, failing_since=NOON)
    for n in range(30):
        a_delivery(db, endpoint_id=endpoint, state="retrying", due_at=NOON + n, ready=1)
    settle(db, claim(db, per_host=1).rows, Delivered(200), now=LATER)
    assert step(db, endpoint, most=500, now=LATER) == {"ramp_held": 29 - FIRST}
    assert take(db, now=LATER) == FIRST
    step(db, endpoint, most=500, now=LATER + EVERY)
    assert (take(db, now=LATER + EVERY), held_count(db, endpoint)) == (19, 0)
    assert counted(db) == {"delivered": 30}


def test_what_is_more_than_a_transaction_holds_is_held_all_the_same(db: Connection) -> None:
    endpoint = an_endpoint(db, ramp=1)  # it came back by itself
    for _ in range(FIRST + 12):
        a_delivery(db, endpoint_id=endpoint)
    assert [step(db, endpoint, most=5, now=NOON)["ramp_held"] for _ in range(3)] == [5, 5, 2]
    settle(db, claim(db, per_host=1).rows, FAILS)
    assert [step(db, endpoint, most=5, now=NOON)["ramp_held"] for _ in range(3)] == [5, 5, 0]
    assert held_count(db, endpoint) == FIRST + 12
    assert step(db, endpoint, most=5, now=NOON + PROBED_AFTER) == {"ramp_released": 1}


def test_upkeep_holds_the_whole_surplus_in_one_turn(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, ramp=1)
        for _ in range(FIRST + 5):
            a_delivery(db, endpoint_id=endpoint)
    assert step_all(store, TwoAtOnce()) == {"ramp_held": 5}
    with store.reading() as db:
        assert held_count(db, endpoint) == 5


def test_probes_that_failed_are_the_first_to_follow_the_one_that_was_taken(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 4)
    oldest, second, *rest = db.execute(select(deliveries.c.id).order_by(deliveries.c.id)).scalars()
    assert tried(db, FAILS) == [oldest]
    step(db, endpoint, most=500, now=NOON + PROBED_AFTER)
    assert tried(db, Delivered(200)) == [second]
    step(db, endpoint, most=500, now=NOON + PROBED_AFTER)
    later = NOON + PROBED_AFTER + SECOND
    assert tried(db, Delivered(200), now=later) == [oldest, *rest]


def test_each_step_moves_the_counters_once(db: Connection) -> None:
    """Two that moved them twice, in another order, would wait for each other on PostgreSQL."""
    endpoint = one_that_comes_back(db, 30)
    take(db)
    step(db, endpoint, most=500, now=NOON)
    settle(db, claim(db, per_host=1).rows, FAILS)
    with moves_of_counters(db) as moved:
        assert step(db, endpoint, most=500, now=NOON) == {"ramp_held": FIRST}
    assert len(moved) == 1
    a_delivery(db, endpoint_id=an_endpoint(db, state="disabled"))
    a_delivery(db, endpoint_id=an_endpoint(db, state="disabled", gone=True))
    with moves_of_counters(db) as moved:
        assert hold_disabled(db, 10, NOON) == 2
    assert len(moved) == 1


@pytest.mark.parametrize(
    ("failures", "since", "channel"), [(19, NOON, "webhook"), (20, NOON + 1, "webhook"), (20, NOON, "email")]
)
def test_one_that_failed_seldom_or_shortly_or_by_way_of_our_mail_server_just_goes_on(
    db: Connection, failures: int, since: int, channel: str
) -> None:
    endpoint = an_endpoint(db, state="failing", failures=failures, failing_since=since, channel=channel)
    a_delivery(db, endpoint_id=endpoint, lane="push.http")
    assert take(db, now=LATER) == 1
    assert ramp_of(db, endpoint) is None


def test_one_that_is_turned_off_while_it_comes_back_holds_all_of_it(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 3)
    enabling.disable(db, endpoint, why="", now=NOON)
    step(db, endpoint, most=500, now=NOON)
    assert ramp_of(db, endpoint) is None
    assert take(db) == 0


def test_whoever_enables_one_anew_meanwhile_is_not_undone(db: Connection) -> None:
    endpoint = one_that_comes_back(db, 3)
    db.execute(update(endpoints).values(ramp=3))
    enabling.revive(db, endpoint)
    assert ramp_of(db, endpoint) == 0
    assert step(db, endpoint, most=500, now=NOON) == {}  # its probe is still out


@pytest.mark.parametrize(
    ("waited", "failures", "expected"),
    [
        (PATIENCE - 1, 0, Next.WAIT),  # it may be under way
        (PATIENCE, 0, Next.PROBE),  # it was cancelled, say
        (PROBED_AFTER - 1, 1, Next.WAIT),
        (PROBED_AFTER, 1, Next.PROBE),
        (PROBED_AFTER, 2, Next.WAIT),
        (600 * SECOND, 1_000, Next.PROBE),
        (-1, 0, Next.PROBE),  # the clock was put back
    ],
)
def test_a_probe_that_failed_or_was_never_heard_of_is_followed_by_another(
    waited: int, failures: int, expected: Next
) -> None:
    coming = Coming(is_off=False, holds=True, has_ready=False, failures=failures, ramp=0, stepped_at=NOON)
    assert coming.next(now=NOON + waited) is expected


def test_portions_stop_doubling_where_a_transaction_has_enough() -> None:
    assert [portion(n) for n in (1, 2, 3, 11, 12, 90)] == [10, 20, 40, 10_240, 10_240, 10_240]

"""The ledger's moves, on both databases: claim, settle, lapse, fairness, and what may not be claimed."""

from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, func, select, update

from tests.builders import NOON, a_delivery, a_version, an_article, an_endpoint
from zonewire.delivery import counts, ledger
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.ledger import LEASE, START, Batch, Claimed, Place, Places, Settlement, Tally
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.states import State
from zonewire.store import SECOND
from zonewire.store.tables import articles, attempts, deliveries, endpoints

LANE = "push.http"
POLICY = RetryPolicy((5, 300))


def claim(
    db: Connection,
    *,
    now: int = NOON,
    total: int = 1_000,
    per_host: int = 32,
    busy: dict[int, int] | None = None,
    after: Place = START,
    worker: str = "w1",
) -> Batch:
    moves: Moves = Counter()
    places = Places(total=total, per_host=per_host, busy=busy or {})
    batch = ledger.claim_ready(db, lane=LANE, worker=worker, places=places, after=after, now=now, moves=moves)
    counts.record(db, moves)
    return batch


def settle(db: Connection, rows: Sequence[Claimed], outcome: Outcome, *, now: int = NOON) -> Tally:
    moves: Moves = Counter()
    settlements = [Settlement(row, outcome, answer="said") for row in rows]
    tally = ledger.settle(
        db, settlements, lane=LANE, policy=POLICY, disable_after_s=100, chance=0.0, now=now, moves=moves
    )
    counts.record(db, moves, tally.tallied)
    return tally


def state_of(db: Connection, key: int) -> str:
    return str(db.execute(select(deliveries.c.state).where(deliveries.c.id == key)).scalar_one())


def counted(db: Connection) -> dict[str, int]:
    return {slot.state.value: n for slot, n in counts.read(db).items()}


def test_a_claimed_delivery_is_sending_and_nobody_else_gets_it(db: Connection) -> None:
    key = a_delivery(db)

    first, second = claim(db), claim(db, worker="w2")

    assert [row.id for row in first.rows] == [key]
    assert second.rows == ()
    assert state_of(db, key) == "sending"
    assert counted(db) == {"sending": 1}


def test_a_delivered_one_is_settled_with_its_time_and_try(db: Connection) -> None:
    key = a_delivery(db)

    tally = settle(db, claim(db).rows, Delivered(200), now=NOON + 7)

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert tally == Tally(delivered=1)
    assert (row.state, row.settled_at, row.attempts, row.ready, row.lease_id) == ("delivered", NOON + 7, 1, None, None)
    assert counted(db) == {"delivered": 1}


def test_a_failed_one_waits_for_its_step_and_keeps_what_was_answered(db: Connection) -> None:
    key = a_delivery(db)

    settle(db, claim(db).rows, Later("HTTP 500", 500))

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    attempt = db.execute(select(attempts)).one()
    assert (row.state, row.due_at, row.attempts) == ("retrying", NOON + 5 * SECOND, 1)
    assert (attempt.delivery_id, attempt.error, attempt.status, attempt.answer) == (key, "HTTP 500", 500, "said")
    assert claim(db).rows == ()


def test_a_retry_is_claimed_once_its_time_has_come(db: Connection) -> None:
    key = a_delivery(db)
    settle(db, claim(db).rows, Later("HTTP 500", 500))

    assert ledger.ripen(db, lane=LANE, now=NOON + 4 * SECOND) == 0
    assert ledger.ripen(db, lane=LANE, now=NOON + 5 * SECOND) == 1

    assert [row.id for row in claim(db, now=NOON + 5 * SECOND).rows] == [key]


def test_n_steps_make_n_plus_one_tries_then_a_dead_letter(db: Connection) -> None:
    key = a_delivery(db)
    now = NOON
    for _ in range(len(POLICY.steps)):
        settle(db, claim(db, now=now).rows, Later("no"), now=now)
        now += 3600 * SECOND
        ledger.ripen(db, lane=LANE, now=now)
    settle(db, claim(db, now=now).rows, Later("no"), now=now)

    assert state_of(db, key) == "dead"
    assert counted(db) == {"dead": 1}


def test_a_stated_wait_replaces_the_step_and_spends_no_try(db: Connection) -> None:
    key = a_delivery(db)

    settle(db, claim(db).rows, Later("HTTP 429", 429, wait_s=77))

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert (row.due_at, row.attempts, row.waits) == (NOON + 77 * SECOND, 0, 1)


def test_gone_buries_the_delivery_and_disables_its_endpoint(db: Connection) -> None:
    key = a_delivery(db)
    batch = claim(db)

    settle(db, batch.rows, Never("HTTP 410", 410, close_endpoint=True))

    endpoint = db.execute(select(endpoints).where(endpoints.c.id == batch.rows[0].endpoint_id)).one()
    assert state_of(db, key) == "dead"
    assert (endpoint.state, endpoint.gone) == ("disabled", True)


def test_an_unknown_outcome_is_tried_again_and_remembered(db: Connection) -> None:
    key = a_delivery(db)

    settle(db, claim(db).rows, Unknown())

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert (row.state, row.unknowns) == ("retrying", 1)


def test_a_worker_whose_lease_lapsed_cannot_settle(db: Connection) -> None:
    a_delivery(db)
    slow = claim(db)
    ledger.return_lapsed(db, now=NOON + LEASE + 1)
    quick = claim(db, now=NOON + LEASE + 1, worker="w2")

    assert settle(db, slow.rows, Delivered()) == Tally(too_late=1)
    assert settle(db, quick.rows, Delivered()) == Tally(delivered=1)


def test_a_renewed_lease_does_not_lapse(db: Connection) -> None:
    key = a_delivery(db)
    batch = claim(db)
    assert batch.lease_id is not None
    ledger.renew(db, [batch.lease_id], now=NOON + LEASE)

    assert ledger.return_lapsed(db, now=NOON + LEASE + 1) == 0
    assert state_of(db, key) == "sending"


def test_a_lapse_alone_never_kills_but_two_make_a_suspect(db: Connection) -> None:
    key = a_delivery(db)
    for lapse in range(2):
        claim(db, now=NOON + lapse * 2 * LEASE)
        ledger.return_lapsed(db, now=NOON + (lapse + 1) * 2 * LEASE)

    moves: Moves = Counter()
    alone = ledger.claim_suspect(db, lane=LANE, worker="w", now=NOON + 9 * LEASE, moves=moves, cursor=START)

    assert state_of(db, key) == "sending"
    assert alone.alone
    assert claim(db).rows == ()


def test_three_lapses_alone_make_it_dead(db: Connection) -> None:
    key = a_delivery(db)
    now = NOON
    for lapse in range(ledger.LAPSES_ALONE):
        moves: Moves = Counter()
        if lapse < 2:
            claim(db, now=now)
        else:
            ledger.claim_suspect(db, lane=LANE, worker="w", now=now, moves=moves, cursor=START)
        now += 2 * LEASE
        ledger.return_lapsed(db, now=now)

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert (row.state, row.reason) == ("dead", "killed its worker three times")


def test_a_stop_that_was_ordered_counts_as_no_lapse(db: Connection) -> None:
    key = a_delivery(db)
    claim(db, worker="stopped")

    assert ledger.return_leases_of(db, "stopped", counted=False, now=NOON) == 1

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert (row.state, row.lapses, row.ready) == ("retrying", 0, 1)


def test_no_more_is_claimed_of_a_host_than_it_has_places(db: Connection) -> None:
    here = [an_endpoint(db, host="full.example:443", address=f"https://full.example/{n}") for n in range(5)]
    for endpoint in here:
        a_delivery(db, endpoint_id=endpoint)
    elsewhere = a_delivery(db)
    host = db.execute(select(endpoints.c.host_id).where(endpoints.c.id == here[0])).scalar_one()

    two_free = claim(db, busy={host: 2})
    assert sorted(Counter(row.host_id for row in two_free.rows).values()) == [1, 2]
    assert elsewhere in {row.id for row in two_free.rows}
    assert claim(db, busy={host: 0}).rows == ()


def test_endpoints_are_served_in_turn_from_the_cursor_on(db: Connection) -> None:
    places = [an_endpoint(db) for _ in range(4)]
    for endpoint in places * 2:
        a_delivery(db, endpoint_id=endpoint)

    first = claim(db, total=2)
    second = claim(db, total=2, after=first.cursor)
    third = claim(db, total=2, after=second.cursor)

    assert [row.endpoint_id for row in first.rows] == places[:2]
    assert [row.endpoint_id for row in second.rows] == places[2:]
    assert [row.endpoint_id for row in third.rows] == places[:2]


def test_one_endpoint_gets_its_oldest_first(db: Connection) -> None:
    endpoint = an_endpoint(db)
    keys = [a_delivery(db, endpoint_id=endpoint, due_at=NOON - n) for n in range(3)]

    assert [row.id for row in claim(db, total=2).rows] == [keys[2], keys[1]]


def test_a_version_that_is_not_the_newest_is_not_claimed(db: Connection) -> None:
    article = an_article()
    old = a_version(db, article)
    a_delivery(db, version=old)
    a_version(db, article)

    assert claim(db).rows == ()


def test_a_newer_version_waits_while_an_older_one_is_on_its_way(db: Connection) -> None:
    article, endpoint = an_article(), an_endpoint(db)
    a_delivery(db, endpoint_id=endpoint, version=a_version(db, article))
    under_way = claim(db)
    newer = a_delivery(db, endpoint_id=endpoint, version=a_version(db, article))

    assert claim(db).rows == ()
    settle(db, under_way.rows, Delivered())
    assert [row.id for row in claim(db).rows] == [newer]


@pytest.mark.parametrize(
    ("before", "expected"),
    [(Delivered(), "article.updated"), (Unknown(), "article.updated"), (Later("no"), "article.published")],
)
def test_the_event_type_tells_whether_the_receiver_may_have_an_older_version(
    db: Connection, before: Outcome, expected: str
) -> None:
    article, endpoint = an_article(), an_endpoint(db)
    a_delivery(db, endpoint_id=endpoint, version=a_version(db, article))
    settle(db, claim(db).rows, before)
    a_delivery(db, endpoint_id=endpoint, version=a_version(db, article))

    assert [row.event_type for row in claim(db).rows] == [expected]


def test_the_event_type_stays_as_the_first_claim_fixed_it(db: Connection) -> None:
    key = a_delivery(db)
    settle(db, claim(db).rows, Unknown())
    ledger.ripen(db, lane=LANE, now=NOON + 60 * SECOND)

    assert [(row.id, row.event_type) for row in claim(db).rows] == [(key, "article.published")]


def test_a_withdrawal_of_what_was_never_had_is_cancelled_at_its_claim(db: Connection) -> None:
    article, endpoint = an_article(), an_endpoint(db)
    a_version(db, article)
    key = a_delivery(db, endpoint_id=endpoint, version=a_version(db, article, withdrawn=True), kind="withdrawal")

    assert claim(db).rows == ()
    assert state_of(db, key) == "cancelled"
    assert counted(db) == {"cancelled": 1}


def test_a_webhooks_sequence_rises_by_one_and_stays_through_retries(db: Connection) -> None:
    endpoint = an_endpoint(db)
    for n in range(3):
        a_delivery(db, endpoint_id=endpoint, due_at=NOON + n)
    first = claim(db, total=2)
    settle(db, first.rows, Later("no"))
    ledger.ripen(db, lane=LANE, now=NOON + 60 * SECOND)

    assert [row.sequence for row in first.rows] == [1, 2]
    assert sorted(row.sequence or 0 for row in claim(db).rows) == [1, 2, 3]


def test_a_disabled_endpoint_gets_nothing(db: Connection) -> None:
    endpoint = an_endpoint(db)
    a_delivery(db, endpoint_id=endpoint)
    db.execute(update(endpoints).values(state="disabled"))

    assert claim(db).rows == ()


def test_an_endpoint_is_disabled_by_time_and_number_not_by_number_alone(db: Connection) -> None:
    endpoint = an_endpoint(db)
    now = NOON

    def fail(times: int) -> None:
        for _ in range(times):
            a_delivery(db, endpoint_id=endpoint, due_at=now)
            settle(db, claim(db, now=now, per_host=1, total=1).rows, Never("no"), now=now)

    fail(30)
    assert db.execute(select(endpoints.c.state)).scalar_one() == "failing"
    now += 101 * SECOND
    fail(1)
    assert db.execute(select(endpoints.c.state)).scalar_one() == "disabled"


def test_one_success_makes_an_endpoint_well(db: Connection) -> None:
    endpoint = an_endpoint(db)
    a_delivery(db, endpoint_id=endpoint)
    settle(db, claim(db).rows, Never("no"))
    a_delivery(db, endpoint_id=endpoint)
    settle(db, claim(db).rows, Delivered())

    row = db.execute(select(endpoints)).one()
    assert (row.state, row.failures, row.failing_since) == ("healthy", 0, None)


def test_what_was_handed_back_untried_spends_nothing(db: Connection) -> None:
    key = a_delivery(db)
    moves: Moves = Counter()
    ledger.hand_back(db, claim(db).rows, lane=LANE, now=NOON, moves=moves)

    row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
    assert (row.state, row.attempts, row.unknowns) == ("retrying", 0, 0)
    assert moves == {Slot(LANE, State.SENDING): -1, Slot(LANE, State.RETRYING): 1}


def test_a_full_endpoint_with_a_long_queue_holds_up_nobody(db: Connection) -> None:
    crowded = an_endpoint(db)
    host = db.execute(select(endpoints.c.host_id).where(endpoints.c.id == crowded)).scalar_one()
    version = a_version(db)
    for n in range(50):
        a_delivery(db, endpoint_id=crowded, kind="other", version=version, due_at=NOON - n)
    others = {a_delivery(db) for _ in range(20)}

    batch = claim(db, busy={host: 0}, total=20)

    assert {row.id for row in batch.rows} == others
    assert db.execute(select(func.count()).select_from(articles)).scalar_one() >= 1


@pytest.mark.parametrize("together", [True, False])
def test_a_success_that_was_in_flight_beside_a_410_does_not_enable_the_endpoint(
    db: Connection, *, together: bool
) -> None:
    endpoint = an_endpoint(db)
    for _ in range(2):
        a_delivery(db, endpoint_id=endpoint)
    gone, fine = claim(db).rows
    moves: Moves = Counter()
    turns = [
        [Settlement(gone, Never("HTTP 410", 410, close_endpoint=True)), Settlement(fine, Delivered(200))],
    ]
    for settlements in turns if together else [[one] for one in turns[0]]:
        ledger.settle(db, settlements, lane=LANE, policy=POLICY, disable_after_s=100, chance=0.0, now=NOON, moves=moves)

    row = db.execute(select(endpoints)).one()
    assert (row.state, row.gone) == ("disabled", True)


def test_what_a_receiver_says_is_kept_without_the_character_that_no_database_text_holds(db: Connection) -> None:
    a_delivery(db)

    settle(db, claim(db).rows, Never("550 no\0 such"))

    assert db.execute(select(attempts.c.error)).scalar_one() == "550 no such"

"""Who stands out among endpoints, and what dead letters died of."""

from sqlalchemy import insert

from tests.builders import NOON as MADE_AT
from tests.builders import a_delivery, an_endpoint
from zonewire.delivery.troubled import HOUR, Cause, causes, troubled
from zonewire.store import Store
from zonewire.store.tables import attempts, endpoint_hours

NOON = 480_000 * HOUR


def test_the_worst_of_the_last_two_hours_come_first(store: Store) -> None:
    with store.writing() as db:
        quiet, slow, failing, earlier = (an_endpoint(db) for _ in range(4))
        rows = [(slow, 0, 0, 5), (failing, 0, 4, 2), (failing, -1, 3, 0), (earlier, -2, 90, 0)]
        db.execute(
            insert(endpoint_hours),
            [
                {"endpoint_id": key, "hour": NOON // HOUR + ago, "failed": n, "slow": m, "took_ms": 9, "longest_ms": 8}
                for key, ago, n, m in rows
            ],
        )
        found = troubled(db, now=NOON)
    assert [(row.id, row.failed, row.slow) for row in found] == [(failing, 7, 2), (slow, 0, 5)]
    assert quiet not in {row.id for row in found}


def test_dead_letters_are_counted_by_their_last_error_else_by_why_they_were_buried(store: Store) -> None:
    with store.writing() as db:
        for _ in range(2):
            key = a_delivery(db, state="dead", reason="gave up")
            tried = {"delivery_id": key, "at": MADE_AT, "took_ms": 9, "outcome": "later", "error": "HTTP 503"}
            db.execute(insert(attempts).values(tried))
        a_delivery(db, state="dead", reason="no request can be made of it")
        a_delivery(db, state="delivered")
        assert causes(db) == [Cause("HTTP 503", 2), Cause("no request can be made of it", 1)]
        assert causes(db, most=1) == [Cause("HTTP 503", 2), Cause("", 1)]

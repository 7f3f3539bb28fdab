"""A page of what a filter shows: the same rows as reading all of them one by one gives, the newest first."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from tests.builders import NOON, a_delivery, a_version, an_edition, an_endpoint
from zonewire.delivery import searching
from zonewire.delivery.searching import HELD, Search, search
from zonewire.store import SECOND
from zonewire.store.tables import attempts, deliveries

HOUR = 3_600 * SECOND


@pytest.fixture
def ledger(db: Connection) -> dict[str, int]:
    """One delivery of each sort, an hour apart; their keys by a name, the newest last."""
    webhook, mail = an_endpoint(db), an_endpoint(db, channel="email")
    version, edition = a_version(db), an_edition(db)
    made: dict[str, Any] = {
        "pending": a_delivery(db, endpoint_id=webhook, version=version),
        "held": a_delivery(db, endpoint_id=mail, due_at=None),
        "sending": a_delivery(db, endpoint_id=webhook, state="sending"),
        "retrying": a_delivery(db, endpoint_id=webhook, state="retrying", attempts=1, unknowns=1),
        "delivered": a_delivery(db, endpoint_id=mail, version=version, state="delivered", attempts=1),
        "dead": a_delivery(db, endpoint_id=webhook, state="dead", attempts=3, reason="HTTP 410 gone"),
        "cancelled": a_delivery(db, endpoint_id=mail, state="cancelled", reason="superseded"),
        "digest": a_delivery(db, endpoint_id=mail, kind="digest", edition_id=edition, subscription_id=1),
    }
    for hour, key in enumerate(made.values()):
        db.execute(update(deliveries).where(deliveries.c.id == key).values(created_at=NOON + hour * HOUR))
    tried = {"delivery_id": made["retrying"], "at": NOON, "took_ms": 3, "outcome": "later", "error": "Timed out, 10 %"}
    db.execute(insert(attempts).values(tried))
    return made | {"webhook": webhook, "mail": mail, "article": version.article_id, "edition": edition}


def found(db: Connection, ledger: dict[str, int], wanted: Search) -> list[str]:
    named = {key: name for name, key in list(ledger.items())[:8]}
    return [named[row.id] for row in search(db, wanted).rows]


ALL = ["digest", "cancelled", "dead", "delivered", "retrying", "sending", "held", "pending"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ALL),
        ({"state": "pending"}, ["digest", "pending"]),
        ({"state": HELD}, ["held"]),
        ({"state": "sending"}, ["sending"]),
        ({"state": "retrying"}, ["retrying"]),
        ({"state": "delivered"}, ["delivered"]),
        ({"state": "dead"}, ["dead"]),
        ({"state": "cancelled"}, ["cancelled"]),
        ({"channel": "email"}, ["digest", "cancelled", "delivered", "held"]),
        ({"channel": "email", "state": HELD}, ["held"]),
        ({"channel": "wecom"}, []),
        ({"kind": "digest"}, ["digest"]),
        ({"error": "gone"}, ["dead"]),
        ({"error": "TIMED OUT"}, ["retrying"]),
        ({"error": "10 %"}, ["retrying"]),
        ({"error": "1% %"}, []),
        ({"tried": "maybe"}, ["retrying"]),
        ({"tried": "never"}, ["digest", "cancelled", "sending", "held", "pending"]),
        ({"since": NOON + 6 * HOUR}, ["digest", "cancelled"]),
        ({"until": NOON + HOUR}, ["pending"]),
        ({"since": NOON + HOUR, "until": NOON + 3 * HOUR}, ["sending", "held"]),
    ],
)
def test_a_filter_shows_what_fulfils_all_of_it(
    db: Connection, ledger: dict[str, int], wanted: dict[str, Any], names: list[str]
) -> None:
    assert found(db, ledger, Search(**wanted)) == names


def test_one_endpoint_one_article_and_one_edition(db: Connection, ledger: dict[str, int]) -> None:
    assert found(db, ledger, Search(endpoint_id=ledger["webhook"])) == ["dead", "retrying", "sending", "pending"]
    assert found(db, ledger, Search(endpoint_id=ledger["webhook"], state="dead")) == ["dead"]
    assert found(db, ledger, Search(article_id=ledger["article"])) == ["delivered", "pending"]
    assert found(db, ledger, Search(edition_id=ledger["edition"])) == ["digest"]


@pytest.mark.parametrize("state", ["", "pending", "dead"])
def test_pages_follow_each_other_without_a_gap(db: Connection, ledger: dict[str, int], state: str) -> None:
    whole = [row.id for row in search(db, Search(state=state)).rows]
    pages, before = [], None
    while True:
        page = search(db, Search(state=state), before=before, limit=1)
        pages += [row.id for row in page.rows]
        if (before := page.before) is None:
            break

    assert pages == whole


def test_where_the_time_is_over_the_page_says_how_far_it_looked(
    db: Connection, ledger: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PORTION", 2)

    page = search(db, Search(kind="nothing"), looks_for_s=0)

    assert (page.rows, page.before, page.looked_to) == ([], ledger["cancelled"], NOON + 6 * HOUR)
    again = search(db, Search(kind="digest"), before=page.before, looks_for_s=60)
    assert (again.rows, again.before) == ([], None)


def test_a_filter_can_be_kept_and_read_again() -> None:
    wanted = Search(state="dead", channel="email", error="HTTP 5", since=NOON)

    assert Search.of_json(wanted.as_json()) == wanted
    assert Search.of_json(Search().as_json()).is_open
    assert not wanted.is_open


def test_titles_of_articles_come_with_the_page(db: Connection, ledger: dict[str, int]) -> None:
    page = search(db, Search(state="dead"))

    (row,) = page.rows
    assert page.titles[row.number]
    assert db.execute(select(deliveries.c.number).where(deliveries.c.id == ledger["dead"])).scalar() == row.number

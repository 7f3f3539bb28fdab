"""The builders write what a running Zonewire would have written."""

from sqlalchemy import Connection, select

from tests.builders import a_delivery, a_filter, a_subscription, a_version, an_article, an_edition, an_endpoint
from zonewire.delivery import counts
from zonewire.store.tables import articles, deliveries, filter_terms


def test_versions_of_one_guid_are_one_article(db: Connection) -> None:
    first = a_version(db, an_article(guid="g"))
    second = a_version(db, an_article(guid="g", title="改"))
    assert (second.article_id, second.version) == (first.article_id, 2)
    assert second.number > first.number
    assert db.execute(select(articles.c.newest)).scalar_one() == second.number


def test_deliveries_are_counted_by_state_and_whether_they_are_held(db: Connection) -> None:
    for over in ({}, {"state": "retrying"}, {"state": "dead"}, {"due_at": None}):
        a_delivery(db, **over)
    assert {(slot.state.value, slot.held): n for slot, n in counts.read(db).items()} == {
        ("pending", False): 1,
        ("retrying", False): 1,
        ("dead", False): 1,
        ("pending", True): 1,
    }
    assert db.execute(select(deliveries.c.ready).order_by(deliveries.c.id)).scalars().all() == [1, 0, None, None]


def test_equal_filters_are_one_row(db: Connection) -> None:
    assert a_filter(db, zone=("B", "Ａ")) == a_filter(db, zone=("a", "b"))
    assert a_filter(db) != a_filter(db, not_zone="a")
    assert db.execute(select(filter_terms.c.value).where(filter_terms.c.dimension == "zone")).scalars().all() == [
        "a",
        "b",
    ]


def test_two_subscriptions_share_nothing_but_the_filter(db: Connection) -> None:
    assert a_subscription(db) != a_subscription(db, channel="email")
    assert a_subscription(db, endpoint_id=an_endpoint(db), filter_id=a_filter(db, city="泰州"))
    assert an_edition(db)

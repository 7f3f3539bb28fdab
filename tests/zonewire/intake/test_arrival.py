"""When what was accepted has arrived: what `publish --wait` waits for."""

from typing import Any

import pytest
from sqlalchemy import Connection

from tests.builders import NOON, a_delivery, a_version, an_article
from zonewire.articles import Version
from zonewire.intake.arrival import Arrival, arrival_of
from zonewire.store import tables


@pytest.fixture
def version(db: Connection) -> Version:
    return a_version(db, an_article(guid="17"))


def a_feed(db: Connection, version: Version, *, dirty_to: int, published_to: int) -> None:
    feed = {"name": "all", "kind": "all", "title": "", "dirty_to": dirty_to, "published_to": published_to}
    (feed_id,) = db.execute(tables.feeds.insert().returning(tables.feeds.c.id), feed).scalars()
    entry = {"feed_id": feed_id, "article_id": version.article_id, "number": version.number, "withdrawn": False}
    db.execute(tables.feed_entries.insert(), entry)


def publish(db: Connection, up_to: int) -> None:
    db.execute(tables.feeds.update().values(published_to=up_to))


def the_arrival(db: Connection) -> Arrival:
    return arrival_of(db, ["17"])


def test_nothing_has_arrived_while_the_outbox_holds_it(db: Connection, version: Version) -> None:
    db.execute(tables.outbox.insert(), {"number": version.number, "created_at": NOON})
    assert not the_arrival(db).is_complete(db)
    db.execute(tables.outbox.delete())
    assert the_arrival(db).is_complete(db)


def test_its_feeds_must_be_published_up_to_its_own_touch(db: Connection, version: Version) -> None:
    a_feed(db, version, dirty_to=9, published_to=5)
    arrival = the_arrival(db)
    assert not arrival.is_complete(db)
    publish(db, 8)
    assert not arrival.is_complete(db)
    db.execute(tables.feeds.update().values(dirty_to=20))  # others touch it on and on
    publish(db, 9)
    assert arrival.is_complete(db)


@pytest.mark.parametrize(
    ("state", "over", "is_complete"),
    [
        ("pending", {"ready": 1}, False),
        ("pending", {"ready": 0}, False),
        ("sending", {"ready": None}, False),
        ("pending", {"ready": None, "due_at": None}, True),
        ("retrying", {"ready": 0, "attempts": 1}, True),
        ("delivered", {"ready": None, "attempts": 1}, True),
        ("cancelled", {"ready": None}, True),
    ],
)
def test_each_delivery_that_nothing_holds_must_have_been_tried(
    db: Connection, version: Version, state: str, over: dict[str, Any], *, is_complete: bool
) -> None:
    a_delivery(db, version=version, state=state, **over)
    assert the_arrival(db).is_complete(db) is is_complete


def test_deliveries_about_older_versions_are_not_waited_for(db: Connection, version: Version) -> None:
    a_delivery(db, version=version, state="pending", ready=1)
    a_version(db, an_article(guid="17", title="二"))
    assert the_arrival(db).is_complete(db)

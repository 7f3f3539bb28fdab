"""Private feeds: one at a time, only while the subscription goes on, and known to their owner again."""

import re

import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON, a_subscription, an_endpoint
from zonewire.errors import Conflict, NotFound
from zonewire.feeds import Polls, write_down
from zonewire.keys import KeyRing
from zonewire.store.tables import endpoints, private_feeds
from zonewire.subscriptions import (
    export_subscriber,
    fetched_by,
    make_private_feed,
    pause,
    private_feed_of,
    reader_name,
    renew_private_feed,
    revoke_private_feed,
)

OLD_KEYS = KeyRing(("an old key for tests",))
KEYS = KeyRing(("a new key for tests", "an old key for tests"))


@pytest.fixture
def ident(db: Connection) -> int:
    return a_subscription(db, endpoint_id=an_endpoint(db, channel="email", address="li@mail.example"), channel="email")


def test_it_is_made_once_and_shown_again_whatever_becomes_of_the_key(db: Connection, ident: int) -> None:
    first = make_private_feed(db, ident, keys=OLD_KEYS, now=NOON)
    again = make_private_feed(db, ident, keys=KEYS, now=NOON + 1)

    assert (first.is_new, again.is_new) == (True, False)
    assert (again.token, again.made_at) == (first.token, NOON)
    assert private_feed_of(db, ident, keys=KEYS) == again
    found = fetched_by(db, first.token)
    assert found is not None
    assert (found.id, found.subscription_id, found.is_served) == (first.id, ident, True)
    assert first.token not in repr(first)


@pytest.mark.parametrize("state", ["unconfirmed", "ended"])
def test_what_has_not_begun_or_has_ended_has_none(db: Connection, state: str) -> None:
    ident = a_subscription(db, state=state)
    for make in (make_private_feed, renew_private_feed):
        with pytest.raises(Conflict, match=f"is {state}"):
            make(db, ident, keys=KEYS, now=NOON)


def test_one_that_rests_has_one_and_what_is_not_there_has_none(db: Connection, ident: int) -> None:
    pause(db, ident, NOON)
    assert make_private_feed(db, ident, keys=KEYS, now=NOON).is_new
    with pytest.raises(NotFound):
        make_private_feed(db, ident + 1, keys=KEYS, now=NOON)


def test_revoking_is_told_whether_there_was_one_and_forgets_the_token(db: Connection, ident: int) -> None:
    made = make_private_feed(db, ident, keys=KEYS, now=NOON)

    assert revoke_private_feed(db, ident, now=NOON + 1)
    assert not revoke_private_feed(db, ident, now=NOON + 2)
    assert private_feed_of(db, ident, keys=KEYS) is None
    row = db.execute(select(private_feeds)).one()
    assert (row.id, row.sealed_token, row.revoked_at) == (made.id, None, NOON + 1)


def test_who_renews_without_end_leaves_no_rows_without_end(
    db: Connection, ident: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonewire.subscriptions.private_feeds.REMEMBERED", 9)
    other = make_private_feed(db, a_subscription(db), keys=KEYS, now=NOON)
    first, *others = [renew_private_feed(db, ident, keys=KEYS, now=NOON) for _ in range(10)]

    assert db.execute(select(func.count()).select_from(private_feeds)).scalar_one() == 10
    assert fetched_by(db, first.token) is None
    ends = [fetched_by(db, one.token) for one in (others[0], others[-1], other)]
    assert [one and one.is_served for one in ends] == [False, True, True]
    assert len({first.token, *(one.token for one in others)}) == 10
    assert all(re.fullmatch("[A-Za-z0-9_-]{32}", one.token) for one in others)  # of 6 bits each: 192


def test_an_export_says_when_there_was_one_and_who_fetched_it(db: Connection, ident: int) -> None:
    old = renew_private_feed(db, ident, keys=KEYS, now=NOON)
    new = renew_private_feed(db, ident, keys=KEYS, now=NOON + 1_000_000)
    write_down(db, [Polls(reader_name(ident), "Newsreader/1", polls=3)], now=NOON)
    subscriber = db.execute(select(endpoints.c.subscriber_id)).scalar_one()
    (kept,) = export_subscriber(db, subscriber, installation=7, now=NOON)["subscriptions"]

    assert [one["ended_at"] is None for one in kept["private_feeds"]] == [False, True]
    assert kept["private_feeds"][0]["made_at"] == "2026-06-11T04:00:00Z"
    assert [(one["software"], one["polls"]) for one in kept["fetched_by"]] == [("Newsreader/1", 3)]
    assert not [token for token in (old.token, new.token) if token in repr(kept)]

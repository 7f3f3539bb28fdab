"""Putting back what is dead or was cancelled, and what stays: nothing goes to who has left."""

import pytest
from sqlalchemy import Connection, select, update

from tests.builders import NOON, a_delivery, a_filter, a_subscription, an_edition
from zonewire.delivery.bulk import BulkAct, dry_run
from zonewire.delivery.refusals import NOT_REPLAYED, refusals
from zonewire.delivery.replaying import replay
from zonewire.delivery.searching import Search
from zonewire.store import Store
from zonewire.store.tables import subscriptions


def a_digest(db: Connection, subscription_id: int, *, state: str = "cancelled") -> int:
    """A digest of a subscription that is settled."""
    place = db.execute(select(subscriptions.c.endpoint_id).where(subscriptions.c.id == subscription_id)).scalar_one()
    edition = an_edition(db, up_to=subscription_id)
    return a_delivery(
        db, endpoint_id=place, kind="digest", state=state, edition_id=edition, subscription_id=subscription_id
    )


@pytest.mark.parametrize("state", ["dead", "cancelled"])
def test_a_digest_is_put_back_for_who_still_reads_and_for_nobody_who_has_left(store: Store, state: str) -> None:
    with store.writing() as db:
        reader, left = (a_subscription(db, channel="email") for _ in range(2))
        keys = [a_digest(db, one, state=state) for one in (reader, left)]
        db.execute(update(subscriptions).where(subscriptions.c.id == left).values(state="ended"))
        done = replay(db, keys, now=NOON)
        (refused,) = refusals(db, keys[1:], NOT_REPLAYED, installation=1)
    assert done.keys == {keys[0]}
    assert refused.what == f"is {state}, and its reader has left: nothing more is sent there"


def test_news_is_put_back_while_any_subscription_to_it_goes_on(store: Store) -> None:
    with store.writing() as db:
        ended = a_subscription(db, state="ended")
        place = db.execute(select(subscriptions.c.endpoint_id).where(subscriptions.c.id == ended)).scalar_one()
        key = a_delivery(db, endpoint_id=place, state="dead")
        nobody_asked = a_delivery(db, state="dead")  # an endpoint that was given no subscription here
        assert replay(db, [key, nobody_asked], now=NOON).keys == {nobody_asked}
        a_subscription(db, endpoint_id=place, state="paused", filter_id=a_filter(db, city="泰州"))
        assert replay(db, [key], now=NOON).keys == {key}


def test_the_dry_run_says_how_many_have_left(store: Store) -> None:
    with store.writing() as db:
        reader, left = (a_subscription(db, channel="email") for _ in range(2))
        for one in (reader, left):
            a_digest(db, one)
        db.execute(update(subscriptions).where(subscriptions.c.id == left).values(state="ended"))
        found = dry_run(db, BulkAct.REPLAY, Search(state="cancelled"))
    assert (found.n, found.left, found.superseded) == (2, 1, 0)

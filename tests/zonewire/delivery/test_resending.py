"""Sending a digest again to who has it: new deliveries beside the old ones, counted first, and never by a slip."""

import pytest
from sqlalchemy import Connection, select, update

from tests.builders import NOON, a_delivery, a_subscription, an_edition, an_endpoint
from zonewire.delivery import bulk, owing
from zonewire.delivery.bulk import BegunAlready, BulkAct
from zonewire.delivery.searching import Search, search
from zonewire.errors import WrongUsage
from zonewire.store import Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints, subscriptions

RESEND = BulkAct.RESEND


def a_digest(
    db: Connection, edition: int, *, channel: str = "email", state: str = "delivered", subscription: str = "active"
) -> int:
    endpoint = an_endpoint(db, channel=channel)
    reader = a_subscription(db, endpoint_id=endpoint, cadence="daily", channel=channel, state=subscription)
    of = {"kind": "digest", "edition_id": edition, "subscription_id": reader}
    return a_delivery(db, endpoint_id=endpoint, state=state, **of)  # type: ignore[arg-type]  # a row's values


def of_edition(edition: int) -> Search:
    return Search(state="delivered", edition_id=edition)


def begun(store: Store, edition: int, *, seen: int = 0) -> int:
    with store.writing() as db:
        chosen = of_edition(edition)
        return bulk.begin(db, RESEND, chosen, per_minute=0, expected=1, operator="chen", now=now(db), seen=seen)


def resent(db: Connection) -> list[tuple[int, str]]:
    found = select(deliveries.c.subscription_id, deliveries.c.state).where(deliveries.c.kind == "resend")
    return [(row.subscription_id, row.state) for row in db.execute(found.order_by(deliveries.c.id))]


def reader_of(db: Connection, key: int) -> int:
    return int(db.execute(select(deliveries.c.subscription_id).where(deliveries.c.id == key)).scalar_one())


def test_only_who_has_it_by_mail_and_goes_on_is_sent_it_again(store: Store) -> None:
    with store.writing() as db:
        edition = an_edition(db)
        has = reader_of(db, a_digest(db, edition))
        a_digest(db, edition, channel="wecom")
        a_digest(db, edition, subscription="ended")
        a_digest(db, edition, state="dead")
        found = bulk.dry_run(db, RESEND, of_edition(edition))
    assert (found.n, found.left_out, found.resent) == (3, 2, 0)
    ident = begun(store, edition)
    assert bulk.step_all(store, Pace(pauses=False)) == {"resend": 1}
    with store.reading() as db:
        assert resent(db) == [(has, "pending")]
        assert (bulk.show(db, ident).done, bulk.show(db, ident).passed_over) == (1, 2)
        assert [row.kind for row in search(db, Search(kind="resend", edition_id=edition)).rows] == ["resend"]


def test_a_second_click_begins_nothing_and_a_second_wish_is_told_of_the_first(store: Store) -> None:
    with store.writing() as db:
        edition = an_edition(db)
        a_digest(db, edition)
    first = begun(store, edition)
    with pytest.raises(BegunAlready) as refused:
        begun(store, edition, seen=first)  # it runs still
    bulk.step_all(store, Pace(pauses=False))
    with pytest.raises(BegunAlready):
        begun(store, edition)  # the same form once more
    with store.writing() as db:
        again = bulk.dry_run(db, RESEND, of_edition(edition))
        db.execute(update(deliveries).where(deliveries.c.kind == "resend").values(state="delivered"))
    assert (refused.value.ident, again.resent, again.left_out) == (first, 1, 1)
    begun(store, edition, seen=again.newest)
    assert bulk.step_all(store, Pace(pauses=False)) == {"resend": 1}


def test_what_was_owed_again_since_the_action_began_is_not_owed_twice(db: Connection) -> None:
    key = a_digest(db, an_edition(db))

    assert owing.owe_resends(db, [key], since=NOON, now=NOON + 1) == (1, 0)
    db.execute(update(deliveries).where(deliveries.c.kind == "resend").values(state="delivered"))
    assert owing.owe_resends(db, [key], since=NOON, now=NOON + 2) == (0, 0)
    assert owing.owe_resends(db, [key], since=NOON + 2, now=NOON + 3) == (1, 0)


def test_a_mailbox_that_is_off_holds_it_and_who_left_meanwhile_gets_nothing(db: Connection) -> None:
    edition = an_edition(db)
    held, left = a_digest(db, edition), a_digest(db, edition)
    off = select(deliveries.c.endpoint_id).where(deliveries.c.id == held).scalar_subquery()
    db.execute(update(endpoints).values(state="disabled").where(endpoints.c.id == off))
    db.execute(update(subscriptions).values(state="ended").where(subscriptions.c.id == reader_of(db, left)))

    assert owing.owe_resends(db, [held, left], since=NOON, now=NOON) == (1, 1)


def test_only_one_edition_can_be_sent_again_at_a_time(db: Connection) -> None:
    with pytest.raises(WrongUsage):
        bulk.dry_run(db, RESEND, Search(state="delivered"))

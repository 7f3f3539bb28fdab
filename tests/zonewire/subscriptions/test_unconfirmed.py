"""What nobody confirms is forgotten: the words of whoever asked, and the address of whoever was named."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text, update

from tests.builders import DAY, NOON, a_delivery, a_subscription, an_endpoint
from tests.plans import plan_of
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire.alarms import receivers, tell
from zonewire.delivery import counts
from zonewire.delivery.counts import Slot
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.states import State
from zonewire.errors import NotFound
from zonewire.store import Store, is_postgresql
from zonewire.store.tables import attempts, consents, deliveries, endpoints, subscribers, subscriptions
from zonewire.subscriptions import Asker, ask_to_subscribe, confirm, find, forget_unconfirmed, subscribe, unconfirmed
from zonewire.subscriptions.unconfirmed import WAITS_FOR

VICTIM = "victim@mail.example"
LATER = NOON + WAITS_FOR + 1


def ask(db: Connection, *, now: int = NOON, **options: Any) -> int:
    given = {"channel": "email", "to": VICTIM, "confirmed": False} | options
    who = Asker(address="203.0.113.7", locale="zh-CN", wording="w")
    ask_to_subscribe(db, a_request(**given), who, keys=RING, now=now)
    return int(db.execute(select(consents.c.subscription_id).order_by(consents.c.id.desc())).scalars().first() or 0)


def another(db: Connection) -> None:
    """Somebody who came later: SQLite would give the highest keys again."""
    a_subscription(db, channel="email", endpoint_id=an_endpoint(db, channel="email", address="wang@mail.example"))


def addresses(db: Connection) -> list[str | None]:
    return list(db.execute(select(subscribers.c.address).order_by(subscribers.c.id)).scalars())


def sent(db: Connection, state: str = "delivered") -> int:
    done = {"state": state, "ready": None, "due_at": None, "settled_at": None if state == "sending" else NOON}
    db.execute(update(deliveries).values(done))
    return int(db.execute(select(deliveries.c.id)).scalars().first() or 0)


def test_who_is_told_of_alarms_stays(db: Connection) -> None:
    ask(db)
    another(db)
    (ident,) = db.execute(select(endpoints.c.id).where(endpoints.c.address == VICTIM)).scalars()
    tell(db, ident, locale="en", now=NOON)

    assert forget_unconfirmed(db, 100, LATER) == 1

    assert [one.endpoint_id for one in receivers(db)] == [ident]


def test_everything_about_them_goes(db: Connection) -> None:
    ident = ask(db, keyword="您中奖了")
    mail = sent(db, "dead")
    failed = {"delivery_id": mail, "at": NOON, "took_ms": 1, "outcome": "never", "error": f"550 no {VICTIM}"}
    db.execute(insert(attempts).values(failed))
    another(db)

    assert forget_unconfirmed(db, 100, LATER) == 1

    assert addresses(db) == ["wang@mail.example"]
    assert db.execute(select(endpoints.c.address)).scalars().all() == ["wang@mail.example"]
    for table in (consents, deliveries, attempts):
        assert db.execute(select(table)).all() == [], table.name
    with pytest.raises(NotFound):
        find(db, ident)
    assert forget_unconfirmed(db, 100, LATER) == 0


def test_the_counts_are_right_where_the_mail_was_never_sent(db: Connection) -> None:
    ask(db)
    another(db)
    forget_unconfirmed(db, 100, LATER)

    assert db.execute(select(deliveries)).all() == []
    assert {slot: n for slot, n in counts.read(db).items() if n} == {}


def test_what_was_asked_for_once_more_waits_on(db: Connection) -> None:
    ident = ask(db)
    ask(db, now=NOON + 20 * DAY)
    another(db)

    assert forget_unconfirmed(db, 100, LATER) == 0
    assert find(db, ident).state == "unconfirmed"
    assert forget_unconfirmed(db, 100, LATER + 20 * DAY) == 1


def test_what_an_operator_made_more_recently_stays_and_what_was_confirmed_does(db: Connection) -> None:
    confirmed = ask(db, city="泰州")
    confirm(db, confirmed, NOON + DAY)
    ask(db, city="苏州")
    recent = subscribe(
        db, a_request(channel="email", to=VICTIM, confirmed=False, city="合肥"), keys=RING, now=NOON + DAY
    )
    another(db)

    assert forget_unconfirmed(db, 100, LATER) == 1

    left = dict(db.execute(select(subscriptions.c.id, subscriptions.c.state)).all())
    assert (left[confirmed], left[recent.id], len(left)) == ("active", "unconfirmed", 3)
    assert addresses(db) == [VICTIM, "wang@mail.example"]


def test_what_had_ended_and_was_asked_for_again_ends_again(db: Connection) -> None:
    ident = ask(db)
    confirm(db, ident, NOON)
    db.execute(update(subscriptions).values(state="ended", state_at=NOON + DAY))
    ask(db, now=NOON + 2 * DAY)
    another(db)

    assert forget_unconfirmed(db, 100, LATER + 2 * DAY) == 1

    assert find(db, ident).state == "ended"
    assert db.execute(select(consents.c.given_at)).scalars().all() == [NOON]
    assert sorted(db.execute(select(deliveries.c.state)).scalars()) == ["cancelled", "cancelled"]


def test_a_mail_that_is_being_sent_is_waited_for(db: Connection) -> None:
    ident = ask(db)
    sent(db, "sending")
    another(db)

    assert forget_unconfirmed(db, 100, LATER) == 0
    assert find(db, ident).state == "unconfirmed"


def test_whoever_subscribes_there_at_that_moment_is_not_in_the_way(store: Store) -> None:
    if not store.is_postgresql:
        pytest.skip("SQLite has one writer at a time")
    with store.writing() as db:
        ask(db)
        another(db)
    with store.writing() as db:
        request = a_request(channel="email", to=VICTIM, confirmed=True, city="泰州")
        find_or_make_endpoints(db, [EndpointWanted(request.address)], keys=RING, now=LATER)
        with store.settling() as upkeep:
            assert forget_unconfirmed(upkeep, 100, LATER) == 0
        made = subscribe(db, request, keys=RING, now=LATER)
    with store.settling() as upkeep:
        assert forget_unconfirmed(upkeep, 100, LATER) == 1
        assert find(upkeep, made.id).address == VICTIM


def test_a_test_message_to_them_is_owed_no_more(db: Connection) -> None:
    ask(db)
    sent(db)
    place = db.execute(select(endpoints.c.id)).scalar_one()
    message = a_delivery(db, endpoint_id=place, kind="test")
    another(db)
    forget_unconfirmed(db, 100, LATER)

    assert db.execute(select(deliveries.c.id, deliveries.c.state)).all() == [(message, "cancelled")]
    assert counts.read(db)[Slot("push.email", State.CANCELLED)] == 1


def test_what_an_operator_turned_off_stays_known(db: Connection) -> None:
    ask(db)
    db.execute(update(endpoints).values(state="disabled", reason="disabled by an operator", disabled_at=NOON))
    another(db)
    forget_unconfirmed(db, 100, LATER)

    assert addresses(db) == [VICTIM, "wang@mail.example"]
    assert VICTIM in db.execute(select(endpoints.c.address)).scalars().all()


def test_no_key_is_given_twice(db: Connection) -> None:
    """Links name the keys of subscriptions: an old one must never open somebody else's."""
    gone = ask(db)
    forget_unconfirmed(db, 100, LATER)
    ask(db, to="li@mail.example", now=LATER)
    forget_unconfirmed(db, 100, LATER)

    (left,) = db.execute(select(subscriptions.c.id)).scalars().all()
    assert left > gone


def test_it_goes_in_batches_by_an_index(db: Connection) -> None:
    for n in range(5):
        subscribe(db, a_request(channel="email", to=f"r{n}@mail.example", confirmed=False), keys=RING, now=NOON)
    another(db)
    if is_postgresql(db):
        db.execute(text("SET LOCAL enable_seqscan TO off"))
    plan = plan_of(db, unconfirmed._OVERDUE, {"before": LATER, "most": 2})

    assert [line for line in plan if "ix_subscriptions_unconfirmed" in line], plan
    mails = plan_of(db, unconfirmed._MAILS, {"of_ids": [1, 2]})
    assert not [line for line in mails if "Seq Scan" in line or line == "SCAN deliveries"], mails
    assert [forget_unconfirmed(db, 2, LATER) for _ in range(4)] == [2, 2, 1, 0]

"""What strangers ask for at the same moment, on PostgreSQL: SQLite has one writer at a time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire import subscriptions
from zonewire.errors import TooMany
from zonewire.store import Store
from zonewire.store.tables import deliveries
from zonewire.store.tables import subscriptions as table
from zonewire.subscriptions import Asker, ask_to_subscribe, asking, find
from zonewire.subscriptions.asking import ASKS_AN_HOUR, MAILS_A_DAY
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import Subscribed

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def ask(db: Connection, *, now: int = NOON, asker: str = "203.0.113.7", **options: Any) -> None:
    given = {"channel": "email", "to": "li@mail.example", "confirmed": False} | options
    who = Asker(address=asker, locale="zh-CN", wording="w")
    ask_to_subscribe(db, a_request(**given), who, keys=RING, now=now)


def test_who_confirms_while_the_form_is_sent_once_more_gets_digests(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing() as db:
        ask(db)
    ask_anew = asking._ask_anew

    def confirmed_before(db: Connection, known: Subscribed, request: SubscriptionRequest, *, now: int) -> bool:
        with store.writing() as other:
            subscriptions.confirm(other, known.id, NOON)
        return ask_anew(db, known, request, now=now)

    monkeypatch.setattr(asking, "_ask_anew", confirmed_before)
    with store.writing() as db:
        ask(db, at="18:30")

    with store.reading() as db:
        (one,) = (find(db, ident) for ident in db.execute(select(table.c.id)).scalars())
        kinds = db.execute(select(deliveries.c.kind).order_by(deliveries.c.id)).scalars().all()
    assert (one.state, one.at_minute, one.next_at is not None) == ("active", 8 * 60, True)
    assert kinds == ["confirmation", "links"]


def mails(store: Store) -> int:
    with store.reading() as db:
        return int(db.execute(select(func.count()).select_from(deliveries)).scalar_one())


def test_a_mailbox_gets_three_mails_a_day_also_of_those_who_ask_at_once(store: Store) -> None:
    def one(n: int) -> None:
        with store.writing() as db:
            ask(db, keyword=f"词{n}", asker=f"203.0.113.{n}", to="Li@mail.example" if n % 2 else "li@mail.example")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(16)))

    assert mails(store) == MAILS_A_DAY


def test_one_place_asks_so_often_an_hour_also_at_once(store: Store) -> None:
    def one(n: int) -> bool:
        try:
            with store.writing() as db:
                ask(db, to=f"r{n}@mail.example")
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(ASKS_AN_HOUR + 12))) == ASKS_AN_HOUR
    assert mails(store) == ASKS_AN_HOUR

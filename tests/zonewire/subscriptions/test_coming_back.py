"""Somebody whose mailbox was turned off asks again: what failures turned off is tried, what an operator did stays."""

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from tests.builders import DAY, NOON, a_delivery
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire.delivery import enabling, health
from zonewire.delivery.addresses import normalised
from zonewire.store.tables import asks, deliveries, endpoints
from zonewire.subscriptions import Asker, ask_for_links, ask_to_subscribe, end_everything, subscribe, subscriber_of

ADDRESS = "li@mail.example"
LATER = NOON + 30 * DAY
ASKER = Asker(address="203.0.113.7", locale="zh-CN", wording="w")
FAILED: list[dict[str, Any]] = [
    {"gone": True, "reason": "the receiver says that it is gone"},
    {"gone": False, "reason": health.TOO_LONG},
]


def off(db: Connection, **why: Any) -> None:
    """A reader whose mailbox is disabled, with a delivery that is held."""
    subscribe(db, a_request(channel="email", to=ADDRESS, confirmed=True), keys=RING, now=NOON)
    place = db.execute(select(endpoints.c.id)).scalar_one()
    a_delivery(db, endpoint_id=place, due_at=None)
    db.execute(update(endpoints).values(state="disabled", disabled_at=NOON, **why))


def ask(db: Connection, **options: Any) -> None:
    given = {"channel": "email", "to": ADDRESS, "confirmed": False} | options
    ask_to_subscribe(db, a_request(**given), ASKER, keys=RING, now=LATER)


def ask_links(db: Connection) -> bool:
    return ask_for_links(db, normalised("email", ADDRESS), ASKER, keys=RING, now=LATER)


def owed(db: Connection) -> list[tuple[str, str, bool]]:
    rows = db.execute(select(deliveries.c.kind, deliveries.c.state, deliveries.c.ready).order_by(deliveries.c.id))
    return [(row.kind, row.state, row.ready == 1) for row in rows]


@pytest.mark.parametrize("why", FAILED, ids=["gone", "failing"])
def test_who_subscribes_once_more_is_asked(db: Connection, why: dict[str, Any]) -> None:
    off(db, **why)
    ask(db, city="苏州")

    assert owed(db) == [("news", "cancelled", False), ("confirmation", "pending", True)]
    assert db.execute(select(endpoints.c.state, endpoints.c.gone)).one() == ("healthy", False)


@pytest.mark.parametrize("why", FAILED, ids=["gone", "failing"])
def test_who_asks_for_links_gets_them(db: Connection, why: dict[str, Any]) -> None:
    off(db, **why)

    assert ask_links(db)
    assert owed(db) == [("news", "cancelled", False), ("links", "pending", True)]


def test_what_an_operator_turned_off_stays_off(db: Connection) -> None:
    off(db, reason=enabling.BY_OPERATOR)

    assert not ask_links(db)
    ask(db)
    ask(db, city="苏州")

    assert owed(db) == [("news", "pending", False), ("confirmation", "pending", False)]  # held, until it is enabled
    assert db.execute(select(endpoints.c.state)).scalar_one() == "disabled"
    assert db.execute(select(asks.c.receiver).order_by(asks.c.id)).scalars().first() is None


def test_who_is_being_erased_is_not_brought_back(db: Connection) -> None:
    off(db, reason=health.TOO_LONG)
    end_everything(db, subscriber_of(db, ADDRESS, keys=RING), keys=RING, now=NOON)
    ask(db)

    assert not ask_links(db)
    assert db.execute(select(endpoints.c.state)).scalar_one() == "disabled"

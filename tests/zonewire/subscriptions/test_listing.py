"""Subscriptions as people and commands see them."""

from sqlalchemy import Connection

from tests.builders import NOON
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire.subscriptions import list_subscriptions, subscribe, unsubscribe


def test_the_list_has_the_shape_that_others_rely_on(db: Connection) -> None:
    hook = subscribe(db, a_request(), keys=RING, now=NOON)
    mail = subscribe(db, a_request(channel="email", city="泰州", not_keyword=["BYD", "氢能"]), keys=RING, now=NOON)
    assert list_subscriptions(db) == [
        {
            "id": f"s{hook.id}",
            "endpoint": f"e{hook.endpoint_id}",
            "channel": "webhook",
            "to": "https://partner.example/hook",
            "filter": {},
            "cadence": "instant",
            "state": "active",
            "next_at": None,
            "paused_until": None,
        },
        {
            "id": f"s{mail.id}",
            "endpoint": f"e{mail.endpoint_id}",
            "channel": "email",
            "to": "reader@mail.example",
            "filter": {"city": ["泰州"], "not_keyword": ["BYD", "氢能"]},
            "cadence": "daily",
            "state": "active",
            "next_at": "2026-06-12T00:00:00Z",
            "paused_until": None,
        },
    ]
    assert len(list_subscriptions(db, limit=1)) == 1


def test_what_has_ended_is_listed_as_ended_without_an_hour(db: Connection) -> None:
    unsubscribe(db, subscribe(db, a_request(channel="email"), keys=RING, now=NOON).id, NOON)
    (listed,) = list_subscriptions(db)
    assert (listed["state"], listed["next_at"]) == ("ended", None)

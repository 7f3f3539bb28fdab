"""Subscribing: the same again is the first; what is new begins as it should."""

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, a_version
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire.errors import Conflict
from zonewire.keys import new_webhook_secret
from zonewire.store import SECOND
from zonewire.store.tables import deliveries, subscriptions
from zonewire.subscriptions import (
    Subscribed,
    SubscriptionRequest,
    confirm,
    pause,
    subscribe,
    unsubscribe,
)

HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND


def made(db: Connection, request: SubscriptionRequest, now: int = NOON) -> Subscribed:
    return subscribe(db, request, keys=RING, now=now)


def window(db: Connection) -> tuple[int, int | None]:
    row = db.execute(select(subscriptions.c.window_after, subscriptions.c.next_at)).one()
    return row.window_after, row.next_at


def owed(db: Connection) -> list[tuple[str, str]]:
    rows = db.execute(select(deliveries.c.kind, deliveries.c.lane, deliveries.c.subscription_id))
    return [(row.kind, row.lane) for row in rows]


def test_a_webhook_is_active_at_once_and_told_its_secret_once(db: Connection) -> None:
    first = made(db, a_request())
    shape = first.as_json()
    assert shape == {
        "id": f"s{first.id}", "endpoint": f"e{first.endpoint_id}", "channel": "webhook",
        "to": "https://partner.example/hook", "cadence": "instant", "state": "active", "secret": first.secret,
    }  # fmt: skip
    assert (first.secret or "").startswith("whsec_")
    again = made(db, a_request())
    assert (again.id, again.is_new, again.secret) == (first.id, False, None)
    assert "secret" not in again.as_json()


def test_a_second_subscription_of_an_endpoint_is_another_without_a_secret(db: Connection) -> None:
    first, second = made(db, a_request()), made(db, a_request(city="泰州"))
    assert first.id != second.id
    assert first.endpoint_id == second.endpoint_id
    assert second.secret is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"city": "泰州"}, {"city": [" 泰州"], "to": "https://PARTNER.example:443/hook"}, True),
        ({"keyword": "開發區"}, {"keyword": "开发区"}, True),
        ({"city": "泰州"}, {"city": "苏州"}, False),
        ({"channel": "email", "cadence": "daily"}, {"channel": "email", "cadence": "weekly"}, False),
        ({"channel": "email", "at": "08:00"}, {"channel": "email", "at": "09:00", "locale": "en"}, True),
    ],
)
def test_filter_endpoint_and_cadence_make_it_the_same(
    db: Connection,
    one: dict[str, str],
    other: dict[str, str],
    same: bool,  # noqa: FBT001
) -> None:
    assert (made(db, a_request(**one)).id == made(db, a_request(**other)).id) is same


def test_an_unconfirmed_email_is_owed_one_mail_that_asks_and_no_digest(db: Connection) -> None:
    first = made(db, a_request(channel="email", confirmed=False))
    assert first.state == "unconfirmed"
    assert owed(db) == [("confirmation", "push.email")]
    assert window(db) == (0, None)
    again = made(db, a_request(channel="email", confirmed=False))
    assert (again.id, again.state) == (first.id, "unconfirmed")
    assert len(owed(db)) == 1


def test_a_confirmed_email_is_owed_nothing_and_has_its_first_hour(db: Connection) -> None:
    assert made(db, a_request(channel="email")).state == "active"
    assert owed(db) == []
    assert window(db) == (0, NOON + 20 * HOUR)  # 08:00 in China on the next day


def test_instant_news_have_no_hour_and_go_on_from_the_newest(db: Connection) -> None:
    version = a_version(db, accepted_at=NOON - HOUR)
    made(db, a_request(channel="email", cadence="instant"))
    assert window(db) == (version.number, None)


@pytest.mark.parametrize(
    ("cadence", "ages", "after"),
    [
        ("daily", [30 * HOUR, 24 * HOUR, HOUR], 1),  # the second was accepted just one day before
        ("daily", [30 * HOUR, 25 * HOUR], 2),  # none within a day: behind the newest
        ("daily", [], 0),
        ("weekly", [8 * DAY, 6 * DAY, HOUR], 1),
        ("hourly", [2 * HOUR, HOUR // 2], 1),
    ],
)
def test_the_first_window_opens_one_period_back(db: Connection, cadence: str, ages: list[int], after: int) -> None:
    for age in ages:
        a_version(db, accepted_at=NOON - age)
    made(db, a_request(channel="email", cadence=cadence))
    assert window(db)[0] == after


def test_a_request_that_brings_the_readers_word_confirms(db: Connection) -> None:
    first = made(db, a_request(channel="email", confirmed=False))
    again = made(db, a_request(channel="email", confirmed=True))
    assert (again.id, again.state) == (first.id, "active")
    assert window(db)[1] is not None


def test_what_had_ended_begins_anew_as_it_is_asked_for(db: Connection) -> None:
    first = made(db, a_request(channel="email"))
    unsubscribe(db, first.id, NOON)
    again = made(db, a_request(channel="email", at="09:00"), NOON + DAY)
    assert (again.id, again.state) == (first.id, "active")
    assert window(db)[1] == NOON + DAY + 21 * HOUR


def test_what_had_ended_asks_its_reader_again(db: Connection) -> None:
    first = made(db, a_request(channel="email"))
    unsubscribe(db, first.id, NOON)
    assert made(db, a_request(channel="email", confirmed=False)).state == "unconfirmed"
    assert owed(db) == [("confirmation", "push.email")]
    assert confirm(db, first.id, NOON).state == "active"


def test_what_is_paused_stays_so(db: Connection) -> None:
    first = made(db, a_request())
    pause(db, first.id, NOON)
    assert made(db, a_request()).state == "paused"


def test_another_secret_for_an_endpoint_is_refused(db: Connection) -> None:
    first = made(db, a_request())
    assert first.secret is not None
    assert made(db, a_request(secret=first.secret)).id == first.id
    with pytest.raises(Conflict, match="another one already"):
        made(db, a_request(secret=new_webhook_secret(), city="泰州"))
    assert len(db.execute(select(subscriptions.c.id)).all()) == 1

"""What strangers ask for on our pages: a mail at most, the same for everybody, and not any number of them."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, a_filter, a_subscription, an_endpoint
from tests.zonewire.subscriptions.requests import RING, a_request
from zonewire.delivery.addresses import normalised
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.errors import TooMany
from zonewire.keys import read_token
from zonewire.store import SECOND
from zonewire.store.tables import asks, consents, deliveries, subscriptions
from zonewire.subscriptions import (
    Asker,
    ask_for_links,
    ask_to_subscribe,
    end_everything,
    forget_asks,
    subscriber_of,
)
from zonewire.subscriptions.asking import ASKS_AN_HOUR, MAILS_A_DAY
from zonewire.subscriptions.links import links_messages

HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
ADDRESS = "li@mail.example"


def an_asker(address: str = "203.0.113.7") -> Asker:
    return Asker(address=address, locale="zh-CN", wording="点“订阅”，就是同意。")


def ask(db: Connection, *, now: int = NOON, asker: str = "203.0.113.7", **options: Any) -> None:
    given = {"channel": "email", "to": ADDRESS, "confirmed": False} | options
    ask_to_subscribe(db, a_request(**given), an_asker(asker), keys=RING, now=now)


def mails(db: Connection) -> list[str]:
    return list(db.execute(select(deliveries.c.kind).order_by(deliveries.c.id)).scalars())


def test_a_stranger_is_asked_by_mail_and_what_was_agreed_to_is_kept(db: Connection) -> None:
    ask(db, city="泰州")

    (row,) = db.execute(select(subscriptions)).all()
    (consent,) = db.execute(select(consents)).all()
    assert (row.state, mails(db)) == ("unconfirmed", ["confirmation"])
    assert (consent.act, consent.given_at, consent.given_from) == ("asked", NOON, "203.0.113.7")
    assert consent.wording == "点“订阅”，就是同意。"


def test_who_asks_again_before_confirming_is_asked_again_for_the_last_wish(db: Connection) -> None:
    ask(db, cadence="daily", at="08:00")
    ask(db, cadence="daily", at="18:30", locale="en")

    (row,) = db.execute(select(subscriptions)).all()
    assert (row.state, row.at_minute, row.locale) == ("unconfirmed", 18 * 60 + 30, "en")
    assert mails(db) == ["confirmation", "confirmation"]


def test_who_had_left_is_asked_once(db: Connection) -> None:
    ask(db)
    db.execute(subscriptions.update().values(state="ended"))
    ask(db, now=NOON + 1)

    assert mails(db) == ["confirmation", "confirmation"]


def test_who_has_it_already_gets_the_links_to_it(db: Connection) -> None:
    ask(db)
    db.execute(subscriptions.update().values(state="active"))
    ask(db, at="18:30")

    (row,) = db.execute(select(subscriptions)).all()
    assert mails(db) == ["confirmation", "links"]
    assert row.at_minute == 8 * 60, "nobody changes a subscription by knowing its address"


def test_one_mailbox_gets_three_mails_a_day_however_it_is_written_and_from_wherever(db: Connection) -> None:
    for n in range(MAILS_A_DAY + 2):
        ask(db, asker=f"203.0.113.{n}", to="Li@mail.example" if n % 2 else ADDRESS, city=f"城{n}")
    assert len(mails(db)) == MAILS_A_DAY

    ask(db, now=NOON + DAY + 1, city="新城")
    assert len(mails(db)) == MAILS_A_DAY + 1


def test_one_place_asks_so_often_an_hour(db: Connection) -> None:
    for n in range(ASKS_AN_HOUR):
        ask(db, to=f"r{n}@mail.example", now=NOON + n * SECOND)
    with pytest.raises(TooMany) as refused:
        ask(db, to="one-more@mail.example", now=NOON + 60 * SECOND)
    assert refused.value.retry_after_s == 3_540

    ask(db, to="another@mail.example", asker="198.51.100.1", now=NOON + 60 * SECOND)
    ask(db, to="later@mail.example", now=NOON + HOUR + 60 * SECOND)


def test_who_was_erased_gets_nothing_and_is_not_told_apart(db: Connection) -> None:
    endpoint_id = an_endpoint(db, channel="email", address=ADDRESS)
    a_subscription(db, endpoint_id=endpoint_id, channel="email")
    end_everything(db, subscriber_of(db, ADDRESS, keys=RING), keys=RING, now=NOON)

    ask(db)

    assert mails(db) == []
    assert db.execute(select(consents)).all() == []


def test_the_links_are_mailed_to_who_has_subscriptions_and_to_nobody_else(db: Connection) -> None:
    ask(db, to="other@mail.example")
    db.execute(subscriptions.update().values(state="active"))
    owed = [
        ask_for_links(db, normalised("email", f"{who}@mail.example"), an_asker(), keys=RING, now=NOON)
        for who in ("other", "unknown")
    ]

    assert owed == [True, False]
    assert mails(db) == ["confirmation", "links"]
    assert [row.receiver is None for row in db.execute(select(asks).order_by(asks.c.id))] == [False, False, True]


def test_the_mail_lists_what_goes_on_with_links_that_work_for_an_hour(db: Connection) -> None:
    endpoint_id = an_endpoint(db, channel="email", address=ADDRESS)
    places = {"泰州": "active", "苏州": "paused", "合肥": "ended"}
    idents = [
        a_subscription(db, endpoint_id=endpoint_id, channel="email", filter_id=a_filter(db, city=city), state=state)
        for city, state in places.items()
    ]
    mailing = Mailing("https://wire.example", "投促网 <digest@wire.example>", RING)
    owed = OwedLetter(
        id=1, delivery_id="0190163d-8694-739b-aea5-966c26f8ad91", subscription_id=3, endpoint_id=endpoint_id
    )

    message = links_messages(db, [owed], mailing=mailing, now=NOON)[1]

    assert isinstance(message, LetterMessage)
    raw = message.letter.personal({**message.slots, "to": ADDRESS})
    text = _plain(raw)
    links = [line for line in text.splitlines() if line.startswith("https://wire.example/manage/")]
    assert [read_token(RING, "owner", one.rpartition("/")[2]) for one in links] == idents[:2]
    assert "每天 08:00（上海时间） · 已暂停" in text
    db.execute(subscriptions.update().values(state="ended"))
    assert links_messages(db, [owed], mailing=mailing, now=NOON) == {}


def _plain(raw: bytes) -> str:
    import email.policy

    part = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_asks_are_forgotten_after_their_day(db: Connection) -> None:
    ask(db)
    ask(db, now=NOON + DAY, city="泰州")

    assert forget_asks(db, 100, NOON + 1) == 1
    assert len(db.execute(select(asks)).all()) == 1

"""The mail of one article, as it happens."""

import pytest
from sqlalchemy import Connection

from tests.builders import NOON, a_subscription, a_version, an_article, an_endpoint
from tests.zonewire.digests.test_messages import DELIVERY, a_mailing, body, read
from zonewire.articles.model import Version
from zonewire.delivery.mailing import OwedNews
from zonewire.delivery.messages import LetterMessage
from zonewire.digests import news_messages
from zonewire.filters import Filter, intern
from zonewire.keys import read_token


def mailed(
    db: Connection, version: Version, *, event_type: str = "article.published", locale: str = "zh-CN", **over: object
) -> LetterMessage | None:
    endpoint = an_endpoint(db, channel="email")
    filter_id = intern(db, Filter(cities=("泰州",)))
    a_subscription(db, endpoint_id=endpoint, cadence="instant", filter_id=filter_id, locale=locale, **over)  # type: ignore[arg-type]  # columns
    owed = OwedNews(id=1, delivery_id=DELIVERY, endpoint_id=endpoint, number=version.number, event_type=event_type)
    return news_messages(db, [owed], mailing=a_mailing(), now=NOON).get(1)


def test_it_carries_title_address_reason_and_a_way_out(db: Connection) -> None:
    article = an_article(title="泰州港新码头开港", url="https://portal.example/n/1")

    message = mailed(db, a_version(db, article))

    assert message is not None
    mail = read(message)
    assert mail["Subject"] == "泰州港新码头开港"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert "泰州港新码头开港" in body(mail, kind)
        assert "https://portal.example/n/1" in body(mail, kind)
        assert "城市：泰州" in body(mail, kind)
        assert "https://wire.example/unsubscribe/" in body(mail, kind)


@pytest.mark.parametrize(
    ("event_type", "locale", "subject"),
    [
        ("article.updated", "zh-CN", "更正：泰州港"),
        ("article.updated", "en", "Corrected: 泰州港"),
        ("article.withdrawn", "zh-CN", "撤稿：泰州港"),
        ("article.withdrawn", "en", "Withdrawn: 泰州港"),
    ],
)
def test_a_correction_and_a_withdrawal_say_so(db: Connection, event_type: str, locale: str, subject: str) -> None:
    withdrawn = event_type == "article.withdrawn"
    version = a_version(db, an_article(title="泰州港", text="不该再出现的旧文。", summary=""), withdrawn=withdrawn)

    message = mailed(db, version, event_type=event_type, locale=locale)

    assert message is not None
    mail = read(message)
    assert mail["Subject"] == subject
    assert ("不该再出现的旧文" in body(mail, "plain")) is not withdrawn


def test_one_letter_serves_all_who_read_it_in_one_language_for_one_filter(db: Connection) -> None:
    version, mailing = a_version(db), a_mailing()
    owed = []
    for n in range(3):
        endpoint = an_endpoint(db, channel="email")
        a_subscription(db, endpoint_id=endpoint, cadence="instant", filter_id=intern(db, Filter()))
        owed.append(
            OwedNews(
                id=n,
                delivery_id=DELIVERY,
                endpoint_id=endpoint,
                number=version.number,
                event_type="article.published",
            )
        )

    messages = news_messages(db, owed, mailing=mailing, now=NOON)

    assert len({id(message.letter) for message in messages.values()}) == 1
    assert len({message.slots["unsubscribe"] for message in messages.values()}) == 3


def test_whoever_has_left_meanwhile_is_sent_nothing(db: Connection) -> None:
    assert mailed(db, a_version(db), state="ended") is None


def test_of_several_subscriptions_the_one_that_wants_the_article_is_named(db: Connection) -> None:
    """Else its reader would leave the wrong one by the link, and read the mail in the other's language."""
    endpoint = an_endpoint(db, channel="email")
    ids = {
        city: a_subscription(
            db,
            endpoint_id=endpoint,
            cadence="instant",
            filter_id=intern(db, Filter(cities=(city,))),
            locale=locale,
        )
        for city, locale in (("泰州", "zh-CN"), ("苏州", "en"))
    }
    mailing = a_mailing()
    for city, ident in ids.items():
        version = a_version(db, an_article(city=city))
        owed = OwedNews(
            id=1, delivery_id=DELIVERY, endpoint_id=endpoint, number=version.number, event_type="article.published"
        )
        slots = news_messages(db, [owed], mailing=mailing, now=NOON)[1].slots
        token = slots["unsubscribe"].rpartition("/")[2]
        assert read_token(mailing.keys, "unsubscribe", token) == ident


def test_a_correction_that_no_filter_passes_any_more_is_sent_for_the_oldest(db: Connection) -> None:
    message = mailed(db, a_version(db, an_article(city="无锡")), event_type="article.updated")

    assert message is not None
    assert read(message)["Subject"].startswith("更正：")


def test_what_was_owed_before_a_pause_is_still_sent(db: Connection) -> None:
    assert mailed(db, a_version(db), state="paused") is not None

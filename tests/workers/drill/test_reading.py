"""What the channels write is read back as what it is."""

import time
from typing import Any

import orjson
import pytest

from tests.workers.drill.builders import a_receiver, some_news, withdrawn
from workers.drill.audience import MAIL_DOOR
from workers.drill.newsroom import News
from workers.drill.reading import read_card, read_mail, read_webhook
from zonewire.channels import dingtalk, feishu, slack, wecom
from zonewire.delivery.messages import CardItem, CardMessage, CardSort, Endpoint
from zonewire.keys import SigningKey, new_webhook_secret, sign
from zonewire.rendering.mime import Slots, compose
from zonewire.rendering.translation import words

SECRET = new_webhook_secret()
ROBOTS = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu, "slack": slack}
ENDPOINT = Endpoint(1, "wecom", "http://127.0.0.1:9000/x", "127.0.0.1:9000", (), "")
T = words("zh-CN")


def a_card(*news: News, changes: bool) -> CardMessage:
    items = []
    for one in news:
        mark = T("robots.withdrawn") if one.withdrawn else T("robots.updated") if changes else ""
        items.append(CardItem(one.title, "" if one.withdrawn else one.guid, mark=mark, page="https://z.example/a/1"))
    return CardMessage(
        sort=CardSort.CHANGES if changes else CardSort.NEWS,
        locale="zh-CN",
        portal="Drill",
        home="https://z.example/",
        heading=T("robots.changes", n=len(items)) if changes else "",
        lead=T("robots.changes_lead") if changes else "",
        items=tuple(items),
        at=int(time.time()),
    )


@pytest.mark.parametrize("platform", ROBOTS)
@pytest.mark.parametrize(
    ("news", "changes"),
    [
        ([some_news(1)], False),
        ([some_news(1), some_news(2), some_news(3)], False),
        ([some_news(4, 2)], True),
        ([withdrawn(some_news(4, 2))], True),
        ([some_news(1, 2), withdrawn(some_news(2)), some_news(3, 5)], True),
        ([withdrawn(some_news(2)), some_news(3, 5)], True),
    ],
)
def test_a_card_of_each_platform_is_read(platform: str, news: list[News], changes: bool) -> None:  # noqa: FBT001
    request: Any = ROBOTS[platform].build(a_card(*news, changes=changes), ENDPOINT)

    receipts = read_card(a_receiver(channel=platform), request.body)

    assert sorted(one.what for one in receipts) == sorted((one.number, one.version) for one in news)
    assert {one.number for one in receipts if one.withdrawn} == {one.number for one in news if one.withdrawn}


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_webhook_is_read_and_its_signature_checked(is_ours: bool) -> None:  # noqa: FBT001
    secret = SECRET if is_ours else new_webhook_secret()
    news, stamp = some_news(7, 3), int(time.time())
    body = orjson.dumps({"type": "article.updated", "data": news.event()["data"] | {"version": 3}})
    signature = sign([SigningKey.of(secret)], "id-1", stamp, body)
    headers = {"webhook-id": "id-1", "webhook-timestamp": str(stamp), "webhook-signature": signature}

    receipt = read_webhook(a_receiver(secret=SECRET), headers, body)

    assert (receipt.what, receipt.text_version, receipt.ident) == ((7, 3), 3, "id-1")
    assert receipt.is_signed == is_ours


def a_mail(subject: str, text: str) -> bytes:
    headers = [("From", "a@drill.example"), ("Subject", subject), ("Message-ID", "<id-1@drill.example>")]
    return compose(headers=headers, text=text, html="<p>x</p>", slots=Slots()).personal({})


def test_a_mail_of_news_is_read_by_its_subject_and_its_text() -> None:
    gone = withdrawn(some_news(5))
    message = a_mail(T("news.withdrawn_subject", title=gone.title), f"{gone.title}\n--------\n演练0099第1版")

    (receipt,) = read_mail(a_receiver(door=MAIL_DOOR), message)

    assert (receipt.what, receipt.withdrawn, receipt.ident) == ((5, 2), True, "id-1")


def test_a_digest_is_read_with_its_stories_and_its_corrections() -> None:
    gone, changed = withdrawn(some_news(2)), some_news(3, 2)
    listed = [T("digest.changed", title=gone.title, what=T("digest.withdrawn"))]
    listed.append(T("digest.changed", title=changed.title, what=T("digest.corrected")))
    text = f"{some_news(1).title}\n\n▍{T('digest.corrections')}\n\n" + "\n".join(listed) + "\n--------\n"

    receipts = read_mail(a_receiver(cadence="daily"), a_mail("x", text))

    assert [(one.what, one.withdrawn, one.is_correction) for one in receipts] == [
        ((1, 1), False, False),
        ((2, 2), True, True),
        ((3, 2), False, True),
    ]

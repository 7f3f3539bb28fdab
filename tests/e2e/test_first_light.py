"""First light: an article in; feeds, signed webhooks and a digest out, on one machine (the real processes)."""

import re
import time
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import feedparser
import pytest
import requests
from lxml import etree

from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.mailbox import Mailbox
from tests.servers.receiver import Receiver
from zonewire.articles.model import Article

WINDOW_S = 2  # FEED_WINDOW's default
FEED_WITHIN_S = 1 + WINDOW_S + 0.5  # a second, the window of a burst that is open, and our own polling
SLUG = "taizhou"
FEEDS = [f"{name}.{form}" for name in ("all", f"city/{SLUG}") for form in ("rss", "atom", "json")]
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"

PAGE = """江海投资促进网
您现在的位置:首页 > 开发区新闻 > 泰州 > 文字新闻
滨江产业园首条氢能装备生产线投产
发布时间:2026-06-10  来源:滨江产业园管理办公室  发布开发区:江苏滨江产业园

  6月9日上午，滨江产业园首条氢能装备生产线正式投产，年产电解槽三百台。

  项目一期投资八亿元，二期将建设检测中心。

上一条:滨江产业园举行春季招商说明会
下一条:没有了
联系电话:0000-0000000
"""


def test_what_is_published_over_http_stands_in_its_feeds_within_a_second(installation: Installation) -> None:
    article = an_article()
    (result,) = installation.publish([article])
    assert (result["guid"], result["version"], result["result"]) == (article.guid, 1, "accepted")
    deadline = time.monotonic() + FEED_WITHIN_S
    for name in FEEDS:
        left_s = max(0.0, deadline - time.monotonic())
        eventually(partial(_has, installation, name, article), within_s=left_s, what=name)
        assert article.title in _titles(installation, name)


def test_a_feed_that_did_not_change_is_not_sent_again(installation: Installation) -> None:
    installation.publish([article := an_article()])
    eventually(lambda: article.title in _feed(installation, "all.atom"), within_s=FEED_WITHIN_S)
    first = installation.get("/feeds/all.atom")
    again = installation.get("/feeds/all.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_webhook_arrives_and_the_reference_library_accepts_its_signature(
    installation: Installation, receiver: Receiver
) -> None:
    made = installation.subscribe("webhook", receiver.url("/signed"), "--city", "泰州")
    assert (made["state"], made["cadence"]) == ("active", "instant")
    installation.publish([wanted := an_article(), an_article(city="苏州")])

    eventually(lambda: receiver.received("/signed"), within_s=3)

    (push,) = receiver.received("/signed")
    assert push.is_signed_with(made["secret"])
    assert push.json()["type"] == "article.published"
    assert (push.json()["data"]["guid"], push.json()["data"]["version"]) == (wanted.guid, 1)


def test_a_correction_and_a_withdrawal_reach_whoever_had_the_article(
    installation: Installation, receiver: Receiver
) -> None:
    installation.subscribe("webhook", receiver.url("/corrected"))
    article = an_article()
    installation.publish([article])
    eventually(lambda: receiver.received("/corrected"), within_s=3)

    installation.publish([an_article(guid=article.guid, title="更正后的标题")])
    eventually(lambda: len(receiver.received("/corrected")) == 2, within_s=3)
    installation.cli("withdraw", article.guid)
    eventually(lambda: len(receiver.received("/corrected")) == 3, within_s=3)

    types = [push.json()["type"] for push in receiver.received("/corrected")]
    assert types == ["article.published", "article.updated", "article.withdrawn"]
    assert len(receiver.ids("/corrected")) == 3
    eventually(lambda: TOMBSTONE in _tags(installation, "all.atom"), within_s=FEED_WITHIN_S)
    assert article.guid not in _feed(installation, "all.json")


def test_a_portal_page_is_published_by_the_command_line(
    installation: Installation, receiver: Receiver, tmp_path: Path
) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    installation.subscribe("webhook", receiver.url("/page"), "--zone", "江苏滨江产业园")

    installation.cli("publish", str(page), "--wait")

    (push,) = receiver.received("/page")
    article = push.json()["data"]
    assert (article["title"], article["city"]) == ("滨江产业园首条氢能装备生产线投产", "泰州")
    assert article["section"] == ["开发区新闻", "文字新闻"]
    assert "上一条" not in article["text"]
    assert "0000-0000000" not in article["text"]
    assert article["title"] in _titles(installation, "all.rss")
    assert installation.get(article["url"].removeprefix(installation.base_url)).status_code == 200


def test_a_digest_arrives_by_mail_and_one_click_ends_it(installation: Installation, mailbox: Mailbox) -> None:
    for reader in ("one@mail.example", "two@mail.example"):
        made = installation.subscribe("email", reader, "--zone", "数字产业园", "--confirmed")
        assert (made["state"], made["cadence"]) == ("active", "daily")
    first = _digest_of(installation, mailbox, an_article(zone="数字产业园"), at="2031-01-02T09:00:00+08:00")
    assert first["To"].addresses[0].addr_spec == "one@mail.example"
    _check_headers(first)

    answer = requests.post(_unsubscribe_address(first), data={"List-Unsubscribe": "One-Click"}, timeout=5)

    assert (answer.status_code, answer.history) == (200, [])
    states = {s["to"]: s["state"] for s in installation.json("subscriptions", "list") if s["channel"] == "email"}
    assert states == {"one@mail.example": "ended", "two@mail.example": "active"}
    installation.publish([an_article(zone="数字产业园")])
    installation.cli("digests", "run", "--at", "2031-01-03T09:00:00+08:00")
    eventually(lambda: len(mailbox.mails("two@mail.example")) == 2, within_s=10)
    assert len(mailbox.mails("one@mail.example")) == 1


def test_a_window_with_nothing_in_it_sends_nothing_and_no_article_comes_twice(
    installation: Installation, mailbox: Mailbox
) -> None:
    installation.subscribe("email", "three@mail.example", "--zone", "航空产业园", "--confirmed")
    article, later = an_article(zone="航空产业园"), an_article(zone="航空产业园")
    installation.publish([article])
    for day in (2, 3):  # the second window is empty
        installation.cli("digests", "run", "--at", f"2032-01-0{day}T09:00:00+08:00")
    installation.publish([later])
    installation.cli("digests", "run", "--at", "2032-01-04T09:00:00+08:00")

    eventually(lambda: len(mailbox.mails("three@mail.example")) == 2, within_s=10)

    texts = [_plain(mail) for mail in mailbox.mails("three@mail.example")]
    assert [(article.title in text, later.title in text) for text in texts] == [(True, False), (False, True)]


@pytest.mark.parametrize("path", ["articles", "subscriptions", "endpoints", "deliveries", "feeds", "nothing-such"])
def test_the_management_api_answers_nobody_without_a_key(installation: Installation, path: str) -> None:
    assert installation.get(f"/v1/{path}").status_code == 401


def test_a_second_up_on_the_same_folder_is_refused_with_a_clear_line(installation: Installation) -> None:
    second = installation.cli("up", "--data", str(installation.data_dir), check=False)
    assert second.returncode != 0
    assert str(installation.data_dir) in second.stderr
    assert "Traceback" not in second.stderr
    assert len(second.stderr.splitlines()) <= 2
    assert installation.is_ready()


def _feed(installation: Installation, name: str) -> str:
    return installation.get(f"/feeds/{name}").text


def _has(installation: Installation, name: str, article: Article) -> bool:
    return article.title in _feed(installation, name)


def _titles(installation: Installation, name: str) -> list[str]:
    """The entries' titles, by a reader of feeds that is not ours."""
    answer = installation.get(f"/feeds/{name}")
    if name.endswith(".json"):
        return [item["title"] for item in answer.json()["items"]]
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo, parsed.bozo_exception
    return [entry.title for entry in parsed.entries]


def _tags(installation: Installation, name: str) -> set[str]:
    return {str(node.tag) for node in etree.fromstring(installation.get(f"/feeds/{name}").content).iter()}


def _digest_of(installation: Installation, mailbox: Mailbox, article: Article, *, at: str) -> EmailMessage:
    """The mail to the first reader after *article* was published and the digests of *at* were cut."""
    installation.publish([article])
    installation.cli("digests", "run", "--at", at)
    eventually(lambda: mailbox.mails("one@mail.example"), within_s=10)
    (mail,) = mailbox.mails("one@mail.example")
    assert article.title in _plain(mail)
    return mail


def _check_headers(mail: EmailMessage) -> None:
    once = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id")
    for name in (*once, "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted"):
        assert len(mail.get_all(name, [])) == 1, name
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds[:2] == ["text/plain", "text/html"]


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _unsubscribe_address(mail: EmailMessage) -> str:
    (address,) = re.findall(r"<(https?://[^>]+)>", mail["List-Unsubscribe"])
    return str(address)

"""The hub over real processes: what is published while all is being killed ends in the hands of who subscribed."""

import feedparser
import pytest
import requests

from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.websub import Subscriber, discover

pytestmark = pytest.mark.slow

SETTINGS = {"retry_schedule": "1,1,1,1,1,2,2,2,300", "http_timeout": "2", "feed_window": "0.5"}


def has_the_present(subscriber: Subscriber, topic: str) -> bool:
    plain = requests.get(topic, headers={"Accept-Encoding": "identity"}, timeout=10).content
    return bool(subscriber.documents) and subscriber.documents[-1].body == plain


def test_a_subscriber_ends_with_the_present_document_whatever_was_killed(installation: Installation) -> None:
    guid = an_article().guid
    installation.publish([an_article(guid=guid, title="第一稿")])
    eventually(lambda: "第一稿" in installation.get("/feeds/all.atom").text, within_s=10)
    hub, topic = discover(f"{installation.base_url}/feeds/all.atom")
    with Subscriber(secret="shared") as subscriber:
        assert subscriber.ask(hub, topic).status_code == 202
        eventually(lambda: len(installation.json("hub", "list")) == 1, within_s=5, what="the subscription is there")

        installation.publish([an_article(guid=guid, title="第二稿"), an_article(title="另一条")])
        eventually(lambda: has_the_present(subscriber, topic), within_s=10)
        installation.publish([an_article(guid=guid, title="第三稿")])
        installation.kill9()
        installation.up()
        eventually(lambda: "第三稿" in installation.get("/feeds/all.atom").text, within_s=10)
        eventually(lambda: has_the_present(subscriber, topic), within_s=20, what="the third is told")

        installation.cli("withdraw", guid)
        eventually(lambda: b"deleted-entry" in subscriber.documents[-1].body, within_s=10, what="it is told")
        eventually(lambda: has_the_present(subscriber, topic), within_s=10)
        assert all(document.is_signed for document in subscriber.documents)
        moments = [feedparser.parse(document.body).feed.updated for document in subscriber.documents]
        assert moments == sorted(moments), "an older document came after a newer one"

        known = installation.json("hub", "show", "h1")
        assert {notice["state"] for notice in known["notices"]} == {"delivered"}
        installation.cli("hub", "end", "h1", "--reason", "the trial is over")
        eventually(lambda: bool(subscriber.asked("denied")), within_s=5, what="it is told that this is over")
        assert installation.json("hub", "list") == []

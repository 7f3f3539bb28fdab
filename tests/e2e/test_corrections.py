"""Corrections, end to end: who has the old text is told, who has nothing is not, and never an old after a new one."""

import itertools
import random
from email.message import EmailMessage

import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.mailbox import Mailbox
from tests.servers.receiver import Behaviour, Receiver, fail_then_ok, hang, hang_up, ok, status

pytestmark = pytest.mark.slow

SETTLED_WITHIN_S = 40
VERSIONS, FLAKY = 12, 40
SEED = 20_261_127


SETTINGS = {"retry_schedule": "1,1,1,1,1,1,2,2,2,300", "http_timeout": "2"}


def versions_at(receiver: Receiver, path: str) -> list[int]:
    return [push.json()["data"]["version"] for push in receiver.received(path)]


def all_is_settled(installation: Installation) -> None:
    eventually(lambda: installation.json("status")["backlog"] == 0, within_s=SETTLED_WITHIN_S, what="nothing waits")


def test_versions_in_quick_succession_reach_flaky_receivers_in_their_order_and_the_last_reaches_all(
    installation: Installation, receiver: Receiver
) -> None:
    chance = random.Random(SEED)
    paths = [f"/flaky/{n}" for n in range(FLAKY)]
    for path in paths:
        receiver.behave(path, _flaky(chance.random(), chance.randint(0, 2**32)))
    installation.import_subscriptions(
        {"channel": "webhook", "to": receiver.url(path), "zone": "更正产业园"} for path in paths
    )
    guid = an_article().guid
    for n in range(VERSIONS):
        installation.publish([an_article(guid=guid, zone="更正产业园", title=f"园区新闻，第{n + 1}稿")])
    eventually(
        lambda: all(VERSIONS in versions_at(receiver, path) for path in paths), within_s=SETTLED_WITHIN_S, what="last"
    )
    all_is_settled(installation)
    for path in paths:
        told = versions_at(receiver, path)
        assert told == sorted(told), f"{path} was told {told}"


def test_a_receiver_that_had_nothing_is_not_told_of_a_withdrawal(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behave("/had", ok)
    receiver.behave("/may-have", hang_up)  # it read the whole request: nobody knows what it made of it
    receiver.behave("/never", status(500))
    for path in ("/had", "/may-have", "/never"):
        installation.subscribe("webhook", receiver.url(path), "--zone", "撤稿产业园")
    (result,) = installation.publish([an_article(zone="撤稿产业园")])
    eventually(lambda: all(receiver.received(path) for path in ("/had", "/may-have", "/never")), within_s=5)
    receiver.behave("/may-have", ok)
    installation.cli("withdraw", result["guid"])
    receiver.behave("/never", ok)  # not before: a retry that it took would make it one that had it
    all_is_settled(installation)

    told = {path: receiver.received(path)[-1].json()["type"] for path in ("/had", "/may-have", "/never")}
    assert told["/had"] == told["/may-have"] == "article.withdrawn"
    assert {push.json()["type"] for push in receiver.received("/never")} == {"article.published"}


def test_who_has_the_old_text_is_told_also_where_the_filter_passes_no_longer(
    installation: Installation, receiver: Receiver
) -> None:
    installation.subscribe("webhook", receiver.url("/old-zone"), "--zone", "东区")
    installation.subscribe("webhook", receiver.url("/new-zone"), "--zone", "西区")
    installation.publish([article := an_article(zone="东区")])
    eventually(lambda: receiver.received("/old-zone"), within_s=3)

    installation.publish([an_article(guid=article.guid, zone="西区")])
    eventually(lambda: receiver.received("/new-zone") and len(receiver.received("/old-zone")) == 2, within_s=3)

    assert [push.json()["type"] for push in receiver.received("/old-zone")] == ["article.published", "article.updated"]
    assert [push.json()["type"] for push in receiver.received("/new-zone")] == ["article.published"]


def test_a_try_that_is_under_way_is_waited_for_and_then_corrected(
    installation: Installation, receiver: Receiver
) -> None:
    receiver.behave("/hangs-once", lambda connection, nth: (hang if nth == 1 else ok)(connection, nth))
    installation.subscribe("webhook", receiver.url("/hangs-once"), "--zone", "慢园区")
    installation.publish([article := an_article(zone="慢园区")])
    eventually(lambda: receiver.received("/hangs-once"), within_s=3)

    installation.publish([an_article(guid=article.guid, zone="慢园区", title="更正后的标题")])
    all_is_settled(installation)

    first, second = receiver.received("/hangs-once")
    assert [p.json()["data"]["version"] for p in (first, second)] == [1, 2]
    assert second.json()["type"] == "article.updated"  # it may have the first
    assert second.at - first.at > 1.5  # not while the first was out: that one had two seconds


def test_an_edition_not_yet_sent_leaves_out_what_was_withdrawn_and_the_next_one_lists_what_was_corrected(
    installation: Installation, mailbox: Mailbox
) -> None:
    installation.subscribe("email", "editor@mail.example", "--zone", "文稿园区", "--confirmed")
    kept, corrected, gone = (an_article(zone="文稿园区", title=title) for title in ("留下的", "要更正的", "要撤的"))
    installation.publish([kept, corrected])
    _run_digests(installation, day=2)
    (first,) = _mails(mailbox, 1)
    assert "要更正的" in _plain(first)

    installation.publish([an_article(guid=corrected.guid, zone="文稿园区", title="已更正的"), gone])
    installation.cli("withdraw", gone.guid)
    installation.publish([an_article(zone="文稿园区", title="又一篇")])
    _run_digests(installation, day=3)
    second = _plain(_mails(mailbox, 2)[1])

    assert "又一篇" in second
    assert "已更正的" in second.partition("更正")[2]
    assert "要撤的" not in second
    assert "留下的" not in second


def _flaky(share: float, seed: int) -> Behaviour:
    """Fails *share* of its requests in one of three ways, but never for ever."""
    chance = random.Random(seed)
    ways = itertools.cycle([status(500), hang_up, fail_then_ok(0)])

    def behave(connection: object, nth: int) -> None:
        way = next(ways) if chance.random() < share and nth < 2 * VERSIONS else ok
        way(connection, nth)  # type: ignore[arg-type]  # a connection of the receiver's

    return behave


def _run_digests(installation: Installation, *, day: int) -> None:
    installation.cli("digests", "run", "--at", f"2033-01-0{day}T09:00:00+08:00")


def _mails(mailbox: Mailbox, n: int) -> list[EmailMessage]:
    eventually(lambda: len(mailbox.mails("editor@mail.example")) == n, within_s=10, what=f"{n} mails")
    return mailbox.mails("editor@mail.example")


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())

"""Endpoints in an operator's hands, on the running system: tested, rotated, turned off and on again."""

import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.mailbox import Mailbox
from tests.servers.receiver import Receiver

pytestmark = pytest.mark.slow  # starts an installation of its own, or several

ZONE = "端点产业园"


def test_a_test_message_arrives_signed_and_by_mail(
    installation: Installation, receiver: Receiver, mailbox: Mailbox
) -> None:
    hook = installation.subscribe("webhook", receiver.url("/test"), "--zone", ZONE)
    mail = installation.subscribe("email", "tester@mail.example", "--zone", ZONE, "--confirmed", "--locale", "en")
    owed = installation.json("endpoints", "test", hook["endpoint"])
    installation.json("endpoints", "test", mail["endpoint"])
    eventually(lambda: receiver.received("/test"), within_s=5)
    (push,) = receiver.received("/test")
    assert (push.id, push.json()["type"]) == (owed["delivery"], "endpoint.test")
    assert push.is_signed_with(hook["secret"])
    (letter,) = eventually(lambda: mailbox.mails("tester@mail.example"), within_s=5)
    assert letter["Subject"] == "Zonewire: a test mail"


def test_a_rotated_secret_signs_beside_the_old_one(installation: Installation, receiver: Receiver) -> None:
    made = installation.subscribe("webhook", receiver.url("/rotated"), "--zone", "轮换产业园")
    installation.publish([an_article(zone="轮换产业园")])
    eventually(lambda: len(receiver.received("/rotated")) == 1, within_s=5)
    fresh = installation.json("endpoints", "rotate", made["endpoint"])["secret"]
    installation.publish([an_article(zone="轮换产业园")])
    eventually(lambda: len(receiver.received("/rotated")) == 2, within_s=5)
    before, after = receiver.received("/rotated")
    assert before.is_signed_with(made["secret"])
    assert not before.is_signed_with(fresh)
    assert after.is_signed_with(fresh)
    assert after.is_signed_with(made["secret"])


@pytest.mark.slow  # each waits for its digests and pushes
@pytest.mark.parametrize(("held", "sent"), [("all", [0, 1, 2, 3]), ("newest", [2, 3]), ("none", [3])])
def test_what_came_while_it_was_off_is_held_and_then_sent_as_its_operator_says(
    installation: Installation, receiver: Receiver, held: str, sent: list[int]
) -> None:
    zone, path = f"停用产业园 {held}", f"/off/{held}"
    made = installation.subscribe("webhook", receiver.url(path), "--zone", zone)
    installation.cli("endpoints", "disable", made["endpoint"])
    articles = [an_article(zone=zone) for _ in range(4)]
    for article in articles[:3]:
        installation.publish([article])
    eventually(lambda: installation.json("endpoints", "show", made["endpoint"])["held"] == 3, within_s=5)
    eventually(lambda: installation.json("status")["backlog"] == 0, within_s=5)
    installation.cli("endpoints", "enable", made["endpoint"], "--held", held)
    installation.publish(articles[3:])
    eventually(lambda: len(receiver.received(path)) == len(sent), within_s=5)
    pushes = sorted(receiver.received(path), key=lambda push: int(push.headers["zonewire-sequence"]))
    assert [push.json()["data"]["guid"] for push in pushes] == [articles[n].guid for n in sent]
    shown = installation.json("endpoints", "show", made["endpoint"])["deliveries"]
    assert (shown["delivered"], shown["cancelled"]) == (len(sent), 4 - len(sent))

"""The keys are rotated while everything runs, and nobody outside notices."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.settings import made_secrets
from tests.builders import an_article
from tests.e2e.installation import an_installation
from tests.eventually import eventually
from tests.servers.mailbox import running_mailbox
from tests.servers.receiver import Receiver

pytestmark = pytest.mark.slow


def test_what_runs_goes_on_under_the_new_key_and_links_of_before_still_lead_on(tmp_path: Path) -> None:
    with (
        Receiver() as receiver,
        running_mailbox() as mailbox,
        an_installation(tmp_path / "data", smtp_url=mailbox.url) as ours,
    ):
        ours.up()
        secret = ours.subscribe("webhook", receiver.url("/hook"))["secret"]
        ours.subscribe("email", "reader@mail.example")
        eventually(mailbox.mails, within_s=10, what="the mail that asks")
        ours.publish([an_article()])
        eventually(lambda: receiver.count == 1, within_s=10)

        assert ours.json("keys", "rotate")["rows"] > 0

        assert [row["role"] for row in ours.json("keys", "list")] == ["first", "older"]
        assert made_secrets(ours.data_dir)["secret_key"].count(",") == 1
        ours.publish([an_article()])
        eventually(lambda: receiver.count == 2, within_s=10)
        assert all(push.is_signed_with(secret) for push in receiver.received())
        assert ours.get(link_in(mailbox.mails()[0])).status_code == 200
        # Known by its new mark, and not made a second time.
        assert "secret" not in ours.subscribe("webhook", receiver.url("/hook"), "--city", "泰州")


def link_in(mail: EmailMessage) -> str:
    """The path of the link that confirms."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    found = re.search(r"/confirm/\S+", plain.get_content())
    assert found is not None
    return found[0]

"""A reader's whole life: asked, confirmed, sent to, changed, paused, gone, exported, erased."""

import sqlite3
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import requests
from sqlalchemy import text

from tests.builders import an_article
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.mailbox import Mailbox
from tests.web.readers import text_of

pytestmark = pytest.mark.slow  # scores of commands

READER = "zhao@mail.example"
WITHIN_S = 15


def link(mail: EmailMessage, purpose: str) -> str:
    """The reader's own link, which the plain part has on a line of its own."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    (found,) = [line for line in plain.get_content().splitlines() if line.startswith("http") and f"/{purpose}/" in line]
    return str(found)


def nth_mail(mailbox: Mailbox, to: str, n: int) -> EmailMessage:
    mails = eventually(lambda: found if len(found := mailbox.mails(to)) >= n else None, within_s=WITHIN_S)
    assert mails is not None
    assert len(mails) == n
    return mails[n - 1]


def tomorrow(days: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def state(installation: Installation, ident: str) -> str:
    (row,) = [row for row in installation.json("subscriptions", "list") if row["id"] == ident]
    return str(row["state"])


def test_a_reader_from_the_first_question_to_being_forgotten(installation: Installation, mailbox: Mailbox) -> None:
    # Asked, and only asked, until somebody presses the button.
    made = installation.subscribe("email", READER, "--city", "泰州")
    assert made["state"] == "unconfirmed"
    confirm = link(nth_mail(mailbox, READER, 1), "confirm")
    assert requests.get(confirm, timeout=10).status_code == 200
    assert state(installation, made["id"]) == "unconfirmed"
    assert "订阅已确认" in requests.post(confirm, timeout=10).text
    assert state(installation, made["id"]) == "active"

    # The first digest has the last period in it; at the same hour it comes once, however often beat asks.
    installation.publish([first := an_article(city="泰州"), an_article(city="苏州")])
    at = tomorrow()
    installation.cli("digests", "run", "--at", at)
    installation.cli("digests", "run", "--at", at)
    digest = nth_mail(mailbox, READER, 2)
    assert first.title in str(digest["Subject"])
    manage = link(digest, "manage")

    # The page changes nothing by being looked at, and everything that it is asked to.
    assert "每天 08:00（上海时间）" in requests.get(manage, timeout=10).text
    changed = {"action": "change", "cadence": "weekly", "at": "18:00", "weekday": "fri", "timezone": "Asia/Shanghai"}
    assert "每周五 18:00（上海时间）" in requests.post(manage, data=changed | {"locale": "en"}, timeout=10).text
    requests.post(manage, data={"action": "pause"}, timeout=10)
    assert state(installation, made["id"]) == "paused"
    installation.publish([second := an_article(city="泰州")])
    installation.cli("digests", "run", "--at", tomorrow(days=9))
    requests.post(manage, data={"action": "resume"}, timeout=10)
    installation.cli("digests", "run", "--at", tomorrow(days=18))
    weekly = nth_mail(mailbox, READER, 3)
    plain = weekly.get_body(("plain",))
    assert plain is not None
    assert second.title in plain.get_content()  # a pause of a moment leaves nothing out
    assert first.title not in plain.get_content()
    assert "Another hour, rhythm or language" in plain.get_content()

    # Whatever is kept is theirs to have, and to have removed.
    kept = installation.json("subscribers", "export", READER)
    assert [one["cadence"] for one in kept["subscriptions"]] == ["weekly"]
    assert len(kept["deliveries"]) == 3
    erased = installation.json("subscribers", "erase", READER)
    assert (erased["address"], erased["subscriptions"]) == (READER, 1)
    refused = installation.cli("subscribers", "export", READER, check=False)
    assert (refused.returncode, "erased already" in refused.stderr) == (1, True)
    again = installation.cli("subscribe", "--channel", "email", "--to", READER, "--confirmed", check=False)
    assert (again.returncode, "erased at its owner's wish" in again.stderr) == (1, True)
    line = f'{{"channel":"email","to":"{READER}","confirmed":true}}\n'
    imported = installation.cli("subscriptions", "import", "-", stdin=line, check=False)
    assert (imported.returncode, imported.stderr.startswith("line 1: ")) == (1, True)
    assert READER not in installation.cli("subscriptions", "list", "--json").stdout
    assert "已退订" in requests.get(manage, timeout=10).text  # an old link says how things are, and to nobody by name
    assert READER not in requests.get(manage, timeout=10).text
    the_files_do_not_know(installation, READER)


def test_a_stranger_on_pages_alone_from_the_form_to_being_forgotten(
    installation: Installation, mailbox: Mailbox
) -> None:
    reader, subscribe = "sun.shangxiang@mail.example", f"{installation.base_url}/subscribe"
    installation.publish([first := an_article(city="泰州")])
    wish = {"city": "泰州", "cadence": "daily", "at": "08:00", "timezone": "Asia/Shanghai", "locale": "zh-CN"}
    seen = requests.post(subscribe, data=wish | {"action": "preview"}, timeout=10).text
    assert "过去 30 天有" in seen

    # Asked by mail; only the button begins it.
    requests.post(subscribe, data=wish | {"action": "subscribe", "address": reader}, timeout=10)
    confirm = link(nth_mail(mailbox, reader, 1), "confirm")
    requests.get(confirm, timeout=10)
    (made,) = [one for one in installation.json("subscriptions", "list") if one["to"] == reader]
    assert made["state"] == "unconfirmed"
    requests.post(confirm, timeout=10)
    installation.cli("digests", "run", "--at", tomorrow())
    digest = nth_mail(mailbox, reader, 2)
    assert first.title in plain_of(digest)
    manage = link(digest, "manage")

    # Another filter from now on; what was sent by the old one is not sent again, though it passes the new one.
    choice = {"action": "change", "with_filter": "yes", "section": "开发区新闻"}
    assert "栏目：开发区新闻" in requests.post(manage, data=choice, timeout=10).text
    installation.publish([first, second := an_article(city="苏州")])
    installation.cli("digests", "run", "--at", tomorrow(days=2))
    plain = plain_of(nth_mail(mailbox, reader, 3))
    assert second.title in plain
    assert first.title not in plain
    page = text_of(requests.get(manage, timeout=10))
    assert page.count("已送达") == 2
    assert "填写了订阅表" in page
    assert "127.0.0.1" not in page, "a mail may be passed on"

    # What is kept is shown and removed behind a link that comes by mail.
    assert "known_since" not in requests.post(manage, data={"action": "export"}, timeout=10).text
    requests.post(manage, data={"action": "links"}, timeout=10)
    owner = link(nth_mail(mailbox, reader, 4), "manage")
    assert "有人从 127.0.0.1 填写了订阅表" in text_of(requests.get(owner, timeout=10))
    kept = requests.post(owner, data={"action": "export"}, timeout=10).json()
    assert [one["act"] for one in kept["subscriptions"][0]["consents"]] == ["asked", "confirmed"]
    assert "已经结束" in requests.post(owner, data={"action": "forget", "sure": "yes"}, timeout=10).text
    eventually(lambda: reader not in requests.get(owner, timeout=10).text, within_s=WITHIN_S)
    requests.post(subscribe, data=wish | {"action": "subscribe", "address": reader}, timeout=10)
    assert [one["to"] for one in installation.json("deliveries", "list") if one["to"] == reader] == []
    the_files_do_not_know(installation, reader)


def plain_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def the_files_do_not_know(installation: Installation, address: str) -> None:
    """Neither the database (once its journal is folded), nor the logs."""
    path = installation.data_dir / "zonewire.db"
    with sqlite3.connect(path, timeout=10) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in [path, *installation.data_dir.glob("logs/*")]:
        assert address.encode() not in file.read_bytes(), file


def test_one_click_leaves_at_once_and_cancels_what_was_still_owed(installation: Installation, mailbox: Mailbox) -> None:
    reader = "qian@mail.example"
    made = installation.subscribe("email", reader, "--cadence", "daily", "--confirmed")
    installation.publish([an_article()])
    installation.cli("digests", "run", "--at", tomorrow(days=20))
    mail = nth_mail(mailbox, reader, 1)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    one_click = str(mail["List-Unsubscribe"]).strip("<>")

    installation.cli("endpoints", "disable", made["endpoint"])  # so that the next one waits
    installation.publish([an_article()])
    installation.cli("digests", "run", "--at", tomorrow(days=22))
    answer = requests.post(one_click, data={"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False)

    assert answer.status_code == 200
    assert state(installation, made["id"]) == "ended"
    mine = [one for one in installation.json("deliveries", "list") if one["to"] == reader]
    assert sorted(one["state"] for one in mine) == ["cancelled", "delivered"]


def test_mails_that_were_written_as_files_are_erased_too(installation: Installation) -> None:
    with an_installation(installation.data_dir.parent / "files") as running:
        running.up()
        running.subscribe("email", "sun@mail.example")
        outbox = running.data_dir / "outbox"
        eventually(lambda: list(outbox.glob("*.eml")), within_s=WITHIN_S)
        erased = running.json("subscribers", "erase", "sun@mail.example", "--yes")

        assert erased["mails"] == 1
        assert not list(outbox.iterdir())


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("export", "nobody@mail.example"), 1, "there is no subscriber"),
        (("erase", "nobody@mail.example"), 1, "there is no subscriber"),
        (("erase", "not an address"), 2, "is neither an email address nor a host"),
    ],
)
def test_whom_nobody_knows_is_told_so(
    installation: Installation, command: tuple[str, ...], status: int, words: str
) -> None:
    done = installation.cli("subscribers", *command, check=False)

    assert done.returncode == status
    assert words in done.stderr


def test_mails_are_removed_before_their_address_is_forgotten(installation: Installation) -> None:
    """Whoever is stopped in between erases once more, and must find them still by the address."""
    with an_installation(installation.data_dir.parent / "stopped") as running:
        running.up()
        running.subscribe("email", "zhou@mail.example")
        outbox = running.data_dir / "outbox"
        eventually(lambda: list(outbox.glob("*.eml")), within_s=WITHIN_S)
        with running.store() as store, store.writing() as db:
            db.execute(text("ALTER TABLE attempts RENAME TO away"))  # forgetting fails
        failed = running.cli("subscribers", "erase", "zhou@mail.example", check=False)
        assert failed.returncode != 0
        assert not list(outbox.glob("*.eml"))
        with running.store() as store, store.writing() as db:
            db.execute(text("ALTER TABLE away RENAME TO attempts"))
        # Upkeep goes on where the command was stopped; whoever runs it once more may come first.
        eventually(
            lambda: "erased already" in running.cli("subscribers", "export", "zhou@mail.example", check=False).stderr,
            within_s=WITHIN_S,
        )

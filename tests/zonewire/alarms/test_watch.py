"""The watch: who looks, who is told, and that each is told once, whoever is killed."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import orjson
import pytest

from tests.eventually import eventually
from tests.servers.receiver import Gate, Receiver
from tests.servers.smtp import SmtpServer, running_smtp
from tests.zonewire.alarms.rig import BASE, KEYS, OPERATOR, RUNBOOK, Night, mails
from tests.zonewire.robots.rig import EACH, KEY_OF, PLATFORMS
from zonewire import watch as watching
from zonewire.alarms import Known, alarms_lately, on_now, receivers
from zonewire.alarms.telling import Telling
from zonewire.alarms.turns import TELLING_S, watched
from zonewire.delivery import readings
from zonewire.delivery.messages import Endpoint
from zonewire.delivery.opening import open_endpoints
from zonewire.delivery.outcomes import Later
from zonewire.rendering.translation import words
from zonewire.store import SECOND, Store
from zonewire.watch import PATIENCE_S, STAND_IN_S, Watch

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BEGAN, OVER = "Alarm: Redis does not answer", "Over: Redis does not answer"


def subjects(server: SmtpServer) -> list[str]:
    """Of all mails, in order."""
    return [str(mail["Subject"]) for mail in mails([one.content for one in server.mails])]


def test_an_operator_is_told_by_mail_once_that_it_begins_and_once_that_it_ends(store: Store, tmp_path: Path) -> None:
    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver()
        watch = night.watch()
        night.passes(600, watch)
        assert subjects(server) == [BEGAN]
        night.is_broker_up = True
        night.passes(600, watch)
    assert subjects(server) == [BEGAN, OVER]
    assert {one.recipient for one in server.mails} == {OPERATOR}


@ON_ONE_DATABASE
def test_the_mail_says_what_since_when_what_next_and_what_to_press(store: Store, tmp_path: Path) -> None:
    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver(locale="zh-CN")
        night.passes(200, night.watch())
    (mail,) = mails([one.content for one in server.mails])
    plain, rich = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert rich is not None
    for text in (plain.get_content(), rich.get_content()):
        for said in ("Redis 没有响应", "开始于", "接下来", "您该做什么", f"{BASE}/console", f"{RUNBOOK}#broker-gone"):
            assert said in text


@ON_ONE_DATABASE
@pytest.mark.parametrize("channel", EACH)
def test_a_robot_is_told_in_a_card(store: Store, tmp_path: Path, channel: str) -> None:
    key = KEY_OF[channel]
    with PLATFORMS[channel]() as platform:
        night = Night(store=store, outbox=tmp_path, is_broker_up=False)
        night.receiver(channel, platform.add(key), locale="zh-CN")
        watch = night.watch()
        night.passes(300, watch)
        night.is_broker_up = True
        night.passes(300, watch)
        told = [orjson.dumps(message).decode() for message in platform.messages(key)]
    assert ["已恢复：Redis 没有响应" in text for text in told] == [False, True]
    assert "告警：Redis 没有响应" in told[0]
    assert f"{RUNBOOK}#broker-gone" in told[0]
    assert (platform.refusals, platform.silent_cuts) == ([], [])


@ON_ONE_DATABASE
def test_a_webhook_is_told_in_json_that_is_signed(store: Store, tmp_path: Path) -> None:
    with Receiver() as receiver:
        night = Night(store=store, outbox=tmp_path, is_broker_up=False)
        night.receiver("webhook", receiver.url("/alarms"))
        night.passes(300, night.watch())
        (push,) = receiver.received("/alarms")
    assert push.json()["type"] == "alarm.began"
    assert push.json()["data"]["alarm"] == "broker-gone"
    assert push.headers["webhook-signature"].startswith("v1,")


def test_two_watches_at_once_tell_once(store: Store, tmp_path: Path) -> None:
    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver()
        watches = [night.watch(), night.watch()]
        for _ in range(5):
            night.passes(60)
            both = [threading.Thread(target=watch.turn, kwargs={"now": night.now}) for watch in watches]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join()
    assert subjects(server) == [BEGAN]


class Killed(BaseException):
    """Nothing catches it: the process is gone."""


@pytest.mark.parametrize("when", ["before it is sent", "behind it"])
def test_whoever_is_killed_in_the_telling_is_replaced(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def dies(self: Watch, *_given: object, **_named: object) -> None:
        raise Killed

    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver()
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            if when == "before it is sent":
                patch.setattr(Watch, "_tell", dies)
            else:
                patch.setattr(watching, "_settle", dies)
            night.passes(160, night.watch())
        night.passes(600, night.watch())
        ids = {str(mail["Message-ID"]) for mail in mails([one.content for one in server.mails])}
    assert set(subjects(server)) == {BEGAN}
    assert len(ids) == 1


@ON_ONE_DATABASE
def test_whoever_stands_in_tells_that_upkeep_is_gone(store: Store, tmp_path: Path) -> None:
    night = Night(store=store, outbox=tmp_path, is_broker_up=False)
    upkeep, web = night.watch(), night.watch(STAND_IN_S)
    assert len(night.passes(300, upkeep, web)) == 5
    assert web.turn(now=night.now) is None
    assert len(night.passes(300, web)) == 5
    with store.reading() as db:
        assert [one.name for one in alarms_lately(db, most=9)] == ["broker-gone"]


@ON_ONE_DATABASE
def test_while_a_receiver_takes_longer_than_the_turn_nobody_else_tells(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "HOLDS_AGAIN_S", 0.01)
    gate = Gate(0)
    with Receiver(default=gate) as receiver, ThreadPoolExecutor(1) as other:
        night = Night(store=store, outbox=tmp_path, is_broker_up=False)
        night.receiver("webhook", receiver.url("/alarms"))
        first, second = night.watch(), night.watch()
        night.passes(120, first)
        night.at_s += 60
        telling = other.submit(first.turn, now=night.now)
        held_until = night.now // 1_000 + TELLING_S * 1_000
        eventually(lambda: until(store) > held_until, within_s=5)
        assert second.turn(now=held_until * 1_000 + int(PATIENCE_S * SECOND)) is None
        gate.open()
        telling.result()
        night.passes(300, second)
    assert len(receiver.received("/alarms")) == 1


def until(store: Store) -> int:
    """When the turn is over, in Unix milliseconds."""
    with store.reading() as db:
        return watched(db) or 0


def test_a_clock_that_is_put_back_keeps_nobody_from_looking(store: Store, tmp_path: Path) -> None:
    night = Night(store=store, outbox=tmp_path, is_broker_up=False)
    night.receiver()
    watch = night.watch()
    night.passes(60, watch)
    night.at_s -= 7_200
    assert len(night.passes(300, watch)) == 5
    night.is_broker_up = True
    night.passes(60, watch)
    night.at_s -= 7_200
    night.passes(180, watch)
    assert outbox(night) == [BEGAN, OVER]


@ON_ONE_DATABASE
def test_a_receiver_that_cannot_be_reached_is_tried_again_until_it_is_over(store: Store, tmp_path: Path) -> None:
    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver()
        night.receiver(to="other@ops.example")
        server.refused = {OPERATOR: "451 4.3.0 not now", "other@ops.example": "550 5.1.1 no such mailbox"}
        watch = night.watch()
        night.passes(300, watch)
        server.refused = {}
        night.passes(600, watch)
        night.is_broker_up = True
        night.passes(300, watch)
    assert [one.recipient for one in server.mails] == [OPERATOR, OPERATOR]


@ON_ONE_DATABASE
def test_who_never_heard_the_beginning_does_not_hear_the_end(store: Store, tmp_path: Path) -> None:
    with running_smtp() as server:
        night = Night(store=store, outbox=tmp_path, smtp_url=server.url, is_broker_up=False)
        night.receiver()
        server.sender_reply = "421 4.3.2 shutting down"
        watch = night.watch()
        night.passes(300, watch)
        night.is_broker_up = True
        night.passes(300, watch)
        server.sender_reply = ""
        night.passes(900, watch)
    assert server.mails == []


@ON_ONE_DATABASE
def test_mails_of_what_begins_together_are_one(store: Store, tmp_path: Path) -> None:
    night = Night(store=store, outbox=tmp_path)
    night.receiver()
    watch = night.watch()
    watch.turn(now=night.now)  # nobody has beaten yet
    for _ in range(8):
        night.at_s += 20
        watch.turn(now=night.now)
    (mail,) = mails([file.read_bytes() for file in tmp_path.glob("*.eml")])
    assert str(mail["Subject"]).startswith("Alarm: Nobody works: new articles, feeds, digests, webhooks")


@ON_ONE_DATABASE
def test_that_the_database_takes_no_writes_is_told_from_memory_and_kept_afterwards(
    store: Store, tmp_path: Path
) -> None:
    night = Night(store=store, outbox=tmp_path / "outbox")
    night.receiver()
    upkeep, web = night.watch(), night.watch(STAND_IN_S)
    night.passes(60, upkeep, web)
    with taking_no_writes(store):
        for _ in range(3):
            night.at_s += 70
            assert (upkeep.turn(now=night.now), web.turn(now=night.now)) == (None, None)
    assert outbox(night) == ["Alarm: The database is slow"]
    night.passes(900, upkeep, web)
    assert outbox(night) == ["Alarm: The database is slow", "Over: The database is slow"]
    with store.reading() as db:
        assert [one.name for one in alarms_lately(db, most=9)] == ["database-slow"]


@ON_ONE_DATABASE
def test_a_full_disk_is_told_though_the_first_write_of_each_turn_still_fits(store: Store, tmp_path: Path) -> None:
    night = Night(store=store, outbox=tmp_path / "outbox")
    night.receiver()
    watch = night.watch()
    night.passes(60, watch)
    with having_no_room(store):
        night.passes(300, watch, every_s=20)
    assert outbox(night) == [began := "Alarm: The disk is all but full"]
    night.passes(60, watch)
    with store.reading() as db:
        assert [one.sentence[:20] for one in on_now(db, words("en"))] == ["Free under DATA_DIR:"]
    night.passes(300, watch)
    assert outbox(night) == [began, "Over: The disk is all but full"]


@ON_ONE_DATABASE
def test_what_cannot_be_put_into_words_is_tried_again_and_keeps_nobody_else(store: Store, tmp_path: Path) -> None:
    night = Night(store=store, outbox=tmp_path)
    ident = night.receiver()
    with store.reading() as db:
        (receiver,), opened = receivers(db), open_endpoints(db, [ident], keys=KEYS, now=night.now)
    alarm = Known(id=1, name="of-another-release", about="", began_at=night.now, seen_at=night.now)
    telling = Telling(receiver=receiver, is_over=False, alarms=(alarm,))
    outcome = night.herald().carry(telling, cast("Endpoint", opened[ident]), now=night.now)
    assert outcome == Later("a fault of ours (KeyError); the log has its trace")


def outbox(night: Night) -> list[str]:
    """The subjects of all mails that were written."""
    files = sorted(night.outbox.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    return [str(mail["Subject"]) for mail in mails([file.read_bytes() for file in files])]


@contextlib.contextmanager
def taking_no_writes(store: Store) -> Iterator[None]:
    """Another program has the file, and lets nobody write; the one connection of the store does not wait long."""
    with store.writing() as db:
        db.exec_driver_sql("PRAGMA busy_timeout=10")
    with contextlib.closing(sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def having_no_room(store: Store) -> Iterator[None]:
    """Rows that are there can still be written over; a new one, which is larger than a page, has no room."""
    account = (readings.TOKEN_REFUSED, "wx" * 500_000)
    with store.writing() as db:
        readings.note(db, {account: 40_164})
        db.exec_driver_sql("PRAGMA max_page_count=1")  # no more than it has
    yield
    with store.writing() as db:
        db.exec_driver_sql("PRAGMA max_page_count=1000000")
        readings.note(db, {account: 0})

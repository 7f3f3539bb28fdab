"""The hub, from the outside: a subscriber that knows the Recommendation only, and what it is told."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import feedparser
import pytest
import requests
from sqlalchemy import select, text

from tests.servers.websub import Subscriber, discover
from tests.web.faces import a_web_face
from tests.zonewire.hub.rig import Rig, a_rig
from web.public import shelf
from zonewire.delivery import ledger, owing
from zonewire.delivery.endpoints import list_endpoints
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict, NotFound
from zonewire.feeds import Catalogue, declare
from zonewire.feeds.catalogue import Declared
from zonewire.filters import Filter
from zonewire.hub import decide_overdue, end_by_operator, end_without_feed, forget, outside_endpoints
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import deliveries, hub_outbox

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the databases have no part in: each of these starts a web server and a courier."""


@pytest.fixture
def rig(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(shelf, "FRESH_S", -1.0)  # each GET sees what was published before it
    with a_rig(store, tmp_path) as made:
        yield made


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as made:
        yield made


def subscribed(rig: Rig, subscriber: Subscriber, topic: str, **more: str) -> None:
    assert subscriber.ask(rig.hub, topic, **more).status_code == 202
    rig.push()
    assert [one["topic"] for one in rig.subscriptions() if one["callback"] == subscriber.callback()].count(topic) == 1


def test_who_subscribes_is_sent_the_document_that_a_get_returns(rig: Rig, subscriber: Subscriber) -> None:
    rig.publish(title="第一条")
    hub, topic = discover(rig.topic())
    assert (hub, topic) == (rig.hub, rig.topic())

    subscribed(rig, subscriber, topic)
    (question,) = subscriber.asked("subscribe")
    assert question["hub.topic"] == topic
    assert question["hub.lease_seconds"] == str(10 * 24 * 3600)
    assert len(question["hub.challenge"]) > 30
    rig.work()
    assert subscriber.documents == []  # nothing has changed since it asked

    rig.publish(title="第二条")
    rig.work()
    (document,) = subscriber.documents
    get = rig.get(topic)
    assert document.body == get.content
    assert document.headers["content-type"] == get.headers["Content-Type"]
    assert (document.link("hub"), document.link("self")) == (hub, topic)
    assert document.is_signed is None
    assert document.path == "/callback"
    rig.work()
    assert len(subscriber.documents) == 1


@on_one_database
def test_each_format_is_a_topic_of_its_own(rig: Rig, subscriber: Subscriber) -> None:
    for form in ("rss", "atom", "json"):
        subscriber.ask(rig.hub, rig.topic(form=form), path=f"/{form}")
    rig.push()
    rig.publish()
    rig.work()
    for document in subscriber.documents:
        get = rig.get(rig.topic(form=document.path[1:]))
        assert document.body == get.content
        assert document.headers["content-type"] == get.headers["Content-Type"]
        assert document.link("self") == get.url
    assert len(subscriber.documents) == 3


@on_one_database
def test_hub_and_topic_stand_in_the_documents_too(rig: Rig) -> None:
    rig.publish()
    for form in ("rss", "atom"):
        links = feedparser.parse(rig.get(rig.topic(form=form)).content).feed.links
        assert [link.href for link in links if link.rel == "hub"] == [rig.hub]
    assert rig.get(rig.topic(form="json")).json()["hubs"] == [{"type": "WebSub", "url": rig.hub}]


def test_a_secret_signs_and_a_renewal_replaces_it_and_adds_nothing(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.secret = "一个秘密"
    subscribed(rig, subscriber, rig.topic())
    rig.publish()
    rig.work()
    assert subscriber.documents[-1].headers["x-hub-signature"].startswith("sha256=")
    assert subscriber.documents[-1].is_signed

    subscriber.secret = None
    subscribed(rig, subscriber, rig.topic(), lease_seconds="60")
    rig.publish()
    rig.work()
    assert [document.headers.get("x-hub-signature") is None for document in subscriber.documents] == [False, True]


@on_one_database
def test_a_renewal_that_is_not_verified_leaves_everything_as_it_was(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.secret = "the first"
    subscribed(rig, subscriber, rig.topic())
    (before,) = rig.subscriptions()
    subscriber.echo = "not the challenge"
    subscriber.ask(rig.hub, rig.topic(), lease_seconds="60")
    for _ in range(3):
        rig.push()
        rig.later(200)
    assert len(subscriber.asked("subscribe")) == 1 + 3
    (after,) = rig.subscriptions()
    assert after | {"lease_until": ""} == before | {"lease_until": ""}  # healthy too: it has answered
    rig.publish()
    rig.work()
    assert subscriber.documents[-1].is_signed is True


@on_one_database
def test_what_nobody_asked_for_does_not_come_true(rig: Rig, subscriber: Subscriber) -> None:
    requests.post(
        rig.hub,
        data={"hub.callback": subscriber.callback(), "hub.mode": "subscribe", "hub.topic": rig.topic()},
        timeout=10,
    )
    rig.push()
    assert len(subscriber.asked("subscribe")) == 1  # 404 is an answer: nobody asks again
    assert rig.subscriptions() == []
    fields = {"hub.callback": subscriber.callback(), "hub.topic": rig.topic()}
    known = requests.get(rig.hub, params=fields, timeout=10).json()
    assert known["requests"][0]["state"] == "refused"
    assert "did not ask" in known["requests"][0]["reason"]
    page = requests.get(rig.hub, params=fields, headers={"Accept": "text/html", "Accept-Language": "en"}, timeout=10)
    assert "There was a request, but no subscription has come of it yet." in page.text


def test_who_unsubscribes_hears_no_more_once_it_has_confirmed(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    requests.post(
        rig.hub,
        data={"hub.callback": subscriber.callback(), "hub.mode": "unsubscribe", "hub.topic": rig.topic()},
        timeout=10,
    )
    rig.push()
    assert len(rig.subscriptions()) == 1  # somebody else's word is not enough

    assert subscriber.ask(rig.hub, rig.topic(), "unsubscribe").status_code == 202
    rig.push()
    assert "hub.lease_seconds" not in subscriber.asked("unsubscribe")[-1]
    rig.publish()
    rig.work()
    assert subscriber.documents == []
    assert rig.subscriptions() == []


@on_one_database
def test_a_callback_keeps_its_query_and_unknown_fields_are_ignored(rig: Rig, subscriber: Subscriber) -> None:
    path = "/in?hub.mode=mine&key=%E5%8C%BA"
    subscriber.ask(rig.hub, rig.topic(), path=path, foo="bar")
    rig.push()
    assert subscriber.questions[0]["path"].startswith(f"{path}&hub.mode=subscribe&")
    rig.publish()
    rig.work()
    assert [one.path for one in subscriber.documents] == ([path] if rig.subscriptions() else [])


def test_a_lease_ends_and_its_callback_is_told(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic(), lease_seconds="3600")
    rig.later(3601)
    rig.publish()
    rig.work()
    assert subscriber.documents == []  # also before upkeep comes
    assert rig.expire() == 1
    rig.push()
    (denied,) = subscriber.asked("denied")
    assert (denied["hub.topic"], denied["hub.reason"]) == (rig.topic(), "its lease ran out")

    subscribed(rig, subscriber, rig.topic())  # and it may come back
    rig.publish()
    rig.work()
    assert len(subscriber.documents) == 1


def test_410_ends_it_and_who_asks_again_is_there_again(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    subscriber.answer = 410
    rig.publish()
    rig.work()
    assert len(subscriber.documents) == 1
    assert rig.subscriptions() == []
    rig.publish()
    rig.work()
    assert len(subscriber.documents) == 1

    subscriber.answer = 204
    subscribed(rig, subscriber, rig.topic())
    rig.publish()
    rig.work()
    assert len(subscriber.documents) == 2


def test_what_waits_is_replaced_by_what_is_newest(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    subscriber.answer = 500
    rig.publish(title="旧")
    rig.work()
    rig.publish(title="新")
    rig.work()
    assert len(subscriber.documents) == 1  # it waits for its retry

    subscriber.answer = 200
    rig.later(60)
    rig.work()
    assert [entry.title for entry in feedparser.parse(subscriber.documents[-1].body).entries] == ["新", "旧"]
    rig.later(600)
    rig.work()
    assert len(subscriber.documents) == 2  # one document for both


def test_a_change_while_one_is_told_is_told_after_that(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    rig.publish(title="一")
    rig.tell()
    rig.pusher.turn()  # under way
    rig.publish(title="二")
    assert rig.tell() == 0
    rig.push()
    rig.later(1)
    rig.work()
    assert len(subscriber.documents) in {1, 2}  # the first may have been built after the second was published
    assert subscriber.documents[-1].body == rig.get(rig.topic()).content


@on_one_database
def test_after_its_tries_ran_out_the_subscription_stays_and_new_content_is_tried(
    rig: Rig, subscriber: Subscriber
) -> None:
    subscribed(rig, subscriber, rig.topic())
    subscriber.answer = 503
    rig.publish()
    for _ in range(4):
        rig.work()
        rig.later(60)
    assert len(subscriber.documents) == 3
    subscriber.answer = 200
    rig.publish()
    rig.work()
    assert len(subscriber.documents) == 4
    assert len(rig.subscriptions()) == 1


@on_one_database
def test_one_change_is_told_to_each_who_carries_it_and_to_no_other(rig: Rig, subscriber: Subscriber) -> None:
    rig.publish(city="泰州")
    rig.publish(city="苏州")
    topics = [rig.topic("city/taizhou"), rig.topic("city/suzhou"), rig.topic("city/taizhou", "json")]
    for n, topic in enumerate(topics):
        subscriber.ask(rig.hub, topic, path=f"/{n}")
    rig.push()
    rig.publish(city="苏州")
    rig.work()
    assert [one.path for one in subscriber.documents] == ["/1"]


@on_one_database
def test_a_correction_and_a_withdrawal_are_told(rig: Rig, subscriber: Subscriber) -> None:
    article = rig.publish(title="错的标题")
    subscribed(rig, subscriber, rig.topic())
    article = rig.publish(article, title="对的标题")
    rig.work()
    entries = feedparser.parse(subscriber.documents[-1].body).entries
    assert [entry.title for entry in entries] == ["对的标题"]
    rig.publish(article, withdrawn=True)
    rig.work()
    assert feedparser.parse(subscriber.documents[-1].body).entries == []
    assert b"deleted-entry" in subscriber.documents[-1].body


REFUSED = [
    ({"hub.mode": ""}, "hub.mode"),
    ({"hub.mode": "follow"}, "no mode"),
    ({"hub.callback": ""}, "hub.callback"),
    ({"hub.callback": "ftp://a.example/"}, "hub.callback"),
    ({"hub.topic": ""}, "hub.topic"),
    ({"hub.topic": "https://elsewhere.example/feeds/all.rss"}, "no topic of this hub"),
    ({"hub.topic": "BASE/feeds/zone/none.rss"}, "no topic of this hub"),
    ({"hub.topic": "BASE/feeds/filter.rss?city=x"}, "no topic of this hub"),
    ({"hub.topic": "BASE/feeds/all.html"}, "no topic of this hub"),
    ({"hub.topic": "BASE/feeds/%00.rss"}, "no topic of this hub"),
    ({"hub.lease_seconds": "-1"}, "hub.lease_seconds"),
    ({"hub.lease_seconds": "soon"}, "hub.lease_seconds"),
    ({"hub.secret": "s" * 200}, "hub.secret"),
]


@on_one_database
def test_what_cannot_be_meant_is_refused_in_plain_text(rig: Rig) -> None:
    good = {"hub.mode": "subscribe", "hub.callback": "http://127.0.0.1:9/", "hub.topic": rig.topic()}
    for fields, said in REFUSED:
        sent = good | {name: value.replace("BASE", rig.base) for name, value in fields.items()}
        answer = requests.post(rig.hub, data=sent, timeout=10)
        assert answer.status_code in {400, 404}, fields
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert said in answer.text, fields
    assert requests.post(rig.hub, json=good, timeout=10).status_code == 415


@on_one_database
def test_a_chinese_name_leads_to_the_topic_that_is_meant(rig: Rig) -> None:
    rig.publish(city="泰州")
    fields = {"hub.mode": "subscribe", "hub.callback": "http://127.0.0.1:9/", "hub.topic": rig.topic("city/泰州")}
    assert rig.topic("city/taizhou") in requests.post(rig.hub, data=fields, timeout=10).text


@on_one_database
def test_a_callback_that_leads_inside_is_refused(store: Store, tmp_path: Path) -> None:
    with a_rig(store, tmp_path, allow_private_endpoints=False) as rig:
        for callback in (
            "http://127.0.0.1:9/",
            "http://169.254.169.254/latest",
            "http://[::1]/",
            "http://user:p@a.example/",
        ):
            fields = {"hub.mode": "subscribe", "hub.callback": callback, "hub.topic": rig.topic()}
            answer = requests.post(rig.hub, data=fields, timeout=10)
            assert (answer.status_code, "hub.callback" in answer.text) == (400, True)
            assert "ZONEWIRE" not in answer.text


def test_a_stranger_may_not_ask_without_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zonewire.hub.asking.A_MINUTE", 5)
    fields = {"hub.mode": "subscribe", "hub.topic": rig.topic()}
    by = {"X-Forwarded-For": "198.51.100.7"}
    answers = [
        requests.post(rig.hub, data=fields | {"hub.callback": f"http://127.0.0.1:9/{n}"}, headers=by, timeout=10)
        for n in range(6)
    ]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    other = requests.post(rig.hub, data=fields | {"hub.callback": "http://127.0.0.1:9/x"}, timeout=10)
    assert other.status_code == 202


def test_nor_hold_more_open_than_so_many(rig: Rig, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zonewire.hub.asking.MOST_OPEN", 2)
    for path in ("/a", "/b"):
        assert subscriber.ask(rig.hub, rig.topic(), path=path).status_code == 202
    rig.push()
    assert subscriber.ask(rig.hub, rig.topic(), path="/c").status_code == 429
    assert subscriber.ask(rig.hub, rig.topic(), "unsubscribe", path="/a").status_code == 202
    rig.push()
    assert subscriber.ask(rig.hub, rig.topic(), path="/c").status_code == 202


@on_one_database
def test_a_secret_is_not_taken_in_clear_where_the_hub_has_https(store: Store, tmp_path: Path) -> None:
    with a_web_face(store, tmp_path, base_url="https://wire.example", allow_private_endpoints=True) as face:
        fields = {
            "hub.mode": "subscribe",
            "hub.callback": "http://127.0.0.1:9/",
            "hub.topic": "https://wire.example/feeds/all.atom",
            "hub.secret": "s",
        }
        statuses = [
            requests.post(f"{face}/hub", data=fields, headers={"X-Forwarded-Proto": proto}, timeout=10).status_code
            for proto in ("http", "https")
        ]
    assert statuses == [400, 202]


def test_hubs_of_others_are_told_that_a_topic_changed(store: Store, tmp_path: Path) -> None:
    with Subscriber() as other:
        catalogue = Catalogue(hubs=(other.callback("/their-hub"),))
        with a_rig(store, tmp_path, catalogue_given=catalogue) as rig:
            rig.outside = outside_endpoints(store, catalogue.hubs, keys=rig.face.keys)
            rig.publish(city="", zone="", section=())
            rig.work()
            told = [dict(parse_qsl(document.body.decode())) for document in other.documents]
            topics = {rig.topic(form=form) for form in ("rss", "atom", "json")}
            assert {one["hub.url"] for one in told} == {one["hub.topic"] for one in told} == topics
            assert {one["hub.mode"] for one in told} == {"publish"}
            links = feedparser.parse(rig.get(rig.topic()).content).feed.links
            assert [link.href for link in links if link.rel == "hub"] == [rig.hub, other.callback("/their-hub")]

            rig.outside = ()  # the catalogue names it no longer
            rig.publish(city="", zone="", section=())
            rig.work()
            assert len(other.documents) == 3


def test_who_knows_both_addresses_sees_what_became_of_it(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.secret = "nobody sees this"
    subscribed(rig, subscriber, rig.topic())
    subscriber.answer = 500
    rig.publish()
    rig.work()
    fields = {"hub.callback": subscriber.callback(), "hub.topic": rig.topic()}
    known = requests.get(rig.hub, params=fields, timeout=10).json()
    assert (known["state"], known["signed"], known["requests"][0]["state"]) == ("active", True, "verified")
    (notice,) = known["notices"]
    assert (notice["state"], notice["failures"], notice["last_error"]) == ("retrying", 1, "HTTP 500")
    assert "requested_by" not in known
    page = requests.get(rig.hub, params=fields, headers={"Accept": "text/html", "Accept-Language": "en"}, timeout=10)
    assert "not delivered yet, will be tried again" in page.text
    assert "nobody sees this" not in page.text

    other = requests.get(rig.hub, params=fields | {"hub.callback": "https://a.example/"}, timeout=10)
    assert (other.status_code, "nothing was ever asked" in other.text) == (404, True)
    assert requests.get(rig.hub, params={"hub.topic": rig.topic()}, timeout=10).status_code == 400
    assert requests.get(rig.hub, timeout=10).status_code == 200


def test_an_operator_ends_one_and_its_callback_hears_why(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    with rig.store.writing() as db:
        end_by_operator(db, "h1", why="too many of you", now=now(db))
    rig.push()
    assert subscriber.asked("denied")[0]["hub.reason"] == "too many of you"
    with rig.store.writing() as db, pytest.raises(Conflict):
        end_by_operator(db, "h1", why="", now=now(db))
    with rig.store.writing() as db, pytest.raises(NotFound):
        end_by_operator(db, "h2", why="", now=now(db))


def test_a_feed_that_the_catalogue_drops_takes_its_subscriptions_along(
    store: Store, tmp_path: Path, subscriber: Subscriber
) -> None:
    declared = Declared(name="chips", title="芯片", wanted=Filter(keywords=("芯片",)))
    with a_rig(store, tmp_path, catalogue_given=Catalogue(declared=(declared,))) as rig:
        declare(store, rig.face.catalogue)
        subscribed(rig, subscriber, rig.topic("chips"))
        declare(store, Catalogue())
        with store.writing() as db:
            assert end_without_feed(db, now=now(db)) == 1
        rig.push()
        (denied,) = subscriber.asked("denied")
        assert (denied["hub.topic"], denied["hub.reason"]) == (rig.topic("chips"), "the feed is no longer there")
        fields = {"hub.callback": subscriber.callback(), "hub.topic": rig.topic("chips")}
        assert requests.get(rig.hub, params=fields, timeout=10).json()["state"] == "ended"


def test_a_killed_worker_tells_again_and_never_less(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    rig.publish()
    rig.tell()
    rig.pusher.turn()  # claimed, and under way when its worker is gone
    with rig.store.settling() as db:
        ledger.return_leases_of(db, "w1", counted=True, now=now(db))
    rig.publish()
    rig.later(1)
    rig.work()
    rig.later(1)
    rig.work()
    assert subscriber.documents[-1].body == rig.get(rig.topic()).content


def test_old_requests_and_subscriptions_are_forgotten(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    subscriber.ask(rig.hub, rig.topic(), "unsubscribe")
    rig.push()
    with rig.store.settling() as db:
        assert forget(db, 100, now(db) - 1_000 * SECOND, now(db)) == 0
        assert (
            forget(db, 100, now(db) + SECOND, now(db) + 2 * 86_400 * SECOND) == 3
        )  # two requests, and what came of them
        assert list_endpoints(db) == []


def test_what_changes_while_the_callback_is_being_asked_is_told(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.ask(rig.hub, rig.topic())
    rig.publish()  # nobody has subscribed yet
    rig.work()
    rig.work()
    (document,) = subscriber.documents
    assert document.body == rig.get(rig.topic()).content


def test_feeds_without_subscribers_leave_the_hub_nothing_to_do(rig: Rig, subscriber: Subscriber) -> None:
    rig.publish(city="泰州")
    subscribed(rig, subscriber, rig.topic("city/taizhou"))
    rig.work()
    rig.publish(city="苏州")
    with rig.store.reading() as db:
        assert db.execute(select(hub_outbox)).all() == []


def test_a_partner_with_as_many_as_it_may_have_can_renew(
    rig: Rig, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonewire.hub.asking.MOST_OPEN", 2)
    for path in ("/a", "/b", "/a", "/b"):
        assert subscriber.ask(rig.hub, rig.topic(), path=path).status_code == 202
        rig.push()
    assert len(subscriber.asked("subscribe")) == 4


def test_a_strangers_request_does_not_take_a_subscribers_place(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.ask(rig.hub, rig.topic())
    other = {"hub.callback": subscriber.callback(), "hub.mode": "unsubscribe", "hub.topic": rig.topic()}
    requests.post(rig.hub, data=other, headers={"X-Forwarded-For": "198.51.100.9"}, timeout=10)
    again = other | {"hub.mode": "subscribe"}
    requests.post(rig.hub, data=again, headers={"X-Forwarded-For": "198.51.100.9"}, timeout=10)
    rig.push()
    assert len(subscriber.questions) == 3
    assert len(rig.subscriptions()) == 1


def test_a_wait_that_the_receiver_asked_for_is_kept_when_news_comes(rig: Rig, subscriber: Subscriber) -> None:
    subscribed(rig, subscriber, rig.topic())
    subscriber.answer, subscriber.retry_after = 503, "3600"
    rig.publish()
    rig.work()
    rig.publish()
    rig.work()
    rig.later(600)
    rig.work()
    assert len(subscriber.documents) == 1


def test_what_nobody_decides_any_more_is_refused(rig: Rig, subscriber: Subscriber) -> None:
    subscriber.ask(rig.hub, rig.topic())
    with rig.store.writing() as db:
        owing.cancel(db, list(db.execute(select(deliveries.c.id)).scalars()), why="by an operator", now=now(db))
        assert decide_overdue(db, now(db)) == 0
        assert decide_overdue(db, now(db) + 3_600 * SECOND) == 1
    fields = {"hub.callback": subscriber.callback(), "hub.topic": rig.topic()}
    assert requests.get(rig.hub, params=fields, timeout=10).json()["requests"][0]["state"] == "refused"


def test_what_strangers_wrote_down_goes_after_a_day_and_verified_callbacks_with_what_is_known_of_them(
    rig: Rig, subscriber: Subscriber
) -> None:
    fields = {"hub.mode": "subscribe", "hub.topic": rig.topic(form="json")}
    requests.post(rig.hub, data=fields | {"hub.callback": subscriber.callback("/nobody")}, timeout=10)
    subscribed(rig, subscriber, rig.topic(), lease_seconds="3600")
    rig.later(3601)
    rig.expire()
    rig.push()
    day = 86_400 * SECOND
    with rig.store.settling() as db:
        moment = now(db)
        assert forget(db, 100, moment - 89 * day, moment + 2 * day) == 1
        assert len(list_endpoints(db)) == 1
        for n in range(80, 200, 5):
            forget(db, 100, moment + (n - 90) * day, moment + n * day)
        assert list_endpoints(db) == []


def test_no_more_is_opened_for_a_turn_than_it_has_room_for(
    rig: Rig, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonewire.hub.messages.OPEN_BYTES", 100)
    for n, city in enumerate(("泰州", "苏州", "无锡")):
        rig.publish(city=city)
        subscriber.ask(rig.hub, rig.topic(("city/taizhou", "city/suzhou", "city/wuxi")[n]), path=f"/{n}")
    rig.push()
    for city in ("泰州", "苏州", "无锡"):
        rig.publish(city=city)
    for _ in range(3):
        rig.work()
        rig.later(5)
    assert sorted(one.path for one in subscriber.documents) == ["/0", "/1", "/2"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_renewal_and_a_fan_out_at_once_do_not_lock_each_other_out(
    rig: Rig, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(rig, subscriber, rig.topic())
    rig.work()
    rig.publish()
    began, real = threading.Event(), owing.owe_for

    def slowly(db: Any, kind: Kind, things: Any, **more: Any) -> Any:
        if kind == Kind.NOTICE:
            began.set()
            db.execute(text("SELECT pg_sleep(0.4)"))
        return real(db, kind, things, **more)

    monkeypatch.setattr("zonewire.hub.notices.owing.owe_for", slowly)
    subscriber.ask(rig.hub, rig.topic())
    with ThreadPoolExecutor(1) as pool:
        telling = pool.submit(rig.tell)
        assert began.wait(5)
        rig.push()
        assert telling.result() == 1
    rig.push()
    assert len(subscriber.documents) == 1

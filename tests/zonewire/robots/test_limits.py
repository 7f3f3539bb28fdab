"""What platforms allow: quotas over all workers, rests they ask for, forms they refuse, secrets that are wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from sqlalchemy import select, update

from tests.builders import a_version, an_article
from tests.eventually import eventually
from tests.simulators.feishu import Feishu
from tests.zonewire.robots.rig import KEYS, Chat, chatting, leave_room, let_a_minute_pass, some_articles
from zonewire.delivery.replaying import replay
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import attempts, deliveries, endpoints, paces, subscriptions

pytestmark = pytest.mark.slow

SECRET = "SEC0f9d8e7c6b5a4938271605f4e3d2c1b0a998877665544332211"


@pytest.fixture
def wecom(store: Store) -> Iterator[Chat]:
    with chatting(store, "wecom") as made:
        yield made


@pytest.fixture
def dingtalk(store: Store) -> Iterator[Chat]:
    with chatting(store, "dingtalk") as made:
        yield made


@pytest.fixture
def feishu(store: Store) -> Iterator[Chat]:
    with chatting(store, "feishu") as made:
        yield made


def rest_s(chat: Chat, endpoint: int) -> float:
    """For how long nothing goes to *endpoint*."""
    with chat.store.reading() as db:
        until = db.execute(select(paces.c.not_before).where(paces.c.endpoint_id == endpoint)).scalar_one()
        return float((until or 0) - now(db)) / SECOND


def test_two_workers_together_keep_to_the_quota(wecom: Chat) -> None:
    robot = wecom.robot()
    pushers = [wecom.pusher(worker=name) for name in ("w1", "w2")]
    for _ in range(25):
        wecom.owe(robot, an_article())
        eventually(lambda: [pusher.turn() for pusher in pushers] and "sending" not in wecom.states(), within_s=5)

    assert wecom.states() == {"delivered": 5, "pending": 20}
    assert not wecom.platform.overruns


def test_a_robot_at_its_limit_costs_no_look_and_delays_no_other(wecom: Chat) -> None:
    full, other = wecom.robot(), wecom.robot("another-robot-0123456789")
    pusher = wecom.pusher()
    leave_room(wecom, full, 0)
    wecom.owe(full, *some_articles(5))
    wecom.owe(other, *some_articles(2))

    wecom.until({"pending": 5, "delivered": 2}, pusher)

    assert pusher.turn() is None
    assert {row.ready for row in rows_of(wecom, full)} == {0}
    assert 40 < (rows_of(wecom, full)[0].due_at - moment(wecom)) / SECOND < 61


def rows_of(chat: Chat, endpoint: int) -> list[Any]:
    with chat.store.reading() as db:
        return list(db.execute(select(deliveries).where(deliveries.c.endpoint_id == endpoint)))


def moment(chat: Chat) -> int:
    with chat.store.reading() as db:
        return now(db)


@pytest.mark.parametrize(("channel", "code", "least_s"), [("wecom", 45009, 55), ("dingtalk", 130101, 590)])
def test_a_robot_that_was_sent_too_much_is_left_alone(store: Store, channel: str, code: int, least_s: float) -> None:
    with chatting(store, channel) as chat:
        robot = chat.robot()
        chat.platform.answer_next(chat.key, code)
        (key,) = chat.owe(robot, an_article())
        chat.until({"retrying": 1}, chat.pusher())
        assert rest_s(chat, robot) > least_s
        assert chat.row(key).attempts == 0
        assert str(code) in chat.errors()[0]


def test_a_muted_robot_is_told_by_the_gateway_in_its_own_words(store: Store) -> None:
    with chatting(store, "dingtalk", gateway=True) as chat:
        robot = chat.robot()
        for _ in range(20):  # somebody else uses the robot as well
            requests.post(
                chat.platform.url(chat.key), json={"msgtype": "text", "text": {"content": "别人的消息"}}, timeout=5
            )
        chat.owe(robot, an_article())
        chat.until({"retrying": 1}, chat.pusher())
        assert rest_s(chat, robot) > 590
        assert "deny" in chat.errors()[0]


def test_feishus_gateway_says_how_long_to_wait(store: Store) -> None:
    with chatting(store, "feishu", gateway=True) as chat:
        robot = chat.robot()
        for _ in range(5):
            body = {"msg_type": "text", "content": {"text": "别人的消息"}}
            requests.post(chat.platform.url(chat.key), json=body, timeout=5)
        chat.owe(robot, an_article())
        chat.until({"retrying": 1}, chat.pusher())
        assert "429" in chat.errors()[0]
        assert 0 < rest_s(chat, robot) < 61


@pytest.mark.parametrize("channel", ["dingtalk", "feishu"])
def test_a_robot_with_a_secret_is_signed_for(store: Store, channel: str) -> None:
    with chatting(store, channel) as chat:
        chat.owe(chat.robot(secret=SECRET), an_article())
        chat.until({"delivered": 1}, chat.pusher())
        assert chat.is_clean()


@pytest.mark.parametrize("channel", ["dingtalk", "feishu"])
def test_a_wrong_secret_disables_the_endpoint_and_holds_what_comes(store: Store, channel: str) -> None:
    with chatting(store, channel) as chat:
        robot = chat.robot(secret=SECRET)
        with chat.store.writing() as db:
            sealed = KEYS.seal(b"SEC-another-one-that-is-wrong")
            db.execute(update(endpoints).where(endpoints.c.id == robot).values(secret=sealed))
        chat.owe(robot, an_article())
        chat.until({"dead": 1}, chat.pusher())
        assert (chat.endpoint(robot).state, chat.endpoint(robot).gone) == ("disabled", False)
        assert "sign" in chat.endpoint(robot).reason


def test_a_refused_form_comes_again_in_a_plain_one(wecom: Chat) -> None:
    (key,) = wecom.owe(wecom.robot(), article := an_article())
    wecom.platform.answer_next(wecom.key, 40058)

    wecom.until({"delivered": 1}, wecom.pusher())

    (message,) = wecom.platform.messages(wecom.key)
    assert message["msgtype"] == "text"
    assert article.title in message["text"]["content"]
    assert wecom.row(key).attempts == 2


def test_what_is_refused_in_its_plain_form_too_is_dead_and_its_code_is_told(wecom: Chat) -> None:
    robot = wecom.robot()
    wecom.owe(robot, an_article())
    wecom.platform.answer_next(wecom.key, 45002, times=2)

    wecom.until({"dead": 1}, wecom.pusher())

    assert "45002" in wecom.errors()[-1]
    assert wecom.endpoint(robot).state == "failing"


def test_one_bad_article_spoils_no_other_of_its_card(wecom: Chat) -> None:
    wecom.owe(wecom.robot(), *some_articles(4))
    wecom.platform.answer_next(wecom.key, 40063, times=2)  # the card, and the first of those that come alone

    wecom.until({"dead": 1, "delivered": 3}, wecom.pusher())


def test_all_deliveries_of_a_merged_card_name_one_request_in_the_trail(wecom: Chat) -> None:
    wecom.owe(wecom.robot(), *some_articles(6))
    wecom.platform.answer_next(wecom.key, -1)
    wecom.until({"retrying": 6}, wecom.pusher(steps=(3600,)))

    with wecom.store.reading() as db:
        requests = set(db.execute(select(attempts.c.request)).scalars())
    assert len(requests) == 1
    assert requests != {None}


def test_news_that_waited_for_a_day_is_worth_nothing_and_a_digest_goes_before_it(wecom: Chat) -> None:
    robot, pusher = wecom.robot(), wecom.pusher()
    keys = wecom.owe(robot, *some_articles(6))
    wecom.owe_digest(robot, some_articles(2))
    with wecom.store.writing() as db:
        stale = deliveries.c.id.in_(keys[:5])
        db.execute(update(deliveries).where(stale).values(worthless_at=now(db) - 1))

    wecom.until({"cancelled": 5, "delivered": 2}, pusher)

    assert wecom.row(keys[0]).reason == "not sent in time to be worth anything"
    assert [message["msgtype"] for message in wecom.platform.messages(wecom.key)] == ["markdown", "news"]


def test_what_an_operator_puts_back_is_sent_in_its_rich_form_however_old_it_is(wecom: Chat) -> None:
    (key,) = wecom.owe(wecom.robot(), an_article())
    wecom.platform.answer_next(wecom.key, 45002, times=2)
    pusher = wecom.pusher()
    wecom.until({"dead": 1}, pusher)
    with wecom.store.writing() as db:
        db.execute(update(deliveries).values(worthless_at=now(db) - 1))
        replay(db, [key], now=now(db))

    wecom.until({"delivered": 1}, pusher)

    assert wecom.platform.messages(wecom.key)[0]["msgtype"] == "news"


def test_a_digest_goes_on_where_its_worker_was_killed(wecom: Chat) -> None:
    long = "建设面向全国的现代化产业基地" * 4
    articles = [replace(one, title=f"{one.title}，{long}") for one in some_articles(30)]
    key, _ = wecom.owe_digest(robot := wecom.robot(), articles)
    leave_room(wecom, robot, 1)
    first = wecom.pusher()
    eventually(lambda: (first.turn(), wecom.row(key).part > 0)[1], within_s=10)
    first.courier.close(grace_s=0)
    let_a_minute_pass(wecom)

    wecom.until({"delivered": 1}, wecom.pusher(worker="w2"), within_s=20)

    text = "".join(str(message) for message in wecom.platform.messages(wecom.key))
    assert [text.count(one.title[:16]) for one in articles] == [1] * 30


def test_what_is_withdrawn_between_two_messages_of_a_digest_is_left_out(wecom: Chat) -> None:
    long = "建设面向全国的现代化产业基地" * 4
    articles = [replace(one, title=f"{one.title}，{long}") for one in some_articles(30)]
    key, versions = wecom.owe_digest(robot := wecom.robot(), articles)
    leave_room(wecom, robot, 1)
    pusher = wecom.pusher()
    eventually(lambda: (pusher.turn(), wecom.row(key).part > 0)[1], within_s=10)
    told = "".join(str(message) for message in wecom.platform.messages(wecom.key))
    gone = next(one for one in versions if one.article.title[:16] not in told)
    with wecom.store.writing() as db:
        a_version(db, gone.article, withdrawn=True)
    let_a_minute_pass(wecom)

    wecom.until({"delivered": 1}, pusher, within_s=20)

    text = "".join(str(message) for message in wecom.platform.messages(wecom.key))
    assert gone.article.title[:16] not in text
    assert [text.count(one.title[:16]) for one in articles if one != gone.article] == [1] * 29


def test_who_has_left_is_told_nothing_more(feishu: Chat) -> None:
    robot = feishu.robot()
    feishu.owe(robot, an_article())
    with feishu.store.writing() as db:
        db.execute(update(subscriptions).values(state="ended"))

    feishu.until({"cancelled": 1}, feishu.pusher())

    assert isinstance(feishu.platform, Feishu)
    assert not feishu.platform.messages(feishu.key)

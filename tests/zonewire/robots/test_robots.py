"""Robots, turn by turn, over a real courier to strict platforms: what holds for each of them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.builders import an_article
from tests.simulators.serving import Mode
from tests.zonewire.robots.rig import EACH, Chat, chatting, some_articles
from zonewire.store import Store

HOSTILE = (
    "<@all> @所有人 [点此](http://evil.example/x) **粗** `码` <at id=all></at> http://evil.example www.evil.example"
)

OTHER = ("another-robot-0123456789", "T1/B1/another")


@pytest.fixture(params=EACH)
def chat(request: pytest.FixtureRequest, plain_store: Store) -> Iterator[Chat]:
    with chatting(plain_store, request.param) as made:
        yield made


def test_an_article_arrives_with_its_title_and_its_address(chat: Chat) -> None:
    article = an_article()
    chat.owe(chat.robot(), article)

    chat.until({"delivered": 1}, chat.pusher())

    assert [(title, url) for title, url in chat.platform.links(chat.key) if url == article.url]
    assert any(article.title in title for title in chat.platform.titles(chat.key))
    assert chat.is_clean()


def test_many_articles_at_once_come_merged_each_title_once(chat: Chat) -> None:
    articles = some_articles(16)
    chat.owe(chat.robot(), *articles)

    chat.until({"delivered": 16}, chat.pusher(), within_s=20)

    titles = chat.platform.titles(chat.key)
    assert [sum(one.title in title for title in titles) for one in articles] == [1] * 16
    assert len(chat.platform.messages(chat.key)) == 2
    assert chat.is_clean()


def test_few_articles_have_a_message_each(chat: Chat) -> None:
    chat.owe(chat.robot(), *some_articles(3))

    chat.until({"delivered": 3}, chat.pusher(), within_s=20)

    assert len(chat.platform.messages(chat.key)) == 3


def test_a_correction_and_a_withdrawal_are_cards_of_their_own(chat: Chat) -> None:
    robot, pusher, article = chat.robot(), chat.pusher(), an_article()
    chat.owe(robot, article)
    chat.until({"delivered": 1}, pusher)
    chat.owe(robot, replace(article, title="更名后的产业园今日开园，首批企业入驻"))
    chat.until({"delivered": 2}, pusher)
    chat.owe(robot, replace(article, title="更名后的产业园今日开园，首批企业入驻"), kind="withdrawal")
    chat.until({"delivered": 3}, pusher)

    first, corrected, withdrawn = [str(message) for message in chat.platform.messages(chat.key)]
    assert "更正" not in first
    assert "更正" in corrected
    assert "更名后的产业园今日开园" in corrected
    assert "撤稿" in withdrawn
    assert "更名后的产业园今日开园" in withdrawn
    assert chat.is_clean()


def test_nothing_in_an_article_makes_a_mention_or_a_link(chat: Chat) -> None:
    articles = some_articles(5, title=HOSTILE, summary=HOSTILE * 3, zone=HOSTILE[:60])
    chat.owe(chat.robot(), *articles)
    chat.until({"delivered": 5}, chat.pusher())
    chat.owe(chat.robot(OTHER[chat.channel == "slack"]), articles[0])
    chat.until({"delivered": 6}, chat.pusher(worker="w2"))

    for key in (chat.key, OTHER[chat.channel == "slack"]):
        assert chat.platform.mentions(key) == []
        assert not [url for url in chat.platform.rendered_links(key) if "evil" in url]
    assert chat.is_clean()


def test_a_long_digest_comes_in_numbered_messages_with_each_article_once(chat: Chat) -> None:
    articles = some_articles(36, summary="", text="")
    articles = [replace(one, title=f"{one.title}，" + "建设面向全国的现代化产业基地" * 4) for one in articles]
    chat.owe_digest(chat.robot(), articles)

    chat.until({"delivered": 1}, chat.pusher(), within_s=20)

    text = "".join(str(message) for message in chat.platform.messages(chat.key))
    assert [text.count(one.title[:16]) for one in articles] == [1] * 36
    assert chat.is_clean()


def test_a_greeting_is_taken(chat: Chat) -> None:
    chat.owe_test(chat.robot())

    chat.until({"delivered": 1}, chat.pusher())

    assert len(chat.platform.messages(chat.key)) == 1
    assert chat.is_clean()


def test_a_robot_that_is_gone_is_disabled_at_once(chat: Chat) -> None:
    robot = chat.robot()
    chat.platform.remove(chat.key)
    chat.owe(robot, an_article())

    chat.until({"dead": 1}, chat.pusher())

    assert (chat.endpoint(robot).state, chat.endpoint(robot).gone) == ("disabled", True)


@pytest.mark.parametrize("chat", ["wecom", "feishu"], indirect=True)
@pytest.mark.parametrize("mode", [Mode.ERRORS, Mode.HTML, Mode.EMPTY])
def test_what_is_no_answer_is_tried_by_the_schedule(chat: Chat, mode: Mode) -> None:
    robot, pusher = chat.robot(), chat.pusher()
    chat.platform.mode = mode
    (key,) = chat.owe(robot, an_article())

    chat.until({"dead": 1}, pusher)

    assert chat.row(key).reason == "its tries ran out"
    assert chat.row(key).attempts == 3
    assert chat.endpoint(robot).state == "failing"


def test_a_platform_that_is_down_costs_tries_and_nothing_else(chat: Chat) -> None:
    robot, pusher = chat.robot(), chat.pusher(steps=(0, 3600))
    chat.platform.go_down()
    chat.owe(robot, *some_articles(5))
    chat.until({"retrying": 5}, pusher)
    chat.platform.come_up()
    chat.owe(robot, an_article())

    chat.until({"delivered": 6}, pusher, within_s=15)

    assert chat.is_clean()


def test_a_message_without_an_answer_is_sent_once_more_and_no_oftener(chat: Chat) -> None:
    pusher = chat.pusher(steps=(0, 0, 0, 0))
    chat.platform.mode = Mode.LOSES
    (key,) = chat.owe(chat.robot(), an_article())

    chat.until({"dead": 1}, pusher)

    assert chat.row(key).reason == "unknown"
    assert len(chat.platform.messages(chat.key)) == 2


def test_what_waited_for_a_platform_leaves_as_soon_as_it_answers_again(chat: Chat) -> None:
    robot, pusher = chat.robot(), chat.pusher(steps=(3600,))
    chat.platform.mode = Mode.ERRORS
    chat.owe(robot, *some_articles(2))
    chat.until({"retrying": 2}, pusher)
    chat.platform.mode = Mode.WELL
    chat.owe(robot, an_article())

    chat.until({"delivered": 3}, pusher, within_s=15)


def test_neither_key_nor_secret_stands_in_the_database_in_clear(chat: Chat) -> None:
    secret = "SECa-secret-of-a-robot" if chat.channel in {"dingtalk", "feishu"} else None
    robot = chat.endpoint(chat.robot(secret=secret))

    assert chat.key not in str(tuple(robot))
    assert "SECa-secret" not in str(tuple(robot))
    assert robot.address.endswith(chat.key[-4:])

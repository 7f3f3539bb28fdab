"""A digest of several messages whose form is refused on the way: it goes on, and tells each article once."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.eventually import eventually
from tests.zonewire.robots.rig import Chat, chatting, leave_room, let_a_minute_pass, some_articles
from zonewire.articles.model import Article
from zonewire.store import Store

REFUSED = 40058


@pytest.fixture
def wecom(plain_store: Store) -> Iterator[Chat]:
    with chatting(plain_store, "wecom") as made:
        yield made


def test_a_digest_that_is_refused_after_its_first_message_goes_on_in_its_plain_form(wecom: Chat) -> None:
    articles = articles_of_several_messages()
    robot, pusher = wecom.robot(), wecom.pusher()
    key, _ = wecom.owe_digest(robot, articles)
    leave_room(wecom, robot, 1)
    eventually(lambda: (pusher.turn(), wecom.row(key).part > 0)[1], within_s=10)
    wecom.platform.answer_next(wecom.key, REFUSED)
    let_a_minute_pass(wecom)

    wecom.until({"delivered": 1}, pusher)

    first, *others = [message["msgtype"] for message in wecom.platform.messages(wecom.key)]
    assert first == "markdown"
    assert set(others) == {"text"}
    assert times_told(wecom, articles) == [1] * len(articles)


def test_a_digest_that_is_refused_at_once_is_told_in_its_plain_form_each_article_once(wecom: Chat) -> None:
    articles = articles_of_several_messages()
    wecom.owe_digest(wecom.robot(), articles)
    wecom.platform.answer_next(wecom.key, REFUSED)

    wecom.until({"delivered": 1}, wecom.pusher())

    assert {message["msgtype"] for message in wecom.platform.messages(wecom.key)} == {"text"}
    assert times_told(wecom, articles) == [1] * len(articles)


def test_a_digest_that_is_refused_in_its_plain_form_too_is_dead_and_not_told_in_part(wecom: Chat) -> None:
    key, _ = wecom.owe_digest(wecom.robot(), articles_of_several_messages())
    wecom.platform.answer_next(wecom.key, REFUSED, times=2)

    wecom.until({"dead": 1}, wecom.pusher())

    assert wecom.platform.messages(wecom.key) == []
    assert str(REFUSED) in wecom.row(key).reason


def articles_of_several_messages(n: int = 18) -> list[Article]:
    """Articles with titles so long that one message does not hold them all, and five in a row, the burst, do."""
    long = "建设面向全国的现代化产业基地" * 4
    return [replace(one, title=f"{one.title}，{long}") for one in some_articles(n)]


def times_told(chat: Chat, articles: list[Article]) -> list[int]:
    """How often the title of each stands in what the robot wrote."""
    text = "".join(str(message) for message in chat.platform.messages(chat.key))
    return [text.count(one.title.partition("，")[0]) for one in articles]

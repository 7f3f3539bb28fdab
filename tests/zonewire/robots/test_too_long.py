"""Articles that no message of a platform holds as they are: they are sent with less of them, and never lost."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.builders import an_article
from tests.zonewire.robots.rig import BASE, EACH, Chat, chatting
from zonewire.store import Store

pytestmark = pytest.mark.slow

LONG_URL = "https://portal.example/news?about=" + "x" * 30_000
LONG_TITLE = "泰州港经济开发区又一个产业项目签约" * 1_000


@pytest.fixture(params=EACH)
def chat(request: pytest.FixtureRequest, plain_store: Store) -> Iterator[Chat]:
    with chatting(plain_store, request.param) as made:
        yield made


@pytest.mark.parametrize("chat", ["dingtalk", "feishu", "slack"], indirect=True)
def test_an_article_with_an_address_that_no_message_holds_leads_to_its_short_page(chat: Chat) -> None:
    article = an_article(url=LONG_URL)
    chat.owe(chat.robot(), article)

    chat.until({"delivered": 1}, chat.pusher())

    ((title, url),) = chat.platform.links(chat.key)[:1]
    assert url.startswith(f"{BASE}/articles/a")
    assert any(article.title in shown for shown in [title, *chat.platform.titles(chat.key)])
    assert chat.is_clean()


@pytest.mark.parametrize("chat", ["dingtalk", "feishu", "slack"], indirect=True)
def test_a_correction_with_an_address_that_no_message_holds_leads_to_its_short_page(chat: Chat) -> None:
    robot, pusher, article = chat.robot(), chat.pusher(), an_article()
    chat.owe(robot, article)
    chat.until({"delivered": 1}, pusher)
    chat.owe(robot, replace(article, url=LONG_URL))

    chat.until({"delivered": 2}, pusher)

    assert any(url.startswith(f"{BASE}/articles/a") for _, url in chat.platform.links(chat.key))
    assert chat.is_clean()


def test_an_article_with_a_title_that_no_message_holds_is_sent_with_a_shorter_one(chat: Chat) -> None:
    article = an_article(title=LONG_TITLE)
    chat.owe(chat.robot(), article)

    chat.until({"delivered": 1}, chat.pusher())

    (message,) = chat.platform.messages(chat.key)
    assert LONG_TITLE[:16] in str(message)
    assert LONG_TITLE not in str(message)
    assert chat.is_clean()


@pytest.mark.parametrize("chat", ["wecom"], indirect=True)
@pytest.mark.parametrize("over", [{"title": LONG_TITLE}, {"url": LONG_URL}])
def test_the_plain_form_of_what_is_too_long_is_shortened_as_well(chat: Chat, over: dict[str, str]) -> None:
    article = an_article(**over)
    chat.owe(chat.robot(), article)
    chat.platform.answer_next(chat.key, 40058)

    chat.until({"delivered": 1}, chat.pusher())

    (message,) = chat.platform.messages(chat.key)
    assert message["msgtype"] == "text"
    assert article.title[:16] in message["text"]["content"]


@pytest.mark.parametrize("chat", ["dingtalk"], indirect=True)
def test_one_that_is_too_long_spoils_none_that_come_with_it(chat: Chat) -> None:
    articles = [an_article(title=LONG_TITLE), *(an_article() for _ in range(4))]
    chat.owe(chat.robot(), *articles)

    chat.until({"delivered": 5}, chat.pusher(), within_s=15)

    text = "".join(str(message) for message in chat.platform.messages(chat.key))
    assert all(one.title in text for one in articles[1:])
    assert LONG_TITLE[:16] in text
    assert chat.is_clean()

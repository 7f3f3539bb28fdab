"""Search engines are told the addresses of what is new, changed and withdrawn: in batches, and within their quotas."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.builders import an_article
from tests.servers.receiver import Receiver
from tests.simulators.baidu import TOKEN, Baidu
from tests.simulators.indexnow import IndexNow
from tests.simulators.serving import Answer, Asked, Mode, Simulator
from tests.zonewire.robots.rig import Chat, some_articles, telling
from zonewire.loading import Services
from zonewire.store import Store

SITE = "portal.example"
KEY = "0123456789abcdef"


class Site(Simulator):
    """The portal, which serves its key."""

    def answer(self, asked: Asked) -> Answer:
        return Answer(KEY.encode() if asked.path == f"/{KEY}.txt" else b"no", headers={"content-type": "text/plain"})


@pytest.fixture
def baidu(store: Store) -> Iterator[tuple[Chat, Baidu]]:
    with Baidu(site=f"https://{SITE}") as engine:
        services = Services(baidu=f"{engine.base}/urls", baidu_token=TOKEN)
        with telling(store, "baidu", engine, services) as chat:
            yield chat, engine


@pytest.fixture
def indexnow(store: Store) -> Iterator[tuple[Chat, IndexNow]]:
    with Site() as site, IndexNow({SITE: site.base}) as engine:
        services = Services(indexnow=f"{engine.base}/indexnow", indexnow_key=KEY)
        with telling(store, "indexnow", engine, services) as chat:
            yield chat, engine


def told_at_once(chat: Chat, engine: Baidu | IndexNow) -> bool:
    articles = some_articles(50)
    chat.owe(chat.site(SITE), *articles)
    chat.until({"delivered": 50}, chat.pusher())
    return {one.url for one in engine.accepted} == {one.url for one in articles} and len(engine.asked) == 1


def test_many_articles_are_told_to_baidu_in_one_request(baidu: tuple[Chat, Baidu]) -> None:
    assert told_at_once(*baidu)


def test_many_articles_are_told_by_indexnow_in_one_request(indexnow: tuple[Chat, IndexNow]) -> None:
    assert told_at_once(*indexnow)


def test_a_withdrawn_article_is_told_as_well(indexnow: tuple[Chat, IndexNow]) -> None:
    chat, engine = indexnow
    site, article = chat.site(SITE), an_article()
    chat.owe(site, article)
    chat.until({"delivered": 1}, pusher := chat.pusher())
    chat.owe(site, article, kind="withdrawal")

    chat.until({"delivered": 2}, pusher)

    assert [one.url for one in engine.accepted] == [article.url] * 2


def test_an_article_of_another_site_is_told_to_nobody(baidu: tuple[Chat, Baidu]) -> None:
    chat, engine = baidu
    chat.owe(chat.site(SITE), an_article(), an_article(url="https://elsewhere.example/1"))

    chat.until({"delivered": 1, "cancelled": 1}, chat.pusher())

    assert len(engine.accepted) == 1
    assert not engine.refusals


def test_nothing_is_pushed_to_baidu_once_its_quota_is_spent_and_the_newest_went_first(
    baidu: tuple[Chat, Baidu],
) -> None:
    chat, engine = baidu
    engine.daily_quota = 2
    articles = some_articles(5)
    chat.owe(chat.site(SITE), *articles)

    chat.until({"delivered": 2, "retrying": 3}, pusher := chat.pusher(), within_s=20)

    assert [one.url for one in engine.accepted] == [articles[4].url, articles[3].url]
    asked = len(engine.asked)
    assert pusher.turn() is None
    assert len(engine.asked) == asked


def test_an_address_that_baidu_does_not_take_spoils_no_other(baidu: tuple[Chat, Baidu]) -> None:
    chat, engine = baidu
    good, bad = some_articles(2)
    bad = replace(bad, url=f"https://{SITE}/新闻/一")
    chat.owe(chat.site(SITE), good, bad)

    chat.until({"delivered": 1, "dead": 1}, chat.pusher())

    assert [one.url for one in engine.accepted] == [good.url]


def test_a_wrong_token_disables_the_endpoint_and_holds_what_comes(store: Store) -> None:
    with Baidu(site=f"https://{SITE}") as engine:
        services = Services(baidu=f"{engine.base}/urls", baidu_token="WrongToken123456")
        with telling(store, "baidu", engine, services) as chat:
            site = chat.site(SITE)
            chat.owe(site, an_article())
            chat.until({"dead": 1}, chat.pusher())
            assert (chat.endpoint(site).state, chat.endpoint(site).gone) == ("disabled", False)
            assert "BAIDU_TOKEN" in chat.endpoint(site).reason


def test_a_key_that_the_site_does_not_serve_disables_the_endpoint(store: Store) -> None:
    with Receiver() as elsewhere, IndexNow({SITE: elsewhere.url("").rstrip("/")}) as engine:
        services = Services(indexnow=f"{engine.base}/indexnow", indexnow_key=KEY)
        with telling(store, "indexnow", engine, services) as chat:
            site = chat.site(SITE)
            chat.owe(site, an_article())
            chat.until({"dead": 1}, chat.pusher())
            assert "KEY.txt" in chat.endpoint(site).reason


def test_an_engine_that_was_told_too_much_is_left_alone(indexnow: tuple[Chat, IndexNow]) -> None:
    chat, engine = indexnow
    engine.per_minute, engine.retry_after_s = 0, 120
    (key,) = chat.owe(chat.site(SITE), an_article())

    chat.until({"retrying": 1}, chat.pusher())

    assert chat.row(key).attempts == 0


def test_an_engine_that_answers_a_page_is_asked_again(baidu: tuple[Chat, Baidu]) -> None:
    chat, engine = baidu
    engine.mode = Mode.HTML
    chat.owe(chat.site(SITE), an_article())

    chat.until({"dead": 1}, chat.pusher(steps=(0,)))

    assert len(engine.asked) == 2

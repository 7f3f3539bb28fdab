"""Loads for search engines: smaller ones where an engine took less, none while a setting lacks, and no test at all."""

from collections.abc import Iterator

import pytest

from tests.builders import DAY, an_article
from tests.simulators.baidu import TOKEN, Baidu
from tests.simulators.indexnow import IndexNow
from tests.zonewire.robots.rig import Chat, let_a_minute_pass, some_articles, telling
from zonewire.errors import Conflict
from zonewire.loading import Services
from zonewire.store import SECOND, Store, now
from zonewire.subscriptions.trial import refuse_unasked

SITE = "portal.example"


@pytest.fixture
def baidu() -> Iterator[Baidu]:
    with Baidu(site=f"https://{SITE}") as engine:
        yield engine


def services_of(engine: Baidu) -> Services:
    return Services(baidu=f"{engine.base}/urls", baidu_token=TOKEN)


def test_where_a_quota_has_not_room_for_all_half_of_them_go_and_the_rest_the_day_after(
    plain_store: Store, baidu: Baidu
) -> None:
    baidu.daily_quota = 6
    articles = some_articles(8)
    with telling(plain_store, "baidu", baidu, services_of(baidu)) as chat:
        chat.owe(chat.site(SITE), *articles)
        chat.until({"delivered": 6, "retrying": 2}, pusher := chat.pusher())
        baidu.move_clock(DAY / SECOND)
        let_a_minute_pass(chat)

        chat.until({"delivered": 8}, pusher)

        first, *others = [asked.body.count(b"\n") + 1 for asked in baidu.asked]
        assert first == 8
        assert 1 < max(others) <= 4
        assert sorted(one.url for one in baidu.accepted) == sorted(one.url for one in articles)
        assert baidu.refusals == ["/urls: 400 over quota: 8 addresses; 6 remain"]


def test_what_was_refused_stays_in_small_loads_when_more_comes(plain_store: Store, baidu: Baidu) -> None:
    baidu.daily_quota = 3
    refused, more = some_articles(8), some_articles(8)
    with telling(plain_store, "baidu", baidu, services_of(baidu)) as chat:
        site, pusher = chat.site(SITE), chat.pusher()
        chat.owe(site, *refused)
        chat.until({"delivered": 3, "retrying": 5}, pusher)
        baidu.daily_quota = 3_000
        let_a_minute_pass(chat)
        chat.owe(site, *more)

        chat.until({"delivered": 16}, pusher)

        loads = [set(asked.body.decode().split("\n")) for asked in baidu.asked[1:]]
        assert max(len(load) for load in loads if load & {one.url for one in refused}) <= 4
        assert sorted(one.url for one in baidu.accepted) == sorted(one.url for one in refused + more)


def test_a_delivery_waits_for_a_setting_that_lacks_and_goes_once_it_is_there(plain_store: Store, baidu: Baidu) -> None:
    with telling(plain_store, "baidu", baidu, Services(baidu=f"{baidu.base}/urls")) as chat:
        site, article = chat.site(SITE), an_article()
        (key,) = chat.owe(site, article)
        chat.until({"retrying": 1}, chat.pusher())
        assert 590 < wait_s(chat, key) < 660  # the wait is spread a little
        assert chat.row(key).attempts == 0
        assert chat.endpoint(site).state != "disabled"
        assert "ZONEWIRE_BAIDU_TOKEN" in chat.errors()[0]

        chat.services = services_of(baidu)
        let_a_minute_pass(chat)
        chat.until({"delivered": 1}, chat.pusher(worker="w2"))

        assert [one.url for one in baidu.accepted] == [article.url]
        assert chat.endpoint(site).state == "healthy"


def wait_s(chat: Chat, key: int) -> float:
    """In how many seconds the delivery is due."""
    with chat.store.reading() as db:
        return float(chat.row(key).due_at - now(db)) / SECOND


@pytest.mark.parametrize("channel", ["baidu", "indexnow"])
def test_a_test_of_a_search_engine_is_refused_with_what_to_do_instead(plain_store: Store, channel: str) -> None:
    with IndexNow({}) as engine, telling(plain_store, channel, engine, Services()) as chat:
        site = chat.site(SITE)

        with (
            plain_store.reading() as db,
            pytest.raises(Conflict, match=f"e{site} stands for a search engine") as refused,
        ):
            refuse_unasked(db, site)

        assert "Publishing an article" in str(refused.value)


def test_what_is_newer_goes_before_what_a_quota_refused(plain_store: Store) -> None:
    old, new = some_articles(8), some_articles(2)
    with (
        Baidu(site=f"https://{SITE}", daily_quota=3) as baidu,
        telling(plain_store, "baidu", baidu, Services(baidu=f"{baidu.base}/urls", baidu_token=TOKEN)) as chat,
    ):
        site, pusher = chat.site(SITE), chat.pusher()
        chat.owe(site, *old)
        chat.until({"delivered": 3, "retrying": 5}, pusher)
        chat.owe(site, *new)
        baidu.daily_quota = 3_000
        let_a_minute_pass(chat)

        chat.until({"delivered": 10}, pusher)

        assert {one.url for one in baidu.accepted[3:5]} == {one.url for one in new}

"""`/feeds/filter.FORMAT?…`: a feed for any filter, under one address, bounded in what it may cost."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
import requests
from hypothesis import given, settings

from tests.builders import NOON, a_version, an_article
from tests.examples import examples
from tests.web.faces import BASE, a_web_face
from tests.zonewire.filters.oracle import matches
from tests.zonewire.filters.test_matching import ARTICLES, FILTERS
from web.public.filtered import FRESH_S, STRANGERS, Bounds, Filters
from web.public.polling import A_MINUTE
from zonewire.articles.model import Article
from zonewire.errors import StoreBusy
from zonewire.feeds import Catalogue, Document, Format, Making, cover_of, filtered
from zonewire.filters import Filter, Passing
from zonewire.store import Store

on_sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests whose statements run on both databases in the others."""


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("web.public.filtered.FRESH_S", -1.0)  # each request sees what was accepted before it
    with a_web_face(store, tmp_path) as url:
        yield url


def accept(store: Store, *titles: str, withdrawn: bool = False, **over: object) -> None:
    with store.writing() as db:
        for title in titles:
            guid = f"https://portal.example/{title}"
            a_version(db, an_article(title=title, guid=guid, published_at=NOON, **over), withdrawn=withdrawn)


def titles(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry.title for entry in feedparser.parse(answer.content).entries]


def get(face: str, query: str, form: str = "atom", **options: object) -> requests.Response:
    return requests.get(f"{face}/feeds/filter.{form}?{query}", timeout=10, **options)  # type: ignore[arg-type]


def test_it_carries_what_passes_and_says_what_it_is(store: Store, face: str) -> None:
    accept(store, "泰州芯片", "泰州码头", city="泰州")
    accept(store, "苏州芯片", city="苏州")
    answer = get(face, "city=泰州&keyword=芯片")

    assert titles(answer) == ["泰州芯片"]
    feed = feedparser.parse(answer.content).feed
    assert feed.title == "城市：泰州；关键词：芯片 · Zonewire"
    (own,) = [link.href for link in feed.links if link.rel == "self"]
    assert own == f"{BASE}/feeds/filter.atom?city=%E6%B3%B0%E5%B7%9E&keyword=%E8%8A%AF%E7%89%87"
    assert answer.headers["Link"] == f'<{own}>; rel="self"'


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_each_format_has_it_and_what_is_unchanged_is_not_sent_again(store: Store, face: str, form: str) -> None:
    accept(store, "开工")
    first = get(face, "city=泰州", form)
    again = requests.get(first.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (first.status_code, again.status_code) == (200, 304)
    accept(store, "投产")
    assert requests.get(first.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "query", ["keyword=b&keyword=a&city=x", "city=Ｘ&keyword=A&keyword=B", "keyword=a&keyword=b&city=x&city=x"]
)
def test_equal_filters_have_one_address(face: str, query: str) -> None:
    answer = get(face, query, allow_redirects=False)

    assert answer.status_code == 308
    assert answer.headers["Location"] == "filter.atom?city=x&keyword=a&keyword=b"
    assert get(face, "city=x&keyword=a&keyword=b", allow_redirects=False).status_code == 200


def test_the_filter_that_wants_all_is_the_feed_of_everything(face: str) -> None:
    answer = requests.get(f"{face}/feeds/filter.rss", timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "all.rss")


@pytest.mark.parametrize(
    "query", ["colour=red", "city=", "city=" + "x" * 201, "&".join(f"city={n}" for n in range(21)), "zone=%00%20"]
)
def test_what_is_no_filter_is_refused_in_words(face: str, query: str) -> None:
    answer = get(face, query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"]


def test_a_withdrawn_article_and_an_old_version_are_not_in_it(store: Store, face: str) -> None:
    accept(store, "一", "二", "三", city="泰州")
    accept(store, "一", withdrawn=True)
    accept(store, "二", city="苏州")

    assert titles(get(face, "city=泰州")) == ["三"]


def test_no_more_than_a_bound_is_looked_at(store: Store, face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filtered, "LOOKED_AT", 6)
    monkeypatch.setattr(filtered, "AT_ONCE", 3)
    accept(store, "旧", city="泰州")
    accept(store, *(str(n) for n in range(6)), city="苏州")

    assert titles(get(face, "city=泰州")) == []
    assert len(titles(get(face, "city=苏州"))) == 6


@settings(max_examples=examples(100), deadline=None)
@given(wanted=FILTERS, article=ARTICLES)
def test_it_passes_what_a_subscription_would(wanted: Filter, article: Article) -> None:
    assert Passing(wanted)(article) == matches(wanted, article)


def test_a_date_alone_says_nothing_of_a_filters_document(store: Store, face: str) -> None:
    accept(store, "一", city="泰州")
    answer = get(face, "city=泰州")
    assert "Last-Modified" not in answer.headers
    again = requests.get(answer.url, headers={"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}, timeout=10)
    assert again.status_code == 200


def test_who_invents_filters_without_end_is_asked_to_wait(face: str) -> None:
    codes = [
        get(face, f"city={n}", headers={"X-Forwarded-For": "203.0.113.9"}).status_code for n in range(A_MINUTE + 1)
    ]
    assert set(codes[:A_MINUTE]) == {200}
    assert codes[-1] == 429


def test_an_address_that_a_client_writes_in_its_own_way_is_not_led_round(face: str) -> None:
    assert requests.get(f"{face}/feeds/filter.rss?keyword=5g/6g", timeout=10, allow_redirects=False).status_code == 200


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def filters_within(store: Store, bounds: Bounds, clock: Clock) -> Filters:
    return Filters(store, Making(BASE, Catalogue()), bounds, clock=clock)


async def take(filters: Filters, *cities: str) -> list[Document | BaseException]:
    """The documents of these cities, asked for together."""
    wanted = [Filter(cities=(city,)) for city in cities]
    covers = [cover_of(one, Format.JSON, portal=Catalogue().portal) for one in wanted]
    takes = (filters.take(one, cover) for one, cover in zip(wanted, covers, strict=True))
    return await asyncio.gather(*takes, return_exceptions=True)


@on_sqlite_alone
def test_those_that_are_made_have_a_bound_and_looking_whether_one_still_stands_does_not_count(store: Store) -> None:
    accept(store, "一", city="泰州")
    clock = Clock()
    filters = filters_within(store, replace(STRANGERS, at_once=1, waiting=2), clock)

    async def visits() -> None:
        *first, refused = await take(filters, "泰州", "苏州", "无锡")
        assert isinstance(refused, StoreBusy)
        first += await take(filters, "无锡", "南京")
        accept(store, "二", city="常州")
        clock.now += FRESH_S + 0.001
        again = await take(filters, "泰州", "苏州", "无锡", "南京")
        assert [id(one) for one in again] == [id(one) for one in first]
        accept(store, "三", city="泰州")
        clock.now += FRESH_S + 0.001
        (changed,) = await take(filters, "泰州")
        assert isinstance(changed, Document)
        assert changed.number == 3

    asyncio.run(visits())


@on_sqlite_alone
def test_what_is_kept_is_bounded_in_bytes_with_the_words_of_its_filter(store: Store) -> None:
    filters = filters_within(store, replace(STRANGERS, kept_bytes=20_000), Clock())

    async def visits() -> None:
        for n in range(12):
            (document,) = await take(filters, f"{n}{'城' * 200}")
            assert isinstance(document, Document)
        await take(filters, f"11{'城' * 200}")

    asyncio.run(visits())
    assert 2 < len(filters._kept) < 9
    assert 0 < filters._kept_bytes <= 20_000
    assert filters._kept_bytes == sum(kept.size for kept in filters._kept.values())

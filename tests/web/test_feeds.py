"""Feeds over HTTP: documents with their conditional requests and codings, and the page for people."""

import asyncio
import gzip
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import brotli
import feedparser
import orjson
import pytest
import requests
from sqlalchemy import event

from tests.builders import NOON, a_version, an_article
from tests.web.faces import BASE, a_web_face
from web.pages import STATIC
from web.public.shelf import FRESH_S, Shelf
from zonewire.articles.model import Article
from zonewire.feeds import ALL, Catalogue, Document, Format, mark_touched, publish_due
from zonewire.feeds.documents import STYLE
from zonewire.store import SECOND, Store

TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


def publish(store: Store, *articles: Article, now: int = NOON) -> None:
    with store.writing() as db:
        for article in articles:
            mark_touched(db, a_version(db, article), now=now)
    publish_due(store, base_url=BASE, window_s=0, now=now)


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with a_web_face(store, tmp_path) as url:
        yield url


def got(url: str, **headers: str) -> requests.Response:
    sent: dict[str, Any] = {"Accept-Encoding": None, **{name.replace("_", "-"): v for name, v in headers.items()}}
    return requests.get(url, headers=sent, timeout=10, allow_redirects=False)


@pytest.mark.parametrize("form", TYPES)
def test_a_document_is_served_as_it_was_published(store: Store, face: str, form: str) -> None:
    publish(store, an_article(title="一"))
    answer = got(f"{face}/feeds/city/taizhou.{form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
    assert answer.headers["Link"] == f'<{BASE}/hub>; rel="hub", <{BASE}/feeds/city/taizhou.{form}>; rel="self"'
    assert answer.headers["Last-Modified"] == "Thu, 11 Jun 2026 04:00:00 GMT"
    parsed = orjson.loads(answer.content) if form == "json" else feedparser.parse(answer.content)
    assert [entry["title"] for entry in parsed["items" if form == "json" else "entries"]] == ["一"]


@pytest.mark.parametrize("form", TYPES)
def test_the_feed_of_everything_answers_from_the_first_start(face: str, form: str) -> None:
    answer = got(f"{face}/feeds/all.{form}")
    assert answer.status_code == 200
    assert got(f"{face}/feeds/all.{form}", If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    "path", ["city/taizhou.rss", "nothing.atom", "all.xml", "all", "a/b/c.rss", "%00.rss", "all.rss%0A"]
)
def test_what_is_no_feed_is_not_found(face: str, path: str) -> None:
    answer = got(f"{face}/feeds/{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_document_is_only_to_be_read(face: str) -> None:
    answer = requests.post(f"{face}/feeds/all.rss", timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["city/泰州", "city/%E6%B3%B0%E5%B7%9E", "city/ 泰州"])
def test_a_chinese_name_leads_to_the_slug_for_good(store: Store, face: str, path: str) -> None:
    publish(store, an_article(city="泰州"))
    answer = got(f"{face}/feeds/{path}.rss")
    assert answer.status_code == 308
    assert requests.get(f"{face}/feeds/{path}.rss", timeout=10).url == f"{face}/feeds/city/taizhou.rss"


def test_head_is_get_without_a_body(store: Store, face: str) -> None:
    publish(store, an_article())
    head = requests.head(f"{face}/feeds/all.rss", headers={"Accept-Encoding": "identity"}, timeout=10)
    full = got(f"{face}/feeds/all.rss")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.content))
    assert head.headers["ETag"] == full.headers["ETag"]


def test_gzip_and_plain_are_the_same_text_under_different_strong_tags(store: Store, face: str) -> None:
    publish(store, an_article())
    plain = got(f"{face}/feeds/all.atom")
    with requests.get(
        f"{face}/feeds/all.atom", headers={"Accept-Encoding": "br;q=0.5, gzip"}, timeout=10, stream=True
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.raw.read(decode_content=False)) == plain.content
        assert answer.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == answer.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"
    assert not plain.headers["ETag"].startswith("W/")
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("form", TYPES)
def test_a_person_who_opens_a_document_gets_it_as_xml_with_a_style_sheet(store: Store, face: str, form: str) -> None:
    publish(store, an_article())
    opened, read = got(f"{face}/feeds/all.{form}", Sec_Fetch_Dest="document"), got(f"{face}/feeds/all.{form}")
    assert (opened.content, opened.headers["ETag"]) == (read.content, read.headers["ETag"])
    assert read.headers["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
    shown = f"{TYPES[form]}; charset=utf-8" if form == "json" else "application/xml; charset=utf-8"
    assert opened.headers["Content-Type"] == shown
    assert ("Content-Security-Policy" in opened.headers) is (form != "json")


def test_the_style_sheet_of_documents_is_there(face: str) -> None:
    answer = got(face + STYLE)
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "这是一个订阅源" in answer.text


def test_brotli_is_the_same_text_under_a_tag_of_its_own(store: Store, face: str) -> None:
    publish(store, an_article())
    plain, tags = got(f"{face}/feeds/all.json"), set[str]()
    for wanted in ("br", "gzip, deflate, br", "gzip;q=0.5, br;q=0.6", "*"):
        with requests.get(
            f"{face}/feeds/all.json", headers={"Accept-Encoding": wanted}, timeout=10, stream=True
        ) as answer:
            assert answer.headers["Content-Encoding"] == "br"
            assert brotli.decompress(answer.raw.read(decode_content=False)) == plain.content
            tags.add(answer.headers["ETag"])
    assert len(tags) == 1
    assert not tags & {plain.headers["ETag"], got(f"{face}/feeds/all.json", Accept_Encoding="gzip").headers["ETag"]}
    assert got(f"{face}/feeds/all.json", If_None_Match=tags.pop()).status_code == 304


def test_a_coding_that_is_refused_is_not_sent(face: str) -> None:
    for refused in ("gzip;q=0", "br;q=0", "identity", "*;q=0", "gzip;q=nonsense", "identity, gzip;q=0.5", "deflate"):
        assert "Content-Encoding" not in got(f"{face}/feeds/all.rss", Accept_Encoding=refused).headers


def test_a_known_tag_is_answered_by_304_with_what_caches_need(store: Store, face: str) -> None:
    publish(store, an_article())
    first = got(f"{face}/feeds/all.rss")
    tag = first.headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', f'"other",W/{tag} , "x"', "*"):
        again = got(f"{face}/feeds/all.rss", If_None_Match=sent)
        assert (again.status_code, again.content) == (304, b""), sent
        for name in ("ETag", "Cache-Control", "Vary", "Last-Modified"):
            assert again.headers[name] == first.headers[name]
        assert "Content-Type" not in again.headers


def test_a_tag_of_the_other_coding_is_known_too_and_answered_as_it_was_sent(store: Store, face: str) -> None:
    publish(store, an_article())
    plain = got(f"{face}/feeds/all.rss").headers["ETag"]
    again = got(f"{face}/feeds/all.rss", If_None_Match=plain, Accept_Encoding="gzip")
    assert (again.status_code, again.headers["ETag"]) == (304, plain)


def test_a_tag_overrides_a_date(store: Store, face: str) -> None:
    publish(store, an_article())
    changed = got(f"{face}/feeds/all.rss").headers["Last-Modified"]
    answer = got(f"{face}/feeds/all.rss", If_None_Match='"other"', If_Modified_Since=changed)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Thu, 11 Jun 2026 04:00:00 GMT", 304),
        ("Thu, 11 Jun 2026 12:00:00 +0800", 304),  # some clients write the date anew
        ("Fri, 12 Jun 2026 04:00:00 GMT", 304),
        ("Thu, 11 Jun 2026 03:59:59 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_a_date_alone_decides_by_the_last_change(store: Store, face: str, since: str, status: int) -> None:
    publish(store, an_article())
    assert got(f"{face}/feeds/all.rss", If_Modified_Since=since).status_code == status


def test_a_change_gives_a_new_tag_and_a_later_date(store: Store, face: str) -> None:
    publish(store, an_article())
    before = got(f"{face}/feeds/all.rss")
    publish(store, an_article(), now=NOON + 5 * SECOND)

    def changed(held: Shelf) -> Document | None:
        return asyncio.run(held.take(ALL, Format.RSS))

    after = changed(Shelf(store, base_url=BASE, catalogue=Catalogue()))
    assert after is not None
    assert f'"{after.etag}"' != before.headers["ETag"]
    assert after.changed_at / SECOND > parsedate_to_datetime(before.headers["Last-Modified"]).timestamp()


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def queries(store: Store) -> list[str]:
    seen: list[str] = []
    event.listen(store._reader, "before_cursor_execute", lambda _c, _cur, words, *_: seen.append(words))
    return seen


def test_what_was_checked_a_moment_ago_is_served_without_a_query(store: Store) -> None:
    publish(store, an_article())
    clock = Clock()
    shelf = Shelf(store, base_url=BASE, catalogue=Catalogue(), clock=clock)

    async def visits() -> None:
        first = await shelf.take(ALL, Format.RSS)
        seen = queries(store)
        clock.now += FRESH_S
        assert await shelf.take(ALL, Format.RSS) is first
        assert seen == []
        clock.now += 0.001
        assert await shelf.take(ALL, Format.RSS) is first
        assert len([words for words in seen if words.startswith("SELECT")]) == 1
        assert "body" not in " ".join(seen)

    asyncio.run(visits())


def test_a_new_document_is_served_within_a_quarter_of_a_second(store: Store) -> None:
    clock = Clock()
    shelf = Shelf(store, base_url=BASE, catalogue=Catalogue(), clock=clock)

    async def visits() -> None:
        empty = await shelf.take(ALL, Format.RSS)
        publish(store, an_article())
        assert await shelf.take(ALL, Format.RSS) is empty
        clock.now += FRESH_S + 0.001
        found = await shelf.take(ALL, Format.RSS)
        assert found is not None
        assert found.number == 1

    asyncio.run(visits())


def test_visitors_that_come_together_ask_once(store: Store) -> None:
    publish(store, an_article())
    shelf = Shelf(store, base_url=BASE, catalogue=Catalogue())
    seen = queries(store)

    async def visits() -> None:
        found = await asyncio.gather(*(shelf.take(ALL, Format.RSS) for _ in range(20)))
        assert len({id(document) for document in found}) == 1

    asyncio.run(visits())
    assert len([words for words in seen if words.startswith("SELECT")]) == 1


def test_memory_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, *(an_article(city=f"城{n}") for n in range(4)))
    monkeypatch.setattr("web.public.shelf.BUDGET_BYTES", 3_000)
    shelf = Shelf(store, base_url=BASE, catalogue=Catalogue())

    async def visits() -> None:
        for n in range(4):
            await shelf.take(f"city/cheng{n}", Format.RSS)

    asyncio.run(visits())
    assert 0 < shelf._kept_bytes <= 3_000
    assert shelf._kept_bytes == sum(len(kept.document.body) for kept in shelf._kept.values())


def test_the_front_page_leads_to_the_feeds(face: str) -> None:
    assert requests.get(face, timeout=10).url == f"{face}/feeds/"


def test_the_page_lists_every_feed_with_its_formats(store: Store, face: str) -> None:
    publish(store, an_article(city="泰州", zone="甲 & <乙>", section=()))
    page = got(f"{face}/feeds/").text
    assert "甲 &amp; &lt;乙&gt;" in page
    for name in ("all", "city/taizhou", "zone/jia-yi"):
        for form in TYPES:
            assert f'href="{BASE}/feeds/{name}.{form}"' in page
    assert '<link rel="alternate" type="application/rss+xml"' in page


@pytest.mark.parametrize(("lang", "words"), [("zh-CN", "订阅源是什么"), ("en", "What is a feed?")])
def test_the_page_says_what_a_feed_is(face: str, lang: str, words: str) -> None:
    page = got(f"{face}/feeds/?lang={lang}").text
    assert words in page
    assert f'href="{BASE}/feeds.opml"' in page


def test_every_page_leads_a_reader_to_the_feed_of_everything(face: str) -> None:
    for path in ("feeds/", "articles/a17", "manage/none", "confirm/none", "unsubscribe/none"):
        page = got(f"{face}/{path}").text
        for form, type_ in TYPES.items():
            assert f'<link rel="alternate" type="{type_}" title="' in page, path
            assert f'href="{BASE}/feeds/all.{form}"' in page, path


def test_the_page_of_a_new_installation_says_what_will_stand_there(face: str) -> None:
    assert "第一篇文章发布以后" in got(f"{face}/feeds/").text


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [
        ("", "", "zh-CN"),
        ("", "en-GB,en;q=0.8,zh;q=0.5", "en"),
        ("", "fr,zh-TW;q=0.9,en;q=0.3", "zh-CN"),
        ("", "en;q=0, zh;q=0.1", "zh-CN"),
        ("", "en;q=nonsense", "zh-CN"),
        ("?lang=en", "zh-CN", "en"),
        ("?lang=zh-CN", "en", "zh-CN"),
        ("?lang=xx", "en", "zh-CN"),
    ],
)
def test_the_page_speaks_the_readers_language(face: str, asked: str, accepted: str, lang: str) -> None:
    answer = got(f"{face}/feeds/{asked}", Accept_Language=accepted)
    assert f'<html lang="{lang}">' in answer.text
    assert answer.headers["Content-Language"] == lang
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_page_allows_and_holds_no_inline_script_or_style(store: Store, face: str) -> None:
    publish(store, an_article())
    answer = got(f"{face}/feeds/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "<script" not in answer.text
    assert "<style" not in answer.text
    assert " style=" not in answer.text


def test_the_style_sheet_is_there(face: str) -> None:
    page = got(f"{face}/feeds/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = got(face + address)
    assert answer.content == (STATIC / "zonewire.css").read_bytes()
    assert answer.headers["Content-Type"].startswith("text/css")

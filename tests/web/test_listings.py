"""OPML, the news sitemap and robots.txt, as readers and search engines fetch them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lxml import etree

from tests.builders import DAY, a_version, an_article
from tests.web.faces import BASE, a_web_face
from zonewire.feeds import mark_touched
from zonewire.store import SECOND, Store, now

NAMESPACES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with a_web_face(store, tmp_path) as url:
        yield url


def publish(store: Store, title: str, *, hours_ago: float = 1, withdrawn: bool = False, **over: object) -> None:
    with store.writing() as db:
        at = now(db) - int(hours_ago * 3600 * SECOND)
        article = an_article(title=title, guid=f"https://portal.example/{title}", published_at=at, **over)
        mark_touched(db, a_version(db, article, accepted_at=at, withdrawn=withdrawn), now=at)


def fetched(url: str) -> etree._Element:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    return etree.fromstring(answer.content)


def test_opml_lists_every_feed_under_its_kind(store: Store, face: str) -> None:
    publish(store, "开工", city="泰州", zone="港区", section=("新闻",))
    opml = fetched(f"{face}/feeds.opml")

    groups = {group.get("text"): [line.get("text") for line in group] for group in opml.iterfind("body/outline")}
    assert groups == {"全部": ["全部文章"], "开发区": ["港区"], "城市": ["泰州"], "栏目": ["新闻"]}
    lines = list(opml.iterfind("body/outline/outline"))
    assert all(line.get("type") == "rss" and line.get("title") == line.get("text") for line in lines)
    assert f"{BASE}/feeds/city/taizhou.rss" in {line.get("xmlUrl") for line in lines}


def test_opml_is_there_before_the_first_article(face: str) -> None:
    assert [line.get("xmlUrl") for line in fetched(f"{face}/feeds.opml").iter("outline")][1:] == [
        f"{BASE}/feeds/all.rss"
    ]


def test_the_sitemap_names_what_stands_of_the_last_two_days(store: Store, face: str) -> None:
    publish(store, "今天", url="https://portal.example/今天")
    publish(store, "前天", hours_ago=49)
    publish(store, "没有网址", url="")
    publish(store, "撤回", withdrawn=True)
    urls = fetched(f"{face}/news-sitemap.xml").findall("s:url", NAMESPACES)

    titles = [url.findtext("n:news/n:title", namespaces=NAMESPACES) for url in urls]
    assert set(titles) == {"今天", "没有网址"}
    addresses = {url.findtext("s:loc", namespaces=NAMESPACES) for url in urls}
    assert "https://portal.example/%E4%BB%8A%E5%A4%A9" in addresses
    assert any(str(address).startswith(f"{BASE}/articles/") for address in addresses)
    (one, _) = urls
    assert one.findtext("n:news/n:publication/n:language", namespaces=NAMESPACES) == "zh-cn"
    assert one.findtext("n:news/n:publication/n:name", namespaces=NAMESPACES) == "Zonewire"


def test_an_update_keeps_the_moment_of_first_publication(store: Store, face: str) -> None:
    publish(store, "开工", hours_ago=30)
    before = fetched(f"{face}/news-sitemap.xml").findtext(".//n:publication_date", namespaces=NAMESPACES)
    with store.writing() as db:
        updated = an_article(title="开工（更正）", guid="https://portal.example/开工", published_at=now(db))
        a_version(db, updated, accepted_at=now(db))

    again = fetched(f"{face}/news-sitemap.xml")
    assert again.findtext(".//n:title", namespaces=NAMESPACES) == "开工（更正）"
    assert again.findtext(".//n:publication_date", namespaces=NAMESPACES) == before


def test_an_article_of_an_old_date_that_came_late_is_no_news(store: Store, face: str) -> None:
    with store.writing() as db:
        a_version(db, an_article(published_at=now(db) - 30 * DAY), accepted_at=now(db))

    assert len(fetched(f"{face}/news-sitemap.xml")) == 0


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/feeds.opml", "text/x-opml"), ("/news-sitemap.xml", "application/xml"), ("/robots.txt", "text/plain")],
)
def test_what_has_not_changed_is_not_sent_again(face: str, path: str, media_type: str) -> None:
    first = requests.get(f"{face}{path}", timeout=10)
    again = requests.get(f"{face}{path}", timeout=10, headers={"If-None-Match": first.headers["ETag"]})
    head = requests.head(f"{face}{path}", timeout=10)

    assert first.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(first.content)))


def test_robots_are_told_what_is_nobodys_business(face: str) -> None:
    said = requests.get(f"{face}/robots.txt", timeout=10).text

    assert "Disallow: /manage/" in said
    assert said.endswith(f"Sitemap: {BASE}/news-sitemap.xml\n")

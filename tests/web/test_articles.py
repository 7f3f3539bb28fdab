"""The page of an article without an address of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.builders import NOON, a_version, an_article
from tests.web.faces import BASE, a_web_face
from zonewire.articles.model import Article, Enclosure, Image
from zonewire.feeds import mark_touched
from zonewire.store import Store


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with a_web_face(store, tmp_path) as url:
        yield url


def accept(store: Store, article: Article, *, withdrawn: bool = False) -> str:
    with store.writing() as db:
        version = a_version(db, article, withdrawn=withdrawn)
        mark_touched(db, version, now=NOON)
    return f"/articles/a{version.article_id}"


def got(url: str) -> requests.Response:
    return requests.get(url, timeout=10, allow_redirects=False)


def test_an_article_is_shown_with_its_text_files_and_feeds(store: Store, face: str) -> None:
    article = an_article(
        url="",
        title="甲 & <乙>",
        html='<p>正文</p><img src="https://f.example/in.png">',
        images=(Image(url="https://f.example/in.png"), Image(url="https://f.example/out.png", alt="外图")),
        enclosures=(Enclosure(url="https://f.example/%E6%8A%A5%E5%91%8A.pdf", length=2_000),),
    )
    answer = got(face + accept(store, article))
    assert answer.status_code == 200
    assert "<h1>甲 &amp; &lt;乙&gt;</h1>" in answer.text
    assert "<p>正文</p>" in answer.text
    assert answer.text.count("in.png") == 1  # in the text already
    assert answer.text.count("out.png") == 1
    assert ">报告.pdf</a>" in answer.text
    for form, kind in (("rss", "rss+xml"), ("atom", "atom+xml"), ("json", "feed+json")):
        named = (
            f'<link rel="alternate" type="application/{kind}" title="泰州 · Zonewire" href="{BASE}/feeds/city/taizhou'
        )
        assert f'{named}.{form}">' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_article_of_plain_text_is_escaped(store: Store, face: str) -> None:
    page = got(face + accept(store, an_article(url="", html="", text="<script>alert(1)</script>"))).text
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in page


def test_an_article_with_an_address_of_its_own_leads_there(store: Store, face: str) -> None:
    answer = got(face + accept(store, an_article(url="https://portal.example/新闻/1")))
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "https://portal.example/%E6%96%B0%E9%97%BB/1",
    )


def test_a_withdrawn_article_is_gone_and_nothing_of_it_is_left(store: Store, face: str) -> None:
    article = an_article(url="", title="撤下的标题", html="<p>撤下的正文</p>")
    accept(store, article)
    answer = got(face + accept(store, article, withdrawn=True))
    assert answer.status_code == 410
    assert "这篇文章已撤稿" in answer.text
    assert "撤下" not in answer.text


@pytest.mark.parametrize("shown", ["a999", "a0", "17", "ax", "a1x", "%00", "a99999999999999999999999"])
def test_what_never_was_is_not_found(face: str, shown: str) -> None:
    answer = got(f"{face}/articles/{shown}")
    assert answer.status_code == 404
    assert "没有这篇文章" in answer.text


def test_a_corrected_article_says_when(store: Store, face: str) -> None:
    article = an_article(url="")
    path = accept(store, article)
    assert "更正：" not in got(face + path).text
    accept(store, an_article(guid=article.guid, url="", title="更正后的标题"))
    page = got(face + path).text
    assert "更正：" in page
    assert "更正后的标题" in page

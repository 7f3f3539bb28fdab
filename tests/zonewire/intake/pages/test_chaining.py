"""Pages that are one article."""

import pytest

from zonewire.intake.pages import article_of, chained, goes_on_at, page_of


def a_part(n: int, *, following: str = "", text: str = "") -> str:
    link = f'<a href="{following}">下一页</a>' if following else ""
    return f"<html><body><h1>园区长文在此</h1><p>发布时间：2026-06-01</p><p>{text or f'第{n}页的正文。'}</p><p>[{n}] {link}</p></body></html>"


def test_the_pages_of_one_article_are_read_as_one() -> None:
    pages = [page_of(a_part(1, following="t_2.html")), page_of(a_part(2))]
    article = article_of(pages)
    assert (article.title, article.text) == ("园区长文在此", "第1页的正文。\n\n第2页的正文。")


@pytest.mark.parametrize(
    ("address", "goes_on"),
    [("t_2.html", True), ("show.asp?id=7&page=2", True), ("2.html", False), ("#", False), ("javascript:next()", False)],
)
def test_the_next_page_is_told_from_the_next_article(address: str, *, goes_on: bool) -> None:
    assert goes_on_at(page_of(a_part(1, following=address))) == (address if goes_on else "")


def test_pages_are_chained_by_their_addresses_too() -> None:
    saved = "<!-- saved from url=(0031)https://news.example/a/t{}.html -->"
    pages = {
        "one": page_of(saved.format("") + a_part(1, following="t_2.html")),
        "two": page_of(saved.format("_2") + a_part(2)),
    }
    assert chained(pages) == [["one", "two"]]


@pytest.mark.parametrize(
    "head",
    [
        "",
        "<h1>园区长文在此</h1>",
        "<h1>园区长文在此(2)</h1><p>发布时间：2026-06-01 来源：报</p>",
        "<div>首页 &gt; 专题 &gt; 常州 &gt; 正文</div>",
    ],
)
def test_the_next_page_may_repeat_the_head_or_begin_with_its_text(head: str) -> None:
    second = f"<html><body>{head}<p>接着写。</p><p>（来源：报）</p><p>上一条：旧闻</p></body></html>"
    article = article_of([page_of(a_part(1, following="t_2.html")), page_of(second)])
    assert (article.text, article.source) == ("第1页的正文。\n\n接着写。", "报")


def test_pages_in_a_ring_are_chained_once() -> None:
    pages = {
        name: page_of(a_part(1, following=next_))
        for name, next_ in (("a_1.html", "a_2.html"), ("a_2.html", "a_1.html"))
    }
    assert sorted(name for chain in chained(pages) for name in chain) == sorted(pages)

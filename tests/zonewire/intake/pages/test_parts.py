"""Decoding, labels, furniture, chains: each by a table of cases."""

import pytest

from zonewire.errors import NotAnArticle
from zonewire.intake.pages import article_of, chained, decoded, goes_on_at, page_of
from zonewire.intake.pages.furniture import is_foot, is_furniture, tail_of
from zonewire.intake.pages.labels import Label, begins_with_label, labels_of
from zonewire.intake.pages.page import Block

TEXT = "泰州港经济开发区，六月六日。"


@pytest.mark.parametrize(
    "whole",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("gb18030"),
        b'<meta charset="utf-8">' + TEXT.encode("gb18030"),
        b'<meta charset="gb2312">' + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("gb18030") * 100 + b"\xcb",
    ],
)
def test_characters_are_read_whatever_a_page_declares(whole: bytes) -> None:
    assert TEXT in decoded(whole)


def test_what_is_neither_encoding_is_refused() -> None:
    with pytest.raises(NotAnArticle, match="neither UTF-8 nor GB 18030"):
        decoded(b"\xff\x00" * 50)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("发布时间：2026-06-06 来源：办公室", {Label.DATE: "2026-06-06", Label.SOURCE: "办公室"}),
        ("来　源: 办公室 | 作 者: 张三", {Label.SOURCE: "办公室", Label.AUTHOR: "张三"}),
        ("日期：２０２６年６月６日 10时05分", {Label.DATE: "2026年6月6日 10时05分"}),
        ("2026-06-06 来源：办公室", {Label.DATE: "2026-06-06", Label.SOURCE: "办公室"}),
        ("发布时间 2026.6.6", {Label.DATE: "2026.6.6"}),
        ("信息来源：投促局所属开发区：临港开发区", {Label.SOURCE: "投促局", Label.ZONE: "临港开发区"}),
        ("来源：办公室【打印】【关闭】", {Label.SOURCE: "办公室"}),
        ("发布时间：来源：", {}),
    ],
)
def test_labels_are_read_in_whatever_words_and_order(line: str, expected: dict[Label, str]) -> None:
    assert labels_of([line]) == expected


@pytest.mark.parametrize(
    ("line", "is_label"),
    [
        ("发布时间：2026-06-06", True),
        ("2026-06-06 来源：办公室", True),
        ("时间：6月8日上午九点", False),
        ("来源于外地的毕业生可领补贴。", False),
        ("联系方式：0000", False),
    ],
)
def test_a_line_of_labels_is_told_from_a_line_of_text(line: str, *, is_label: bool) -> None:
    assert begins_with_label(line) is is_label


@pytest.mark.parametrize(
    "line",
    ["上一条：园区", "下一篇: 没有了", "【上一条】园区", "与我们联系", "相关阅读：", "Copyright © 2026", "版权所有"],
)
def test_the_foot_is_known(line: str) -> None:
    assert is_foot(Block(text=line))


@pytest.mark.parametrize(
    "line",
    ["联系方式：0000", "相关新闻引起关注。", "下一步，园区将扩建。", "上一年度产值三百亿元。", "主办方说，明年再来。"],
)
def test_text_is_no_foot(line: str) -> None:
    assert not is_foot(Block(text=line))


@pytest.mark.parametrize(
    "line",
    [
        "分享到：微信 微博 QQ空间",
        "【字体：大 中 小】【打印】【关闭】",
        "[1] [2] 下一页",
        "浏览次数：128",
        "扫一扫在手机打开当前页",
    ],
)
def test_buttons_counters_and_page_numbers_are_dropped(line: str) -> None:
    assert is_furniture(Block(text=line))


@pytest.mark.parametrize(
    "line", ["打印机产业园开工", "大家好，欢迎。", "1号楼", "2026", "阅读", "三家企业当场签约"][:4]
)
def test_text_is_no_furniture(line: str) -> None:
    assert not is_furniture(Block(text=line))


@pytest.mark.parametrize(
    ("line", "said"), [("（来源：日报）", "来源：日报"), ("责任编辑：李四", "责任编辑：李四"), ("来源地是泰州。", "")]
)
def test_labels_below_an_article_are_known(line: str, said: str) -> None:
    assert tail_of(Block(text=line)) == said


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

"""Titles and texts as plain text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.intake.plaintext import html_of, is_clean, paragraphs_of, title_text, without_controls


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("<b>泰州</b>港 <i class='x'>开工</i>", "泰州港 开工"),
        ("A &amp; B", "A & B"),
        ("A &amp;amp; B", "A &amp; B"),
        ("&lt;b&gt;不是标签&lt;/b&gt;", "<b>不是标签</b>"),
        ("5 < 6 且 7 > 3", "5 < 6 且 7 > 3"),
        ("我 <3 泰州", "我 <3 泰州"),
        ("一<br/>二<!-- 注 -->三", "一二三"),
        ("一\r\n二\t三\u3000", "一 二 三"),
        ("退格\x08与\x1e记录\ufffe", "退格与记录"),
        ("&#8;&#x1e;零", "零"),
    ],
)
def test_a_title_is_plain_text(markup: str, plain: str) -> None:
    assert title_text(markup) == plain


@given(st.text())
def test_a_title_is_one_line_without_controls(markup: str) -> None:
    title = title_text(markup)
    assert is_clean(title)
    assert title == title.strip()


def test_tabs_and_line_ends_stay_in_texts_and_other_controls_go() -> None:
    assert without_controls("一\t二\r\n三\r四\x0b\x00\x7f\ud800") == "一\t二\n三\n四"


def test_paragraphs_are_parted_by_blank_lines_else_by_lines() -> None:
    assert paragraphs_of("　　一\n续\n \n二\n\n\n三") == ["一\n续", "二", "三"]
    assert paragraphs_of("一\n二") == ["一", "二"]
    assert paragraphs_of(" \n ") == []


def test_text_becomes_html_with_nothing_in_it_interpreted() -> None:
    assert html_of(["<script>1 & 2", "一\n二"]) == "<p>&lt;script&gt;1 &amp; 2</p><p>一<br>二</p>"


@pytest.mark.parametrize("piece", ["<a", "<a a='", '<a a="', "<a a a ", "<!--", "&#", "&", "\n \n", " \n"])
def test_a_megabyte_of_anything_is_read_in_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.monotonic()
    title_text(text)
    paragraphs_of(text)
    assert time.monotonic() - began < 5

"""HTML as lines: what breaks them, what is in them, and what is dropped."""

import pytest

from zonewire.intake.pages.markup import looks_like_markup, markup_page
from zonewire.intake.pages.page import Kind


def lines(markup: str) -> list[str]:
    return [block.text for block in markup_page(f"<html><body>{markup}").blocks]


@pytest.mark.parametrize(
    "markup",
    [
        "<p>甲<p>乙",
        "甲<br>乙",
        "<div>甲</div>乙",
        "<table><tr><td>甲</td><td>乙</td></tr></table>",
        "<p>&nbsp;　甲&#12288;</p><p>\u200b</p><p>乙</p>",
        "<pre>甲\n\n  乙</pre>",
        "<div style='white-space: pre-wrap'>甲\n乙</div>",
        "<p>甲<!-- 丙 --><script>丙</script><o:p></o:p></p><p style='display:none'>丙</p><ul><li>乙</ul>",
        "<b>甲<br>乙</b>",
    ],
)
def test_lines_are_parted_as_a_reader_sees_them(markup: str) -> None:
    assert lines(markup) == ["甲", "乙"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>园区<font>建成</font><span>30</span>天</p>", "园区建成30天"),
        ("<p>园区\n  建成</p>", "园区建成"),
        ("<p>Open\n  now</p>", "Open now"),
        ("<P>甲<SPAN>乙</P>", "甲乙"),
    ],
)
def test_a_line_is_put_together(markup: str, text: str) -> None:
    assert lines(markup) == [text]


@pytest.mark.parametrize(
    ("picture", "address"),
    [
        ("<img src='/a.jpg'>", "/a.jpg"),
        ("<img src='grey.gif' data-original='/a.jpg'>", "/a.jpg"),
        ("<img src='data:image/gif;base64,AA' data-src='/newmedia/uploading/a.jpg'>", "/newmedia/uploading/a.jpg"),
        ("<img srcset='/a.jpg 1x, /b.jpg 2x'>", "/a.jpg"),
        ("<img src='/a.jpg' width=16>", ""),
        ("<img src='images/spacer.gif'>", ""),
        ("<img src='/images/qrcode.png'>", ""),
        ("<img src='/fileTypeImages/icon_pdf.gif'>", ""),
    ],
)
def test_a_picture_is_found_and_a_sign_is_none(picture: str, address: str) -> None:
    found = [one.address for block in markup_page(f"<html><p>{picture}</p>").blocks for one in block.pictures]
    assert found == ([address] if address else [])


@pytest.mark.parametrize(
    "link",
    [
        "href='/a.pdf'>附件",
        "href='/down?id=1' title='表.doc'>附件",
        "href='/down?id=1'>申请表.xls",
        "href='/A.PDF?x'>附件",
    ],
)
def test_a_file_is_known_by_its_address_its_title_or_its_name(link: str) -> None:
    assert [len(block.files) for block in markup_page(f"<html><p><a {link}</a></p>").blocks] == [1]


@pytest.mark.parametrize(
    ("table", "is_data"),
    [
        ("<tr><th>指标<th>数值<tr><td>产值<td>312", True),
        ("<tr><th>来源<th>数量<tr><td>本地<td>31", True),
        ("<tr><td>发布日期<td>2026-06-06<tr><td>信息来源<td>办公室", False),
        ("<tr><td>来源：<td>办公室<tr><td>作者：<td>张三", False),
        ("<tr><td>正文<tr><td>正文", False),
        ("<tr><td><img src=a.jpg><td>甲<tr><td>乙<td>丙", False),
    ],
)
def test_a_table_of_data_is_told_from_layout(table: str, *, is_data: bool) -> None:
    kinds = {block.kind for block in markup_page(f"<html><table>{table}</table>").blocks}
    assert (Kind.TABLE in kinds) is is_data


def test_a_wrapper_named_for_its_position_is_no_breadcrumb() -> None:
    assert lines("<div class='position-relative path'><p>" + "字" * 200 + "</p><p>乙</p></div>")[1:] == ["乙"]


@pytest.mark.parametrize(
    ("text", "is_markup"), [("<P>甲", True), ("甲 < 乙\n产值>3", False), ("<!DOCTYPE html>", True)]
)
def test_markup_is_told_from_text(text: str, *, is_markup: bool) -> None:
    assert looks_like_markup(text) is is_markup

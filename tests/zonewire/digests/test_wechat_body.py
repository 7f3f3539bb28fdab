"""The HTML of an article as WeChat keeps it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as markup

from tests.simulators.wechat_html import faults
from zonewire.digests.wechat.body import body_of
from zonewire.digests.wechat.figures import with_pictures
from zonewire.digests.wechat.reading import Text, read
from zonewire.intake.sanitise import sanitise

ACCENT = "#0B6B5B"
OWN = "https://portal.example/news/1"
TAGS = re.findall(
    r"\w+",
    "p div a b em u s sup q ul ol li table tr td th thead caption blockquote pre h1 h3 h6 hr br img figure figcaption "
    "dl dt dd ruby rt section code span font script style",
)
ATTRIBUTES = (
    ' href="https://x.example/a"',
    ' href="https://mp.weixin.qq.com/s/abc"',
    ' href="javascript:alert(1)"',
    ' src="https://p.example/a.png" alt="图<片>"',
    ' colspan="3" rowspan="x"',
    ' start="4"',
    ' style="position:fixed" class="x" onclick="y()"',
    "",
)
PIECES = st.one_of(
    st.builds(lambda tag, more: f"<{tag}{more}>", st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES)),
    st.sampled_from(TAGS).map(lambda tag: f"</{tag}>"),
    st.text(max_size=12),
    st.sampled_from(["泰州，", " \n\t", "\u3000\u3000", "&nbsp;", "&#60;b&#62;", "“", "<", "m<sup>2</sup>"]),
)


def text_of(html: str, **over: bool) -> Text:
    return read(sanitise(html, base=OWN), own=OWN, accent=ACCENT, **({"is_chinese": True} | over))


def body(html: str, **over: bool) -> str:
    return body_of(text_of(html, **over).lines, ACCENT)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_the_door_lets_in_wechat_keeps(html: str) -> None:
    text = text_of(html)
    for end in range(len(text.lines) + 1):
        said = f"<section><p>1</p>{body_of(text.lines[:end], ACCENT)}</section>"
        assert faults(said, images="anywhere") == []
        assert faults(with_pictures(said, {})) == []


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), min_size=1, max_size=9))
def test_no_word_is_lost(words: list[str]) -> None:
    tags = ("p", "li", "div", "blockquote", "h2", "pre", "td", "b")
    html = "".join(f"<{tags[n % 8]}>{word}</{tags[n % 8]}>" for n, word in enumerate(words))
    assert "".join(str(markup.fromstring(f"<div>{body(html)}</div>").xpath("string()")).split()) == "".join(words)


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>一<b>二</b><i>三</i></p>", '<p style="margin:16px 0 0">一<strong>二三</strong></p>'),
        ("<p>　　一<br>　　二</p>", '<p style="margin:16px 0 0">一</p>\n<p style="margin:16px 0 0">二</p>'),
        ("<div>一<br><br>二<br>三</div>", '<p style="margin:16px 0 0">一</p>\n<p style="margin:16px 0 0">二<br>三</p>'),
        ("<p>价<s>一</s>二元</p><p> &nbsp; </p>", '<p style="margin:16px 0 0">价二元</p>'),
    ],
)
def test_paragraphs_are_set_plainly(html: str, kept: str) -> None:
    assert body(html) == kept


def test_links_become_numbers_and_each_address_has_one() -> None:
    html = (
        '<a href="/a">甲</a>、<a href="https://b.example/">乙</a>、<a href="/a">丙</a>、<a href="mailto:x@y.z">丁</a>'
    )
    text = text_of(html)

    assert [(note.number, note.text, note.url) for note in text.notes] == [
        (1, "甲", "https://portal.example/a"),
        (2, "乙", "https://b.example/"),
    ]
    assert [body(html).count(f">[{n}]<") for n in (1, 2, 3)] == [2, 1, 0]
    assert "<a" not in body(html)


@pytest.mark.parametrize(
    "html", [f'<p><a href="{OWN}">原文</a></p>', '<p><a href="https://b.example">b.example</a></p>']
)
def test_an_address_that_is_told_anyway_gets_no_number(html: str) -> None:
    assert text_of(html).notes == ()


def test_a_link_to_an_article_of_an_account_stays() -> None:
    assert '<a href="https://mp.weixin.qq.com/s/abc">看</a>' in body(
        '<p><a href="https://mp.weixin.qq.com/s/abc">看</a></p>'
    )


def test_a_picture_stands_apart_with_its_caption() -> None:
    figure = '<figure><img src="/a.png" alt="旁白"><figcaption>签约<b>现场</b></figcaption></figure>'
    said = body(f"<p>前{figure}后</p>")

    assert said.count("签约现场") == 2, "as alt and as caption"
    assert "旁白" not in said
    assert said.index(">前<") < said.index("<img") < said.index(">后<")


@pytest.mark.parametrize("picture", ['src="/a.svg"', 'src="/icon.png" width="16"', f'src="/{"a" * 900}.png"'])
def test_what_is_no_picture_for_an_article_is_left_out(picture: str) -> None:
    assert "<img" not in body(f"<p>一<img {picture}></p>")


def test_a_list_keeps_its_numbers_and_what_stands_below_an_item() -> None:
    assert '<li style="margin:6px 0 0">一<br>– 甲<br>– 乙</li>' in body("<ol><li>一<ul><li>甲<li>乙</ul><li>二</ol>")
    assert ">3. 三</p>" in body('<ol start="3"><li>三</li></ol>')


@pytest.mark.parametrize(("columns", "width"), [(2, "100%"), (4, "100%"), (5, "440px"), (12, "1056px")])
def test_a_wide_table_can_be_moved(columns: int, width: str) -> None:
    said = body(f"<table><tr>{'<th>项</th>' * columns}</tr><tr>{'<td>1</td>' * (columns - 1)}<td></td></tr></table>")
    assert f'overflow:auto">\n<table style="width:{width};' in said
    assert said.count("<td") == columns


@pytest.mark.parametrize("table", ["<table><tr><td>一</td></tr></table>", f"<table><tr><td>一<td>{'长' * 400}</table>"])
def test_a_table_that_only_lays_out_is_read_as_text(table: str) -> None:
    assert "<table" not in body(table)


def test_preformatted_text_keeps_its_lines() -> None:
    assert "甲<br>&nbsp; 乙</p>" in body("<pre>甲\n  乙\n</pre>")


def test_what_is_raised_stays_so_and_english_may_slant() -> None:
    assert 'm<span style="font-size:12px;line-height:1;vertical-align:super">2</span>' in body("<p>m<sup>2</sup></p>")
    assert "<em>so</em>" in body("<p><i>so</i></p>", is_chinese=False)


def test_what_is_nested_deep_is_read_all_the_same() -> None:
    assert "深" in body("<div>" * 390 + "深" + "</div>" * 390)

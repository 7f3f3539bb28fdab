"""Texts cut to a width."""

import re
from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from zonewire.articles.shortening import COLUMNS, LEAST_KEPT, columns, one_line, shorten

SEEN_AS_ONE = ("👨‍👩‍👧", "🇨🇳", "👍🏽", "1️⃣", "❤️", "e\u0301", "\u1100\u1161\u11a8", "\u0915\u094d\u0937\u093f")
HEAD = "一二号项目在泰州港经济开发区开工总投资"  # 19 characters

pieces = st.sampled_from(
    [
        *"泰州港开发区，。《》“”（）、；： \n…e.-'",
        "1,234.5亿元",
        "3.5%",
        "2026年",
        "十二亿元",
        "investment",
        "U.S.",
        *SEEN_AS_ONE,
    ]
)
texts = st.lists(pieces, max_size=80).map("".join) | st.text(max_size=200)
rooms = st.integers(1, 60)
heads = st.text("泰州港", min_size=LEAST_KEPT, max_size=40)
numbers = st.from_regex(r"[1-9][0-9]{0,2}(,[0-9]{3}){0,2}(\.[0-9])?", fullmatch=True)
units = st.sampled_from(["亿元", "%", "年", "万平方米", "个百分点", " million yuan"])


def kept(shortened: str) -> str:
    """What *shortened* has of the text."""
    return shortened.removesuffix("…")


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("泰州港开发区", 6, "泰州港开发区"),
        ("泰州港开发区", 5, "泰州港开…"),
        ("Ten thousand square metres", 13, "Ten thousand square metres"),
        ("Ten thousand square metres", 12, "Ten thousand square…"),
        ("Ten thousand square metres", 7, "Ten thousand…"),
        (f"{HEAD}1,234.5亿元，明年投产", 23, f"{HEAD}…"),
        (f"{HEAD}1,234.5亿元，明年投产", 26, f"{HEAD}1,234.5亿元…"),
        (f"{HEAD}十二亿元，明年投产", 23, f"{HEAD}…"),
        (f"{HEAD}增长3.5%，明年投产", 23, f"{HEAD}增长…"),
        (f"{HEAD}2026年6月5日投产", 24, f"{HEAD}…"),
        (f"{HEAD}第3号地块上有厂房", 21, f"{HEAD}…"),
        ("The zone will pay RMB 3.5 billion yuan for it", 17, "The zone will pay…"),
        ("The zone opens on the evening of June 15, 2026", 18, "The zone opens on the evening of…"),
        (f"{HEAD}《产业发展规划》的通知", 25, f"{HEAD}…"),
        (f"{HEAD}“绿色工厂”的通知", 23, f"{HEAD}…"),
        (f"{HEAD}（二期工程）的通知", 23, f"{HEAD}…"),
        (
            "关于印发《泰州港经济开发区新能源汽车零部件产业发展规划》的通知",
            20,
            "关于印发《泰州港经济开发区新能源汽车零…",
        ),
        (f"{HEAD}，明年投产", 21, f"{HEAD}…"),
        (f"{HEAD}。明年投产", 21, f"{HEAD}…"),
        ("项目（一期工程）", 4, "项目…"),
        ("A" * 70, 30, "A" * 59 + "…"),
        ("1" * 70, 30, "1" * 59 + "…"),
        ("一行\n两行\t三行", 10, "一行 两行 三行"),
        ("", 5, ""),
        ("泰州", 1, "…"),
    ],
)
def test_a_text_is_cut_where_an_editor_would_cut_it(text: str, most: int, expected: str) -> None:
    assert shorten(text, most) == expected


@pytest.mark.parametrize("cluster", SEEN_AS_ONE)
def test_what_is_seen_as_one_is_never_cut_apart(cluster: str) -> None:
    for most in range(1, 20):
        left = kept(shorten(cluster * 40, most))
        assert left == cluster * (len(left) // len(cluster))


def test_marks_without_end_are_not_cut_apart_either() -> None:
    assert shorten("泰州e" + "\u0301" * 100_000, 10) == "泰州…"


@given(texts, rooms)
def test_it_is_never_wider_than_asked_for(text: str, most: int) -> None:
    assert columns(shorten(text, most)) <= most * COLUMNS


@given(st.text("泰州ａA1“”…—，。《》é ", max_size=100), rooms)
def test_widths_are_those_of_uax_11(text: str, most: int) -> None:
    wide = "WFA" if any(east_asian_width(one) in "WF" for one in text) else "WF"
    shortened = shorten(text, most)

    assert sum(2 if east_asian_width(one) in wide else 1 for one in shortened) <= most * COLUMNS


@given(texts, rooms)
def test_what_is_left_is_the_beginning_of_the_text(text: str, most: int) -> None:
    line, shortened = one_line(text), shorten(text, most)

    assert shortened == line or (shortened.endswith("…") and line.startswith(shortened[:-1]))


@given(texts, rooms)
def test_no_grapheme_cluster_is_parted(text: str, most: int) -> None:
    line = one_line(text)
    ends, at = {0}, 0
    for cluster in iter_graphemes(line):
        at += len(cluster)
        ends.add(at)

    shortened = shorten(text, most)
    assert shortened == line or len(shortened) - 1 in ends


@given(texts, rooms)
def test_what_fits_stays_and_what_was_cut_is_not_cut_again(text: str, most: int) -> None:
    shortened = shorten(text, most)

    assert shorten(shortened, most) == shortened
    assert shortened == one_line(text) or columns(one_line(text)) > most * COLUMNS


@given(heads, numbers, units, st.integers(16, 50))
def test_a_number_stays_whole_with_its_unit(head: str, number: str, unit: str, most: int) -> None:
    left = kept(shorten(f"{head}{number}{unit}{'港' * 60}", most))

    assert number + unit in left or not re.search(r"[\d,.%]", left)


@given(
    st.text("泰州港", min_size=25, max_size=40),
    st.text("规划", min_size=1, max_size=40),
    st.sampled_from(["《》", "“”", "（）"]),
)
def test_a_title_or_quotation_in_the_second_half_is_kept_whole_or_left_out(head: str, title: str, pair: str) -> None:
    left = kept(shorten(f"{head}{pair[0]}{title}{pair[1]}{'港' * 60}", 50))

    assert left.count(pair[0]) == left.count(pair[1])


@given(texts, st.integers(LEAST_KEPT + 1, 60))
def test_at_least_fourteen_characters_are_left(text: str, most: int) -> None:
    shortened = shorten(f"{text}{'港' * 80}", most)

    assert len(list(iter_graphemes(kept(shortened)))) >= LEAST_KEPT

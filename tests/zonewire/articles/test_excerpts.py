"""What stands under a title, of Chinese and of English texts."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import an_article
from zonewire.articles.excerpts import MOST, excerpt
from zonewire.articles.shortening import COLUMNS, columns

LONG = "园区已有两百多家企业，今年上半年又有三十家企业入驻，其中十二家从事新能源汽车零部件的研发和生产，"


def excerpt_of(text: str, *, title: str = "一号项目", summary: str = "", most: int = MOST) -> str:
    return excerpt(an_article(title=title, summary=summary, text=text), most=most)


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("一号项目", "这是一段足够长的摘要，说清楚了谁做了什么事情。"),
        ("一号项目", "一段没有句号但是足够长的摘要 说清楚了谁做了什么"),
        ("一号项目开工", "一号项目开工建设，总投资十二亿元，明年投产。"),
    ],
)
def test_the_senders_summary_stands(title: str, summary: str) -> None:
    assert excerpt_of("正文的第一句话。", title=title, summary=summary) == summary
    assert excerpt_of("正文的第一句话。", title=title, summary=summary.replace(" ", "\n")) == summary


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("一号项目", ""),
        ("一号项目", "太短的摘要。"),
        ("一号项目在泰州港经济开发区正式开工建设预计明年投产", "一号项目在泰州港经济开发区正式开工建设预计…"),
        ("一号项目开工", "一号项目开工。项目总投资十二亿元，明年投产。"),
    ],
)
def test_a_summary_that_says_no_more_than_the_title_gives_way_to_the_text(title: str, summary: str) -> None:
    assert excerpt_of("正文的第一句话。", title=title, summary=summary) == "正文的第一句话。"


def test_a_summary_that_is_too_long_ends_with_a_sentence() -> None:
    assert excerpt_of("", summary=f"{LONG[:-1]}。{LONG * 3}") == f"{LONG[:-1]}。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("一号项目。", ""),
        ("预计明年投产。", "预计明年投产。"),
        ("小标题\n\n第一段说了一件很长很长很长很长的事情。\n\n第二段。", "第一段说了一件很长很长很长很长的事情。"),
        ("一号项目\n\n（记者 李明）\n\n本报记者 李明报道。\n\n6月5日，项目开工。", "6月5日，项目开工。"),
        ("记者李明走访了一号项目。", "记者李明走访了一号项目。"),
        ("只有小标题\n\n另一个小标题", "只有小标题"),
        ("By Li Ming and Wang Fang\n\nWork began on Monday.", "Work began on Monday."),
        ("By 2027 the park will be full.", "By 2027 the park will be full."),
    ],
)
def test_headings_and_bylines_are_passed_over(text: str, expected: str) -> None:
    assert excerpt_of(text) == expected


@pytest.mark.parametrize(
    "dateline",
    [
        "本报讯（记者 李明）",
        "本报讯 ",
        "本报讯",
        "泰州日报讯（记者 李明 通讯员 王芳）",
        "新华社南京6月5日电（记者王芳、李明）",
        "新华社南京6月5日电 ",
        "中新网泰州6月5日电 （王芳）",
        "【泰州6月5日讯】",
        "央视网消息（记者 李明）：",
        "（通讯员 王芳）",
        "本报记者 李明 报道：",
        "本报讯 记者李明、王芳报道：",
    ],
)
@pytest.mark.parametrize("first", ["6月5日，一号项目在泰州港开工。", "一号项目昨天在泰州港开工。"])
def test_a_dateline_goes_and_the_date_of_the_news_stays(dateline: str, first: str) -> None:
    assert excerpt_of(dateline + first) == first


@pytest.mark.parametrize(
    "dateline",
    [
        "NANJING, June 5 (Xinhua) -- ",
        "TAIZHOU, Jiangsu, June 5 (Xinhua) — ",
        "Nanjing, Sept. 5, 2026 – ",
        "(Example Daily) - ",
        "TAIZHOU, China — ",
    ],
)
def test_an_english_dateline_goes(dateline: str) -> None:
    assert excerpt_of(f"{dateline}Work began on Monday.") == "Work began on Monday."


@pytest.mark.parametrize(
    "text",
    [
        "本报电子版今天改版。",
        "通讯设备产业园今天开工。",
        "据新华社消息，园区开工。",
        "6月5日消息，园区开工。",
        "记者：请问园区何时开工？",
        "GDP — the sum of what is made — grew.",
        "The Park (TPZ) - a new zone - opened.",
        "On June 5, work began.",
    ],
)
def test_what_only_looks_like_a_dateline_stays(text: str) -> None:
    assert excerpt_of(text) == text


def test_whole_sentences_are_taken_while_there_is_room() -> None:
    first, second = f"{LONG[:-1]}。", "预计明年六月投产。"

    assert excerpt_of(first + second + LONG) == first + second
    assert excerpt_of(f"Work began on 5.5 hectares of land. It ends in 2027. {'More ' * 60}.") == (
        "Work began on 5.5 hectares of land. It ends in 2027."
    )


def test_english_has_twice_as_many_letters() -> None:
    sentence = f"Here {'word ' * 45}end."

    assert len(sentence) == 234
    assert excerpt_of(f"{sentence} {sentence}") == sentence


def test_no_sentence_ends_inside_a_quotation_or_brackets() -> None:
    spoken = f"负责人李明说：“{LONG[:-1]}。明年还会更多。”"

    assert excerpt_of(f"{spoken}他说完就走了。{LONG * 3}") == f"{spoken}他说完就走了。"
    assert excerpt_of(spoken, most=70) == spoken
    assert excerpt_of(f"{spoken}他说完就走了。", most=60).endswith("…")


def test_a_sentence_that_is_too_long_ends_at_a_semicolon_at_last() -> None:
    assert excerpt_of(f"{LONG[:-1]}；{LONG[:-1]}；{LONG * 3}。") == f"{LONG[:-1]}；{LONG[:-1]}…"
    assert excerpt_of(f"{LONG * 3}。").endswith("…")
    assert excerpt_of(f"{'港' * 20}；{'港' * 20}。", most=20) == f"{'港' * 19}…"


@given(
    st.lists(
        st.sampled_from(
            ["本报讯", "一号项目", LONG, "“", "”", "。", "；", "\n\n", "Work began. ", "U.S. ", "5.5", "👨‍👩‍👧"]
        )
    ),
    st.integers(20, 200),
)
def test_an_excerpt_is_never_wider_than_asked_for(parts: list[str], most: int) -> None:
    said = excerpt_of("".join(parts), most=most)

    assert columns(said) <= most * COLUMNS
    assert "\n" not in said


@pytest.mark.parametrize(
    "part", ["没有句号，", "no full stop ", "“好。", "小标题\n\n", "（", "A.", "e\u0301", " ", "1"]
)
def test_of_a_long_text_only_the_beginning_is_looked_at(part: str) -> None:
    article = an_article(summary="", text=part * (2**20 // len(part)))

    began = perf_counter()
    excerpt(article)

    assert perf_counter() - began < 0.2  # it takes 0.005; reading all of it took seconds

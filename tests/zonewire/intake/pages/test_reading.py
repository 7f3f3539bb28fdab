"""Portal pages as text."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zonewire.intake.page_texts import META, PARAGRAPHS, TITLE, a_page
from zonewire import ROOT
from zonewire.errors import InvalidInput
from zonewire.intake import read_page
from zonewire.intake.moments import read_moment


def test_a_page_is_read_with_everything_that_it_says() -> None:
    article = read_page(a_page())
    assert article.title == TITLE
    assert article.published_at == read_moment("2026-06-04")
    assert article.source == "锡北镇党政办公室"
    assert article.zone == "无锡锡北经济开发区"
    assert (article.section, article.city) == (("开发区新闻", "文字新闻"), "无锡")
    assert article.text == "\n\n".join(PARAGRAPHS)
    assert article.html == "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    assert (article.url, article.author, article.language) == ("", "", "zh-CN")


@pytest.mark.parametrize(
    "part", ["首页", "上一条", "消防演练", "下一条", "与我们联系", "0510", "Copyright", "版权", "平台"]
)
def test_breadcrumb_neighbours_contact_and_copyright_are_left_out(part: str) -> None:
    article = read_page(a_page())
    assert part not in article.text
    assert part not in article.title


@pytest.mark.parametrize(
    ("crumbs", "section", "city"),
    [
        ("首页 > 开发区新闻 > 泰州 > 文字新闻", ("开发区新闻", "文字新闻"), "泰州"),
        ("当前位置：首页＞开发区新闻＞泰州＞图片新闻＞正文", ("开发区新闻", "图片新闻"), "泰州"),
        ("首页 > 招商引资 > 苏州 > 项目对接", ("招商引资", "项目对接"), "苏州"),
        ("首页 > 开发区新闻 > 文字新闻", ("开发区新闻", "文字新闻"), ""),
        ("首页 > 开发区新闻 > 南通", ("开发区新闻",), "南通"),
        ("首页 > 开发区新闻", ("开发区新闻",), ""),
    ],
)
def test_section_and_city_come_from_the_breadcrumb(crumbs: str, section: tuple[str, ...], city: str) -> None:
    article = read_page(a_page(crumbs=crumbs))
    assert (article.section, article.city) == (section, city)


@pytest.mark.parametrize(
    ("meta", "moment"),
    [
        ("发布时间：2026年6月4日 来源：办公室", "2026-06-04"),
        ("发布日期:2026/06/04 09:30 来源:办公室", "2026-06-04T09:30"),
        ("来源:办公室\n发布时间:2026-6-4 9:30:05\n作者:张三 浏览次数:12", "2026-06-04T09:30:05"),
    ],
)
def test_dates_and_labels_are_read_in_the_forms_that_portals_use(meta: str, moment: str) -> None:
    article = read_page(a_page(meta=meta))
    assert (article.title, article.published_at, article.source) == (TITLE, read_moment(moment), "办公室")
    assert article.text.startswith(PARAGRAPHS[0])


@pytest.mark.parametrize("last", [TITLE, TITLE[:8] + "…", TITLE[:8] + "..."])
def test_a_last_crumb_that_is_the_title_is_none_and_a_city_that_begins_it_is_one(last: str) -> None:
    article = read_page(a_page(crumbs=f"首页 > 开发区新闻 > 锡北 > 文字新闻 > {last}"))
    assert (article.section, article.city) == (("开发区新闻", "文字新闻"), "锡北")


def test_a_page_without_a_breadcrumb_has_its_title_above_the_date() -> None:
    article = read_page(a_page(crumbs="网站导航 登录"))
    assert (article.title, article.section, article.city) == (TITLE, (), "")


def test_a_page_that_lacks_its_date_is_of_the_moment_at_which_it_is_taken() -> None:
    article = read_page(a_page(meta="发布时间: 来源:办公室"))
    assert (article.published_at, article.source) == (0, "办公室")


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("", ""),
        ("请登录\n用户名\n密码", ""),
        (a_page(meta="电话:0510-00000000"), ""),
        (a_page(paragraphs=()), "text"),
        (META + "\n一段", "title"),
        (a_page(meta="发布时间:2026-02-31"), "published_at"),
    ],
)
def test_what_holds_no_article_says_what_is_lacking(page: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_page(page)
    assert caught.value.errors[0].field == field


def test_an_address_is_the_guid_of_its_page_unless_another_is_given() -> None:
    url = "https://portal.example/17.html"
    assert (read_page(a_page(), url=url).guid, read_page(a_page(), url=url).url) == (url, url)
    assert read_page(a_page(), url=url, guid="17").guid == "17"
    with pytest.raises(InvalidInput, match="url"):
        read_page(a_page(), url="portal.example")


def test_a_page_without_an_address_gets_the_same_guid_each_time() -> None:
    guid = read_page(a_page()).guid
    assert read_page(a_page(paragraphs=("改了。",))).guid == guid
    others = {
        read_page(a_page(title="别的")).guid,
        read_page(a_page(meta=META.replace("06-04", "06-05"))).guid,
        read_page(a_page(meta=META.replace("锡北镇党政办公室", "别处"))).guid,
        read_page(a_page(meta=META.replace("无锡锡北经济开发区", "别区"))).guid,
    }
    assert len(others) == 4
    assert guid not in others


@given(st.text(alphabet="首页 >:：发布时间来源2026-06 年月日\n上一条字", max_size=300))
def test_any_text_is_an_article_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        article = read_page(text)
        assert article.title
        assert article.text


def test_the_real_page_beside_the_checkout_is_read() -> None:
    page = Path(ROOT).parent / "shared" / "samples" / "portal-page.txt"
    if not page.is_file():
        pytest.skip(f"there is no {page.name} beside this checkout")
    article = read_page(page.read_text())
    assert (article.city, article.section) == ("泰州", ("开发区新闻", "文字新闻"))
    assert (article.zone, article.published_at) == ("江苏泰州港经济开发区", read_moment("2022-06-06"))
    assert article.title.startswith("医药高新区(高港区)")
    assert article.title.endswith("论坛")
    assert article.text.startswith("5月31日")
    assert article.text.endswith("项目合作协议。")
    assert "线上签约实现“院地合作”" in article.text.split("\n\n")


@pytest.mark.parametrize(
    "first", ["时间：2026年6月8日上午九点", "日期：2026年6月8日", "2026-06-08", "作者：丁一，现任教授。"]
)
def test_what_the_text_says_of_its_subject_stays_in_it(first: str) -> None:
    assert read_page(a_page(paragraphs=(first, *PARAGRAPHS))).text.startswith(first)


def test_the_head_of_a_column_is_no_title() -> None:
    assert read_page(a_page(title=f"文字新闻\n{TITLE}")).title == TITLE


def test_a_list_whose_entries_have_labels_is_no_article() -> None:
    entries = tuple(f"园区第{n}批项目开工，共有八个。\n发布时间：2026-06-0{n}" for n in range(1, 6))
    with pytest.raises(InvalidInput, match="list of articles"):
        read_page(a_page(paragraphs=entries))


def test_a_subtitle_and_a_summary_above_the_labels_are_text() -> None:
    article = read_page(a_page(title=f"{TITLE}\n——六家企业到场\n摘要：二期开工，明年投产。"))
    assert (article.title, article.text.split("\n\n")[:2]) == (TITLE, ["——六家企业到场", "摘要：二期开工，明年投产。"])

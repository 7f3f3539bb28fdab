"""Breadcrumbs: how portals write them, and lines that are none."""

import pytest

from zonewire.intake.pages.crumbs import crumbs_in, is_trail, sections_and_city, trail_at, with_trail_joined
from zonewire.intake.pages.page import Block, Kind, text_page

CRUMBS = ["开发区新闻", "泰州", "文字新闻"]


@pytest.mark.parametrize(
    "line",
    [
        "首页 > 开发区新闻 > 泰州 > 文字新闻",
        "您现在的位置： 首页 >> 开发区新闻 >> 泰州 >> 文字新闻 >> 正文",
        "当前位置：网站首页＞开发区新闻＞泰州＞文字新闻",
        "您所在的位置：首页 → 开发区新闻 → 泰州 → 文字新闻",
        "首 页 / 开发区新闻 / 泰州 / 文字新闻",
        "当前位置：江海招商网 - 开发区新闻 - 泰州 - 文字新闻",
        "您现在的位置：江海开发区 >> 开发区新闻 >> 泰州 >> 文字新闻",
        "【首页】 › 开发区新闻 › 泰州 › 文字新闻",
    ],
)
def test_a_breadcrumb_is_known_by_its_signs(line: str) -> None:
    assert is_trail(Block(text=line))
    assert crumbs_in(Block(text=line)) == CRUMBS


@pytest.mark.parametrize(
    "line", ["办理路径： 首页 > 办事大厅", "流程：申请 > 审核", "首页 新闻 招商", "位置优越，交通便利。"]
)
def test_what_an_article_says_is_no_breadcrumb(line: str) -> None:
    assert not is_trail(Block(text=line))


def test_what_the_page_calls_a_breadcrumb_is_one_without_a_home_page() -> None:
    line = Block(text="开发区新闻 > 泰州 > 文字新闻", kind=Kind.CRUMBS)
    assert is_trail(line)
    assert sections_and_city(line, title="")[1] == "泰州"


def test_a_city_that_begins_the_title_stays_a_city() -> None:
    line = Block(text="首页 > 开发区新闻 > 泰州")
    assert sections_and_city(line, title="泰州港区通车") == (("开发区新闻",), "泰州")


@pytest.mark.parametrize(
    "text",
    ["首页\n>\n开发区新闻\n>\n泰州\n>\n文字新闻\n标题", "当前位置：首页 >\n开发区新闻 >\n泰州 >\n文字新闻\n标题"],
)
def test_a_breadcrumb_on_several_lines_is_one(text: str) -> None:
    page = with_trail_joined(text_page(text))
    assert crumbs_in(page.blocks[0]) == CRUMBS
    assert page.blocks[1].text == "标题"


def test_of_several_breadcrumbs_the_longest_counts() -> None:
    assert trail_at(text_page("首页 > 全部\n首页 > 开发区新闻 > 泰州 > 文字新闻").blocks) == 1

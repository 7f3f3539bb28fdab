"""What stands on a page and is no part of an article, told from lines that only begin like it."""

import pytest

from zonewire.intake.pages.furniture import is_foot, is_furniture, tail_of, without_foot
from zonewire.intake.pages.page import Block


@pytest.mark.parametrize(
    "line",
    ["上一条：园区", "下一篇: 没有了", "【上一条】园区", "与我们联系", "Copyright © 2026", "版权所有"],
)
def test_the_foot_is_known(line: str) -> None:
    assert is_foot(Block(text=line))


@pytest.mark.parametrize(
    "line",
    [
        "联系方式：0000",
        "相关新闻引起关注。",
        "上一条 生产线也来自这里。",
        "Next: the port will grow.",
        "下一步，园区将扩建。",
        "上一年度产值三百亿元。",
        "主办方说，明年再来。",
    ],
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
        "【发表评论】【加入收藏】【告诉好友】",
        "【纠错】【责任编辑：王一】",
        "Share: Facebook LinkedIn",
    ],
)
def test_buttons_counters_and_page_numbers_are_dropped(line: str) -> None:
    assert is_furniture(Block(text=line))


@pytest.mark.parametrize(
    "line", ["打印机产业园开工", "大家好，欢迎。", "1号楼", "2026", "扫描二维码报名，名额六十个。", "评论：园区这一年"]
)
def test_text_is_no_furniture(line: str) -> None:
    assert not is_furniture(Block(text=line))


@pytest.mark.parametrize(
    ("line", "said"), [("（来源：日报）", "来源：日报"), ("责任编辑：李四", "责任编辑：李四"), ("来源地是泰州。", "")]
)
def test_labels_below_an_article_are_known(line: str, said: str) -> None:
    assert tail_of(Block(text=line)) == said


NEIGHBOURS = ["上一条：甲", "下一条：乙"]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["正文。", *NEIGHBOURS, "版权所有"], ["正文。"]),
        ([*NEIGHBOURS, "正文。", *NEIGHBOURS], ["正文。"]),
        (["正文。", "相关阅读", "园区招聘", "园区绿化"], ["正文。"]),
        (["正文。", "主办单位：管委会", "请带身份证。", *NEIGHBOURS], ["正文。", "主办单位：管委会", "请带身份证。"]),
        (["正文。", "主办单位：管委会", *NEIGHBOURS, "主办单位：门户"], ["正文。", "主办单位：管委会"]),
        (["正文。", "主办单位：门户", "技术支持：公司"], ["正文。"]),
    ],
)
def test_an_article_ends_at_its_foot_and_not_at_lines_like_it(lines: list[str], kept: list[str]) -> None:
    assert [block.text for block in without_foot([Block(text=line) for line in lines])] == kept


def test_a_list_of_links_in_the_midst_is_left_out() -> None:
    links = [Block(text="相关阅读"), Block(text="园区招聘", linked=4), Block(text="园区绿化", linked=4)]
    page = [Block(text="正文。"), *links, Block(text="正文还有。")]
    assert [block.text for block in without_foot(page)] == ["正文。", "正文还有。"]

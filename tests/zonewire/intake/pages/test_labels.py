"""The line below a title: labels in whatever words, order and width, told from lines of text."""

import pytest

from zonewire.intake.pages.labels import (
    Label,
    as_label,
    begins_with_label,
    has_publication_date,
    is_byline,
    is_counter,
    is_dateline,
    labels_of,
)


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
        (
            "2026年06月06日 星期六 08:30　来源：办公室",
            {Label.DATE: "2026年06月06日 星期六 08:30", Label.SOURCE: "办公室"},
        ),
        ("发布时间：20260606 来源：办公室", {Label.DATE: "2026-06-06", Label.SOURCE: "办公室"}),
        ("更新时间：6/16/2026 9:05:00", {Label.DATE: "2026-6-16 9:05:00"}),
        (
            "【发布日期：2026-06-06】 【来源：办公室】 【选择字号：大 中 小】",
            {Label.DATE: "2026-06-06", Label.SOURCE: "办公室"},
        ),
        (
            "Source: Park Office | Date: June 6, 2026 | Views: 12",
            {Label.DATE: "2026-06-06", Label.SOURCE: "Park Office"},
        ),
        ("Posted on 6 June 2026 by Ann Li", {Label.DATE: "2026-06-06", Label.AUTHOR: "Ann Li"}),
        ("来源：日报 记者 张三", {Label.SOURCE: "日报", Label.AUTHOR: "张三"}),
    ],
)
def test_labels_are_read_in_whatever_words_and_order(line: str, expected: dict[Label, str]) -> None:
    found = labels_of([line])
    found.pop(Label.COUNTER, None)
    assert found == expected


@pytest.mark.parametrize(
    ("line", "is_label"),
    [
        ("发布时间：2026-06-06", True),
        ("2026-06-06 来源：办公室", True),
        ("时间：6月8日上午九点", False),
        ("来源于外地的毕业生可领补贴。", False),
        ("联系方式：0000", False),
        ("来源：报名表可以下载，也可以现场填写。", False),
        ("Source: the figures of the port show that it grew.", False),
        ("Author: Ann Li", True),
    ],
)
def test_a_line_of_labels_is_told_from_a_line_of_text(line: str, *, is_label: bool) -> None:
    assert begins_with_label(line) is is_label


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("浏览次数：128", True),
        ("点击：12次", True),
        ("阅读：", True),
        ("阅读：一本好书", False),
        ("评论：园区这一年", False),
    ],
)
def test_a_counter_is_told_from_a_subhead(line: str, *, counts: bool) -> None:
    assert is_counter(line) is counts


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("2026-06-06 园区发布", True),
        ("园区发布　2026年6月6日 10:00", True),
        ("2026年6月6日，园区开工。", False),
        ("从2026年6月6日起放假", False),
        ("June 6, 2026 | Park news", True),
    ],
)
def test_a_date_with_a_name_beside_it_is_a_dateline(line: str, *, is_one: bool) -> None:
    assert is_dateline(line) is is_one


@pytest.mark.parametrize(("line", "is_one"), [("By Ann Li", True), ("By 2030, it grows.", False), ("Byline", False)])
def test_an_english_byline_is_known(line: str, *, is_one: bool) -> None:
    assert is_byline(line) is is_one


@pytest.mark.parametrize(
    ("line", "is_one"), [("发布时间：2026-06-06", True), ("时间：2026-06-06", False), ("发布时间：昨天", False)]
)
def test_only_a_publication_has_a_date_of_publication(line: str, *, is_one: bool) -> None:
    assert has_publication_date(line) is is_one


@pytest.mark.parametrize(
    ("cell", "label"), [("发布 日期", "发布 日期:"), ("来源", "来源:"), ("金额", ""), ("日期", "")]
)
def test_a_cell_that_is_a_label_gets_its_colon(cell: str, label: str) -> None:
    assert as_label(cell) == label

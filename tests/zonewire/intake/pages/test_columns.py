"""The column of a page that an article stands in."""

import pytest

from zonewire.intake.pages import read_page

HEAD = "<h1>港区大桥通车</h1><p>发布时间：2026-06-04</p>"
BODY = "<p>港区大桥昨天通车。</p><p>大桥长三公里。</p>"
BOX = "<h3>园区简介</h3><p>园区有码头三十座。</p>"
HEAVY = f"<h3>园区简介</h3><p>{'园区面积六十平方公里，有码头三十座。' * 5}</p>"
TEXT = "港区大桥昨天通车。\n\n大桥长三公里。"


def text(markup: str) -> str:
    return read_page(f"<html><body>{markup}</body></html>").text


@pytest.mark.parametrize(
    "name", ["class=side", "id=sidebar", "class='col right'", "class=hot-list", "id=footer", "class='box related'"]
)
def test_what_is_named_for_its_side_is_left_out(name: str) -> None:
    assert text(f"<div class=main>{HEAD}{BODY}</div><div {name}>{BOX}</div>") == TEXT


@pytest.mark.parametrize("name", ["class=photo", "class=inside", "id=outside-text", "class=shot"])
def test_a_name_that_only_holds_such_a_word_is_none(name: str) -> None:
    assert text(f"{HEAD}<div {name}><p>港区大桥昨天通车。</p></div><div><p>大桥长三公里。</p></div>") == TEXT


def test_cells_of_one_row_are_columns_whatever_they_weigh() -> None:
    assert text(f"<table><tr><td>{HEAVY}</td><td>{HEAD}{BODY}</td><td>{HEAVY}</td></tr></table>") == TEXT


def test_between_paragraphs_no_name_tells() -> None:
    floats = (
        "<div class=fl><p>图为大桥</p></div><p class=left>第二段。</p><div class=right><p>第三段说的是桥。</p></div>"
    )
    page = f"{HEAD}<div class=content><p>第一段。</p>{floats}<p>第四段。</p></div>"
    assert text(page).split("\n\n") == ["第一段。", "图为大桥", "第二段。", "第三段说的是桥。", "第四段。"]


def test_a_body_in_several_boxes_is_whole() -> None:
    boxes = "".join(f"<div class=part{n}><p>第{n}部分说的是大桥。</p></div>" for n in range(3))
    assert text(f"<div>{HEAD}</div><div>{boxes}</div>").count("部分") == 3

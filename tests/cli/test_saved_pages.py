"""Pages of one article among the files that somebody names."""

from pathlib import Path

import pytest

from cli.saved_pages import chains


def a_page(
    folder: Path, name: str, *, following: str = "", text: str = "这一页的正文。", encoding: str = "utf-8"
) -> str:
    link = f'<a href="{following}">下一页</a>' if following else ""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"<html><body><h1>新闻</h1><p>{text}</p>{link}</body></html>".encode(encoding))
    return str(path)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_pages_that_lead_to_one_another_are_one_article_in_whatever_order_they_are_named(
    tmp_path: Path, encoding: str
) -> None:
    first = a_page(tmp_path, "t1.html", following="t1_2.html", encoding=encoding)
    second = a_page(tmp_path, "t1_2.html", following="./t1_3.html", encoding=encoding)
    third = a_page(tmp_path, "t1_3.html", encoding=encoding)
    other = a_page(tmp_path, "t2.html", encoding=encoding)
    assert chains([third, other, second, first]) == [[other], [first, second, third]]


def test_a_page_that_an_article_goes_on_in_need_not_be_named_if_it_lies_beside_it(tmp_path: Path) -> None:
    first = a_page(tmp_path, "t1.html", following="https://portal.example/2026/t1_2.html")
    second = a_page(tmp_path, "t1_2.html")
    assert chains([first]) == [[first, second]]


def test_pages_of_the_same_name_in_two_folders_do_not_mix(tmp_path: Path) -> None:
    names = [a_page(tmp_path / part, "t.html", following="t_2.html") for part in ("a", "b")]
    seconds = [a_page(tmp_path / part, "t_2.html") for part in ("a", "b")]
    assert chains(names) == [[names[0], seconds[0]], [names[1], seconds[1]]]


def test_pages_in_a_ring_come_once_each(tmp_path: Path) -> None:
    first = a_page(tmp_path, "t_1.html", following="t_2.html")
    second = a_page(tmp_path, "t_2.html", following="t_1.html")
    named = [name for chain in chains([first, second]) for name in chain]
    assert sorted(named) == [first, second]


def test_the_next_article_is_no_next_page(tmp_path: Path) -> None:
    first = a_page(tmp_path, "t1.html", following="t2.html")
    second = a_page(tmp_path, "t2.html")
    assert chains([first, second]) == [[first], [second]]


def test_what_is_no_page_or_is_not_there_stands_for_itself(tmp_path: Path) -> None:
    lines = tmp_path / "articles.jsonl"
    lines.write_text('{"title": "下一页"}\n', encoding="utf-8")
    missing = str(tmp_path / "missing.html")
    assert chains(["-", str(lines), missing]) == [["-"], [str(lines)], [missing]]

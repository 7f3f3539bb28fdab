"""How keywords are compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zonewire.filters.opencc_table import TABLE, made_from_opencc
from zonewire.filters.characters import fold_keyword, has_cjk


def test_the_table_is_what_opencc_says() -> None:
    assert TABLE.read_text(encoding="utf-8") == made_from_opencc(), "run python -m tests.zonewire.filters.opencc_table"


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("開發區", "开发区"),
        ("乾隆", "干隆"),
        ("乾", "干"),
        (" ＢＹＤ  Auto ", "byd auto"),
        ("泰州", "泰州"),
        ("後臺", "后台"),
    ],
)
def test_keywords_fold_width_case_space_and_traditional_characters(written: str, compared: str) -> None:
    assert fold_keyword(written) == compared


@given(st.text(st.characters(min_codepoint=0x2E80, max_codepoint=0x323AF, exclude_categories=["Cs", "Cn"])))
def test_folding_again_changes_nothing_and_does_not_hang_on_neighbours(value: str) -> None:
    once = fold_keyword(value)
    assert fold_keyword(once) == once
    assert "".join(fold_keyword(char) for char in unicodedata.normalize("NFKC", value).split()) == once.replace(" ", "")


@pytest.mark.parametrize("value", ["泰", "a区", "カ", "ひ", "한", "ㄅ", "々", "𠀀"])
def test_cjk(value: str) -> None:
    assert has_cjk(value)


@pytest.mark.parametrize("value", ["", "byd", "5g", "，", "。", "é", "д", "100 %"])
def test_not_cjk(value: str) -> None:
    assert not has_cjk(value)

"""The characters of a page, whatever it declares."""

import pytest

from zonewire.errors import NotAnArticle
from zonewire.intake.pages import decoded

TEXT = "泰州港经济开发区，六月六日。"
MARKUP = f"\n<html>{TEXT}</html>"


@pytest.mark.parametrize(
    "whole",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("gb18030"),
        b'<meta charset="utf-8">' + TEXT.encode("gb18030"),
        b'<meta charset="gb2312">' + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("gb18030") * 100 + b"\xcb",
        MARKUP.encode("utf-16-le"),
        MARKUP.encode("utf-16-be"),
        f"{TEXT}䶮镕".encode("gb18030"),
    ],
)
def test_characters_are_read_whatever_a_page_declares(whole: bytes) -> None:
    assert TEXT in decoded(whole)


def test_what_is_neither_encoding_is_refused() -> None:
    with pytest.raises(NotAnArticle, match="neither UTF-8 nor GB 18030"):
        decoded(b"\xff\x00" * 50)

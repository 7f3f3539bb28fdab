"""Covers of our own."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from tests.zonewire.wechat.pictures import opened
from zonewire.wechat import covers
from zonewire.wechat.covers import make_cover

DAY = date(2022, 6, 6)


def test_a_cover_has_the_shape_of_its_place_and_the_accent_as_ground() -> None:
    first, other = (opened(make_cover(DAY, is_first=is_first)) for is_first in (True, False))
    assert [first.size, other.size, first.format] == [(900, 383), (400, 400), "PNG"]
    assert first.getpixel((450, 375)) == other.getpixel((5, 5)) == (0x0B, 0x6B, 0x5B)


def test_one_day_always_gives_the_same_bytes_and_another_gives_others() -> None:
    first, again, next_day = (make_cover(day, is_first=True, name="开发区") for day in (DAY, DAY, date(2022, 6, 7)))
    assert hashlib.sha256(first).digest() == hashlib.sha256(again).digest()
    assert first != next_day


@pytest.mark.parametrize("accent", ["#FFFFFF", "#FFD400", "#0B6B5B", "#000000"])
def test_white_can_be_read_on_every_accent(accent: str) -> None:
    ground = opened(make_cover(DAY, is_first=False, accent=accent)).getpixel((5, 5))
    assert isinstance(ground, tuple)
    assert covers._contrast_to_white((ground[0], ground[1], ground[2])) >= 4.5


def test_without_a_chinese_font_the_name_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = make_cover(DAY, is_first=True)
    monkeypatch.setattr(covers, "CJK_FONTS", (str(tmp_path / "none.ttc"),))
    covers._cjk_font.cache_clear()
    assert make_cover(DAY, is_first=True, name="江苏开发区") == plain
    covers._cjk_font.cache_clear()


def test_a_name_of_any_length_has_room() -> None:
    long = opened(make_cover(DAY, is_first=False, name="Zonewire " * 40))
    assert all(long.getpixel((5, y)) == (0x0B, 0x6B, 0x5B) for y in range(400))

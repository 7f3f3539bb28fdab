"""A cover of our own, for a day without a picture: the accent as ground, the date in large figures, a quiet pattern.

The pattern is a page of news seen from afar, bars and rules. It comes from the date: no two days look the same, and one
day always gives the same bytes, which are uploaded once. What counts stands in the middle square: it is what a share of
the message shows of a wide cover.
"""

import io
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from hashlib import sha256
from itertools import count
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from zonewire.wechat.shaping import SQUARE, WIDE

ACCENT = "#0B6B5B"
CJK_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
)
"""Where distributions put Noto Sans CJK (Debian, Arch, Fedora). Without one the name is left out."""
SIMPLIFIED = 2
"""The face of that collection for simplified Chinese; the first one is the Japanese."""
READABLE = 4.5
FINE = 2
"""Drawn so many times as large, and reduced: Pillow's shapes have no smooth edges."""

_PAPER = (255, 255, 255)
_BAR, _HEAD, _RULE, _SECOND = 0.34, 0.24, 0.13, 0.72
"""How much white is in the bars, headlines and rules of the pattern, and in the lesser lines of text."""
_COLUMN, _GUTTER, _LINE = 150, 36, 15
"""Pixels of the pattern: the width of a column, the gap beside it, the height of a line."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


def make_cover(day: date, *, is_first: bool, accent: str = ACCENT, name: str = "") -> bytes:
    """A PNG of 900 by 383 for the first article of a message, of 400 by 400 for the others.

    *accent* is #rrggbb, made darker where white could not be read on it; *name* stands below the date where a font for
    Chinese is installed.
    """
    width, height = WIDE if is_first else SQUARE
    ground = _ground(accent)
    sheet = Image.new("RGB", (width * FINE, height * FINE), ground)
    draw = ImageDraw.Draw(sheet)
    for box, share in _pattern((width, height), _numbers(day.isoformat())):
        draw.rectangle([round(side * FINE) for side in box], fill=_mixed(ground, share))
    _write_date(draw, day, (width / 2, height / 2), ground, name)
    file = io.BytesIO()
    sheet.resize((width, height), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _write_date(draw: ImageDraw.ImageDraw, day: date, middle: tuple[float, float], ground: Colour, name: str) -> None:
    """Year, month and day, a bar, and the name, about *middle*."""
    x, y = middle
    font = (_latin_font(26) if name.isascii() else _cjk_font(26)) if name else None
    lift = 16 if font else 0
    _centred(draw, f"{day.year}", (x, y - 84 - lift), _latin_font(34), _mixed(ground, _SECOND))
    _centred(draw, f"{day.month:02}.{day.day:02}", (x, y - lift), _latin_font(124), _PAPER)
    draw.rectangle([round(one * FINE) for one in (x - 28, y + 76 - lift, x + 28, y + 81 - lift)], fill=_PAPER)
    if font is not None:
        shown = _shortened(draw, name, font, 330 * FINE)
        _centred(draw, shown, (x, y + 118 - lift), font, _mixed(ground, _SECOND))


def _numbers(seed: str) -> Iterator[int]:
    """From 0 to 255, without an end; the same ones on every machine and Python."""
    for n in count():
        yield from sha256(f"{seed} {n}".encode()).digest()


def _pattern(size: tuple[int, int], numbers: Iterator[int]) -> Iterator[tuple[Box, float]]:
    """The boxes of columns on both sides of the middle square, and how light each is. They run over the edges."""
    width, height = size
    free = (width - 420) / 2
    step = _COLUMN + _GUTTER
    for side in (-1, 1) if free > _GUTTER else ():
        for n in range(2):
            near = width / 2 + side * (210 + n * step)
            left = near if side > 0 else near - _COLUMN
            yield from _column(left, height, next(numbers) % 60, numbers)


def _column(left: float, height: float, up: int, numbers: Iterator[int]) -> Iterator[tuple[Box, float]]:
    """Stories below one another: a bar and a headline, then two to four rules, the last one shorter."""
    top = -float(up)
    while top < height:
        headline = 70 + next(numbers) % 60
        yield (left, top, left + 4, top + 12), _BAR
        yield (left + 12, top, left + 12 + headline, top + 12), _HEAD
        rules = 2 + next(numbers) % 3
        for n in range(1, rules + 1):
            length = _COLUMN if n < rules else 50 + next(numbers) % 70
            yield (left, top + 10 + n * _LINE, left + length, top + 14 + n * _LINE), _RULE
        top += 10 + (rules + 1) * _LINE + 18


def _centred(draw: ImageDraw.ImageDraw, text: str, middle: tuple[float, float], font: Font, colour: Colour) -> None:
    draw.text((middle[0] * FINE, middle[1] * FINE), text, fill=colour, font=font, anchor="mm")


def _shortened(draw: ImageDraw.ImageDraw, text: str, font: Font, most: float) -> str:
    shown = text
    while len(shown) > 1 and draw.textlength(shown, font=font) > most:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown


@lru_cache(maxsize=4)
def _latin_font(size: int) -> Font:
    """Pillow's own, which is always there."""
    return ImageFont.load_default(size * FINE)


@lru_cache(maxsize=4)
def _cjk_font(size: int) -> Font | None:
    found = next((path for path in CJK_FONTS if Path(path).is_file()), None)
    return ImageFont.truetype(found, size * FINE, index=SIMPLIFIED) if found else None


def _ground(accent: str) -> Colour:
    """*accent*, as much darker as white needs to be read on it (WCAG 2.2 §1.4.3)."""
    red, green, blue = (int(accent[at : at + 2], 16) for at in (1, 3, 5))
    while _contrast_to_white((red, green, blue)) < READABLE:
        red, green, blue = (one * 19 // 20 for one in (red, green, blue))
    return red, green, blue


def _contrast_to_white(colour: Colour) -> float:
    shares = (one / 255 for one in colour)
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _mixed(ground: Colour, share: float) -> Colour:
    """*ground* with *share* of white in it."""
    red, green, blue = (round(one + (255 - one) * share) for one in ground)
    return red, green, blue

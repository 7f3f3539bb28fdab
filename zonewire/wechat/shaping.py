"""Pictures of strangers brought into a form that WeChat takes, with Pillow.

Inside an article: JPEG or PNG below 1 MB (media/uploadimg). As a cover: 2.35:1 for the first article of a message, 1:1
for the others. Transparency is filled with white, since dark glyphs on nothing vanish in dark mode.
"""

import io
import math
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image, ImageOps

READ = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
PIXELS_MOST = 40_000_000
SIDE_MOST = 30_000
"""Pixels. More is a bomb, or a poster that no phone shows."""
INSIDE_WIDTH = 1080
INSIDE_BYTES_BELOW = 1_000_000
COVER_SIDE_LEAST = 200
WIDE, SQUARE = (900, 383), (400, 400)
QUALITIES = (88, 80, 70, 60)
UPPER_HALF = (0.5, 0.4)
"""What a cover keeps of a tall picture: faces stand above its middle."""
_WHITE = (255, 255, 255)
_EXIF_ORIENTATION = 0x0112
_FLAT = ("RGB", "L")
_PLAIN = ("RGB", "L", "P")


class Use(StrEnum):
    """What a picture is uploaded for; each form once."""

    INSIDE = "inside"
    COVER_WIDE = "cover-wide"
    COVER_SQUARE = "cover-square"


class Unfit(Exception):
    """Bytes that are no picture, or none that can be used so."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A picture in a form to upload."""

    body: bytes
    kind: str  # JPEG or PNG

    @property
    def file(self) -> tuple[str, bytes, str]:
        """File name, bytes and media type."""
        return ("picture.jpg" if self.kind == "JPEG" else "picture.png", self.body, f"image/{self.kind.lower()}")


def for_inside(body: bytes) -> Shaped:
    """*body* as it can stand in an article: as it is where that will do. Raises Unfit."""
    picture, kind, is_plain = _read(body, at_least=(INSIDE_WIDTH, 1))
    if is_plain:
        return Shaped(body, kind)
    if picture.width > INSIDE_WIDTH:
        picture = _scaled(picture, INSIDE_WIDTH / picture.width)
    return _below(picture, kind, INSIDE_BYTES_BELOW)


def for_cover(body: bytes, use: Use) -> Shaped:
    """The part of *body* that makes a cover. Raises Unfit where a side has fewer than 200 pixels."""
    size = WIDE if use is Use.COVER_WIDE else SQUARE
    picture, kind, _ = _read(body, at_least=size)
    if min(picture.size) < COVER_SIDE_LEAST:
        raise Unfit(f"{picture.width} by {picture.height} pixels are too few for a cover")
    fitted = ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=UPPER_HALF)
    return _below(fitted, kind, INSIDE_BYTES_BELOW)


def _read(body: bytes, *, at_least: tuple[int, int]) -> tuple[Image.Image, str, bool]:
    """The picture upright, without transparency; the kind to write it as; whether *body* can stand inside as it is.

    A JPEG is read at a fraction of its size where that leaves *at_least*.
    """
    try:
        with Image.open(io.BytesIO(body), formats=READ) as opened:
            _check_size(opened.size)
            kind = opened.format or ""
            is_small = len(body) < INSIDE_BYTES_BELOW and opened.width <= INSIDE_WIDTH
            is_plain = is_small and kind in {"JPEG", "PNG"} and opened.mode in _PLAIN and not _has_more(opened)
            opened.draft("RGB", at_least)
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            return _flat(upright), "JPEG" if kind in {"JPEG", "MPO", "WEBP", "AVIF"} else "PNG", is_plain
    except Unfit:
        raise
    except Exception as cause:  # whatever the reader of some format stumbles over: no picture is worth a digest
        raise Unfit(f"it cannot be read ({type(cause).__name__})") from None


def _check_size(size: tuple[int, int]) -> None:
    """By the file's own head, before a pixel is read."""
    width, height = size
    if width * height > PIXELS_MOST or max(size) > SIDE_MOST:
        raise Unfit(f"{width} by {height} pixels are too many")


def _has_more(picture: Image.Image) -> bool:
    """Frames behind the first, an orientation, or transparency: what must not go out as it came."""
    turned = picture.getexif().get(_EXIF_ORIENTATION, 1) != 1
    return turned or getattr(picture, "n_frames", 1) > 1 or "transparency" in picture.info


def _flat(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        flat = Image.new("RGB", clear.size, _WHITE)
        flat.paste(clear, mask=clear.getchannel("A"))
        return flat
    if picture.mode in _FLAT:
        return picture
    flat = picture.convert("RGB")
    flat.info.pop("icc_profile", None)  # it was one for the other kind of colours
    return flat


def _below(picture: Image.Image, kind: str, bytes_below: int) -> Shaped:
    """*picture* as *kind*, else as a JPEG that is as good as has room, and smaller where none has."""
    if kind == "PNG" and len(body := _written(picture, "PNG", optimize=True)) < bytes_below:
        return Shaped(body, "PNG")
    while True:
        for quality in QUALITIES:
            profile = picture.info.get("icc_profile")
            body = _written(picture, "JPEG", quality=quality, optimize=True, progressive=True, icc_profile=profile)
            if len(body) < bytes_below:
                return Shaped(body, "JPEG")
        picture = _scaled(picture, 0.9 * math.sqrt(bytes_below / len(body)))


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    size = (max(round(picture.width * factor), 1), max(round(picture.height * factor), 1))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _written(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()

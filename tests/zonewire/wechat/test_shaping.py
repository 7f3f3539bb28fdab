"""Pictures of strangers: what becomes of good ones, and that bad ones are refused and not believed."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from tests.zonewire.wechat.pictures import a_noise, a_picture, opened, written
from zonewire.wechat.shaping import INSIDE_BYTES_BELOW, Unfit, Use, for_cover, for_inside

FORMS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_will_do_stays_as_it_is(kind: str) -> None:
    body = a_picture(kind, (1080, 600))
    assert for_inside(body).body == body


@pytest.mark.parametrize("kind", FORMS)
def test_every_kind_becomes_a_jpeg_or_png_for_inside_and_as_a_cover(kind: str) -> None:
    body = a_picture(kind)
    inside, wide, square = for_inside(body), for_cover(body, Use.COVER_WIDE), for_cover(body, Use.COVER_SQUARE)
    assert [opened(one.body).size for one in (inside, wide, square)] == [(1080, 720), (900, 383), (400, 400)]
    for one in (inside, wide, square):
        assert opened(one.body).format == one.kind
        assert one.kind == ("JPEG" if kind in {"JPEG", "WEBP", "AVIF"} else "PNG")
        assert one.file[0].endswith("jpg" if one.kind == "JPEG" else "png")


@pytest.mark.parametrize("size", [(1080, 700), (1400, 2400), (300, 3000)])
def test_a_picture_of_much_detail_is_brought_below_a_megabyte(size: tuple[int, int]) -> None:
    shaped = for_inside(a_noise("PNG", size))
    assert len(shaped.body) < INSIDE_BYTES_BELOW
    width, height = opened(shaped.body).size
    assert width <= 1080
    assert width / height == pytest.approx(size[0] / size[1], rel=0.02)


def test_a_picture_lies_as_its_camera_was_held() -> None:
    lying = Image.new("RGB", (600, 300), "#ffffff")
    lying.paste("#ff0000", (0, 0, 300, 300))  # red on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right
    upright = opened(for_inside(written(lying, "JPEG", exif=exif)).body)
    assert upright.size == (300, 600)
    red, green = upright.getpixel((150, 100))[:2]  # type: ignore[index]  # RGB
    assert (red > 200, green < 60) == (True, True), "what was on the left is above"
    assert not upright.getexif()


def test_of_an_animation_the_first_frame_stands_inside() -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("#00ff00", "#ff0000")]
    moving = written(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    still = opened(for_inside(moving).body)
    assert (still.format, getattr(still, "n_frames", 1)) == ("PNG", 1)
    assert still.convert("RGB").getpixel((10, 10)) == (0, 255, 0)


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    assert opened(for_inside(written(clear, "PNG")).body).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "LA", "I;16"])
def test_every_kind_of_colours_can_be_used_or_is_refused(mode: str) -> None:
    picture = Image.new("L", (1200, 600)).convert(mode) if mode != "I;16" else Image.new("I;16", (1200, 600))
    body = written(picture, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(for_inside(body).body).size == (1080, 540)


@pytest.mark.parametrize("size", [(199, 900), (900, 199), (16, 16)])
def test_an_icon_makes_no_cover(size: tuple[int, int]) -> None:
    with pytest.raises(Unfit, match="too few"):
        for_cover(a_picture("PNG", size), Use.COVER_WIDE)


@pytest.mark.parametrize("kind", FORMS)
def test_a_picture_that_was_cut_off_is_refused(kind: str) -> None:
    body = a_noise(kind, (300, 300))
    with pytest.raises(Unfit):
        for_inside(body[: len(body) // 2])


@pytest.mark.parametrize(
    "body", [b"", b"<html>404</html>", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff" * 99, b"<svg/>", b"%PDF-1.4"]
)
def test_what_is_no_picture_is_refused(body: bytes) -> None:
    with pytest.raises(Unfit):
        for_inside(body)


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(100_000, 100_000), (7000, 7000), (30_001, 10)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    began = time.monotonic()
    with pytest.raises(Unfit):
        for_inside(a_bomb(*size))
    assert time.monotonic() - began < 0.5


def test_a_text_that_is_unpacked_from_a_picture_is_no_bomb() -> None:
    picture = io.BytesIO(a_picture("PNG", (20, 20)))
    bomb = zlib.compress(b"z" * 200_000_000)
    data = b"comment\0\0" + bomb
    chunk = struct.pack("!I", len(data)) + b"zTXt" + data + struct.pack("!I", zlib.crc32(b"zTXt" + data))
    body = picture.getvalue()
    began = time.monotonic()
    with pytest.raises(Unfit):
        for_inside(body[:33] + chunk + body[33:])
    assert time.monotonic() - began < 1

"""A document put together from pressed parts is one ordinary gzip file."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from zonewire.feeds import pressing


@given(st.lists(st.binary(max_size=2_000), max_size=8))
def test_pressed_parts_join_to_one_gzip_member(parts: list[bytes]) -> None:
    whole = pressing.join(pressing.press(part) for part in parts)
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(whole.pressed) == whole.plain == b"".join(parts)
    assert reader.eof
    assert reader.unused_data == b""  # clients read a first member and drop what follows
    assert gzip.decompress(whole.pressed) == pressing.opened(whole.pressed) == whole.plain


def test_a_part_of_any_length_is_summed_right() -> None:
    parts = [b"\xe6" * 70_000, b"", b"x", bytes(200_000), b"end"]
    whole = pressing.join(map(pressing.press, parts))
    assert gzip.decompress(whole.pressed) == b"".join(parts)  # which looks at length and checksum


@given(st.binary(max_size=2_000))
def test_a_kept_part_is_the_part_that_was_pressed(plain: bytes) -> None:
    part = pressing.press(plain)
    assert pressing.unpress(part.pressed) == part

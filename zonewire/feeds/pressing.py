"""gzip put together from parts that were compressed beforehand.

A part is pressed once: as raw deflate that ends on a byte and leans on nothing before it (zlib's full flush). One
after another between a gzip header and an empty last block, such parts are one ordinary gzip member (RFC 1951 §3.2.3,
RFC 1952 §2.3), which every client takes. So a document costs no compression; and its checksum needs no plain bytes.

CRC-32 is affine in what it begins with, so what a part makes of a checksum c is what as many zeros make of it, with a
number of the part's own added: crc(part, c) = crc(zeros, c) xor crc(part, 0) xor crc(zeros, 0). Zeros are at hand.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time: equal parts give equal bytes
_LAST_BLOCK = b"\x03\x00"
_LEVEL = 6
_GZIP, _RAW = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_ZEROS = memoryview(bytes(64 * 1024))


@dataclass(slots=True)
class Part:
    """Some bytes of a document, pressed; with what a checksum needs to know of them."""

    pressed: bytes
    size: int  # of the plain bytes
    crc: int  # crc(plain, 0) xor crc(zeros, 0)
    is_proven: bool = field(default=False, compare=False)  # that it was read back (documents.assemble)

    @property
    def plain(self) -> bytes:
        """The bytes that were pressed. Raises zlib.error where there are none."""
        return zlib.decompressobj(_RAW).decompress(self.pressed)


@dataclass(frozen=True, slots=True)
class Whole:
    """A joined document: gzip."""

    pressed: bytes

    @property
    def plain(self) -> bytes:
        """The bytes behind the gzip."""
        return opened(self.pressed)


def press(plain: bytes) -> Part:
    """*plain*, ready to be put anywhere into a document."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    return Part(deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH), *_sum_of(plain))


def unpress(pressed: bytes) -> Part:
    """The part that was kept as *pressed*. Raises zlib.error where it is none."""
    return Part(pressed, *_sum_of(zlib.decompressobj(_RAW).decompress(pressed)))


def join(parts: Iterable[Part]) -> Whole:
    """The whole of *parts*, in their order."""
    crc = size = 0
    pieces = [_HEADER]
    for part in parts:
        crc = _over_zeros(part.size, crc) ^ part.crc
        size += part.size
        pieces.append(part.pressed)
    pieces += (_LAST_BLOCK, struct.pack("<LL", crc, size & 0xFFFFFFFF))
    return Whole(b"".join(pieces))


def opened(gzipped: bytes) -> bytes:
    """The plain bytes of a joined whole."""
    return zlib.decompress(gzipped, _GZIP)


def _sum_of(plain: bytes) -> tuple[int, int]:
    return len(plain), zlib.crc32(plain) ^ _over_zeros(len(plain), 0)


def _over_zeros(size: int, crc: int) -> int:
    """*crc* after *size* zero bytes more."""
    while size > len(_ZEROS):
        crc = zlib.crc32(_ZEROS, crc)
        size -= len(_ZEROS)
    return zlib.crc32(_ZEROS[:size], crc)

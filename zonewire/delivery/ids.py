"""A delivery's name outside: a UUIDv7 computed from its key, its creation and the installation (RFC 9562 §5.7).

It is the `webhook-id` and the left part of the Message-ID, the same on every try. Nothing is stored: 48 bits are the
creation in milliseconds; of the 74 free bits, 42 are the key under a mask and 32 a check, both of the installation's
random number, so that no two installations name a delivery alike and a foreign id is told from ours.
"""

import hashlib
import uuid
from functools import lru_cache

from zonewire.errors import NotFound

_KEY_BITS = 42
_CHECK_BITS = 32
_CHECK = (1 << _CHECK_BITS) - 1
_VARIANT, _BELOW_VARIANT = 0b10 << 62, (1 << 62) - 1


@lru_cache(maxsize=8)
def _masks(installation: int) -> tuple[int, int]:
    digest = hashlib.blake2b(installation.to_bytes(8, "big"), digest_size=16, person=b"zonewire-ids").digest()
    return int.from_bytes(digest[:8], "big") & ((1 << _KEY_BITS) - 1), int.from_bytes(digest[8:], "big") | 1


def delivery_uuid(installation: int, key: int, created_at: int) -> str:
    """The name of the delivery *key*, created at *created_at* microseconds."""
    mask, multiplier = _masks(installation)
    start, salt = _of_moment(created_at // 1000)
    free = (key ^ mask) << _CHECK_BITS | (key * multiplier + salt >> 16) & _CHECK
    digits = f"{(free >> 62) << 64 | _VARIANT | free & _BELOW_VARIANT:019x}"
    return f"{start}{digits[:3]}-{digits[3:7]}-{digits[7:]}"


@lru_cache(maxsize=64)
def _of_moment(ms: int) -> tuple[str, int]:
    """What all names of one millisecond share: the first 13 digits, and what goes into the check."""
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7", ms * 0x9E3779B97F4A7C15


def delivery_key(installation: int, name: str) -> int:
    """The key of the delivery called *name*. Raises NotFound for what this installation never gave."""
    try:
        value = uuid.UUID(name.strip()).int
    except ValueError:
        raise NotFound(f"{name!r} is no delivery id", mend="`zonewire deliveries list` prints them.") from None
    mask, _ = _masks(installation)
    free = (value >> 64 & 0xFFF) << 62 | value & ((1 << 62) - 1)
    key = (free >> _CHECK_BITS) ^ mask
    if delivery_uuid(installation, key, (value >> 80) * 1000) != str(uuid.UUID(int=value)):
        raise NotFound(f"no delivery {name}", mend="It belongs to another installation, or was mistyped.")
    return key

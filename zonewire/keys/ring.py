"""The ring of SECRET_KEY: the first key seals, signs and marks, the others only open, check and recognise.

Each use has a key of its own, derived by HKDF (RFC 5869), so that what one of them gives away helps with no other.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zonewire.errors import KeyMissing, SettingWrong

KEY_BYTES = 32
NONCE_BYTES = 12  # random: fit for 2^32 secrets under one key (NIST SP 800-38D §8.3)
NAME_BYTES = 4
MARK_BYTES = 18  # no two of 10^12 addresses share a mark


@dataclass(frozen=True, slots=True)
class KeyRing:
    """One or more secret keys, the newest first. Never printed."""

    keys: tuple[str, ...] = field(repr=False)
    ciphers: tuple[AESGCM, ...] = field(init=False, repr=False, compare=False)
    mark_keys: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what each use needs."""
        if not self.keys or not all(self.keys):
            raise SettingWrong(
                "holds no key", where="ZONEWIRE_SECRET_KEY", mend="Set a long random text; several, comma-separated."
            )
        object.__setattr__(self, "ciphers", tuple(AESGCM(_derived(key, "seal")) for key in self.keys))
        object.__setattr__(self, "mark_keys", tuple(_derived(key, "mark") for key in self.keys))

    @classmethod
    def from_setting(cls, value: str) -> "KeyRing":
        """The ring of a comma-separated setting. Raises SettingWrong where it holds no key."""
        return cls(tuple(key.strip() for key in value.split(",") if key.strip()))

    def now(self) -> "KeyRing":
        """The keys as they are: this very ring, unless it is one that may change."""
        return self

    def seal(self, plain: bytes) -> bytes:
        """*plain*, readable by this ring only; ASCII. AES-256-GCM: a fifth of what Fernet costs, at every claim."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self.now().ciphers[0].encrypt(nonce, plain, None))

    def open(self, sealed: bytes) -> bytes:
        """What was sealed, by any key of the ring. Raises KeyMissing where none fits."""
        return self.opened(sealed)[0]

    def opened(self, sealed: bytes) -> tuple[bytes, int]:
        """The same, and which key opened it, by its place in the ring. Raises KeyMissing, SettingWrong."""
        try:
            box = base64.urlsafe_b64decode(sealed)
        except binascii.Error:
            box = b""
        for place, cipher in enumerate(self.now().ciphers) if len(box) > NONCE_BYTES else ():
            with suppress(InvalidTag):
                return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], None), place
        wrong = KeyMissing if len(box) > NONCE_BYTES else SettingWrong  # what was cut, no key will ever open
        raise wrong(
            "no key here opens a secret of the database",
            where="ZONEWIRE_SECRET_KEY",
            mend="Add the key that it was sealed with behind the first, after a comma.",
        )

    def mark(self, plain: bytes) -> bytes:
        """A keyed hash under the first key, as ASCII: finds *plain* again without showing it."""
        return _mark(self.now().mark_keys[0], plain)

    def marks(self, plain: bytes) -> tuple[bytes, ...]:
        """The mark under each key, in the ring's order: what was marked before a rotation is found too."""
        return tuple(_mark(key, plain) for key in self.now().mark_keys)

    def names(self) -> tuple[str, ...]:
        """What each key is called where people see it, in the ring's order: tells keys apart, and opens nothing."""
        return tuple(_derived(key, "name")[:NAME_BYTES].hex() for key in self.now().keys)

    def signing_keys(self, purpose: str) -> tuple[bytes, ...]:
        """Keys for signatures of one purpose, in the ring's order."""
        return tuple(_derived(key, f"sign {purpose}") for key in self.now().keys)


def new_secret_key() -> str:
    """A fresh key for SECRET_KEY: URL-safe text of 32 random bytes, without a comma."""
    return secrets.token_urlsafe(KEY_BYTES)


def _derived(key: str, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"zonewire {use}".encode()).derive(key.encode())


def _mark(key: bytes, plain: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, plain, hashlib.sha256)[:MARK_BYTES])

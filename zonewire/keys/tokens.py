"""Tokens in links: a number, the second at which it was given, and a signature that holds for one purpose only."""

import hashlib
import time
from functools import lru_cache

from itsdangerous import BadSignature, Signer

from zonewire.errors import NotFound
from zonewire.keys.ring import KeyRing


def make_token(ring: KeyRing, purpose: str, ident: int, *, now_s: int | None = None) -> str:
    """A token for *ident*, safe in a path; opens nothing for another *purpose*.

    *now_s* (Unix seconds) is the moment that its age counts from; unset, the clock's.
    """
    given_at = int(time.time()) if now_s is None else now_s
    return _signer(ring, purpose).sign(f"{ident}.{given_at:x}").decode()


def read_token(
    ring: KeyRing, purpose: str, token: str, *, max_age_s: int | None = None, now_s: int | None = None
) -> int:
    """The number in *token*. Raises NotFound if it is not ours, is for another purpose, or is too old."""
    try:
        value = _signer(ring, purpose).unsign(token.encode()).decode()
    except (BadSignature, UnicodeEncodeError):
        raise NotFound("this link is not one of ours", mend="Take the whole link from the newest mail.") from None
    ident, given_at = value.split(".")
    age_s = (int(time.time()) if now_s is None else now_s) - int(given_at, 16)
    if max_age_s is not None and age_s > max_age_s:
        raise NotFound("this link has expired", mend="Subscribe once more to get a new one.")
    return int(ident)


@lru_cache(maxsize=64)
def _signer(ring: KeyRing, purpose: str) -> Signer:
    # itsdangerous signs with the last key and checks with each; ours are derived already.
    keys = list(reversed(ring.signing_keys(purpose)))
    return Signer(keys, salt=purpose, key_derivation="none", digest_method=hashlib.sha256)

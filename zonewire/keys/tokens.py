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
    return _signer(ring.now(), purpose).sign(f"{ident}.{given_at:x}").decode()


def read_token(
    ring: KeyRing, purpose: str, token: str, *, max_age_s: int | None = None, now_s: int | None = None
) -> int:
    """The number in *token*. Raises NotFound if it is not ours, is for another purpose, or is too old."""
    ident, given_at = _opened(ring, purpose, token)
    age_s = (int(time.time()) if now_s is None else now_s) - given_at
    if max_age_s is not None and age_s > max_age_s:
        raise NotFound("this link has expired", mend="Subscribe once more to get a new one.")
    return ident


def given_at_s(ring: KeyRing, purpose: str, token: str) -> int:
    """The second at which *token* was given (Unix). Raises NotFound if it is not ours, or is for another purpose."""
    return _opened(ring, purpose, token)[1]


def _opened(ring: KeyRing, purpose: str, token: str) -> tuple[int, int]:
    """The number in *token*, and the second at which it was given."""
    try:
        value = _signer(ring.now(), purpose).unsign(token.encode()).decode()
    except (BadSignature, UnicodeEncodeError):
        raise NotFound("this link is not one of ours", mend="Take the whole link from the newest mail.") from None
    ident, given_at = value.split(".")
    return int(ident), int(given_at, 16)


@lru_cache(maxsize=64)
def _signer(ring: KeyRing, purpose: str) -> Signer:
    # itsdangerous signs with the last key and checks with each; ours are derived already.
    keys = list(reversed(ring.signing_keys(purpose)))
    return Signer(keys, salt=purpose, key_derivation="none", digest_method=hashlib.sha256)

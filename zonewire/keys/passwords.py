"""Passwords of operators, kept as argon2id (RFC 9106) in its own encoding.

What may be one follows NIST SP 800-63B §3.1.1: length, and nothing that the name gives away; no mixture of signs is
asked for.
"""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from zonewire.errors import WrongUsage

LEAST_CHARS, MOST_CHARS = 12, 200
FEWEST_DIFFERENT = 5
ADVICE = "Four unrelated words will do."
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


def hashed(password: str) -> str:
    """*password* as it is kept. Takes a twentieth of a second and 64 MiB, on purpose."""
    return _hasher().hash(password)


def is_password(given: str, kept: str | None) -> bool:
    """Whether *given* is what *kept* was made of; where there is none, it takes as long to say no."""
    try:
        _hasher().verify(kept or _nobodys(), given[:MOST_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether *kept* was made with weaker parameters than those of today: make it anew at the next login."""
    return _hasher().check_needs_rehash(kept)


def check_password(password: str, *, name: str) -> None:
    """Let pass what may be the password of *name*. Raises WrongUsage."""
    if not LEAST_CHARS <= len(password) <= MOST_CHARS:
        raise WrongUsage(
            f"a password has {LEAST_CHARS} to {MOST_CHARS} characters", mend="Four unrelated words will do."
        )
    if len(set(password)) < FEWEST_DIFFERENT or name.lower() in password.lower():
        raise WrongUsage("this password is too easily guessed", mend=ADVICE)


def new_password() -> str:
    """A fresh one that can be read out and typed: 98 bits in four groups."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe())

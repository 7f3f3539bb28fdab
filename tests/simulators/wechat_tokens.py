"""Access tokens of an account: two families, how they end, and what the platform says of one that it does not take.

Facts: protocols, 1.1.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

LIFE_S = 7200  # protocols, 1.1: "expires_in is 300–7200"
ROLLED_S = 300  # protocols, 1.1: "the platform rolls it 5 min before expiry and honours old and new for those 5 min"
TOKEN_CHARS = 512  # protocols, 1.1: "Store ≥ 512 chars"
MISSING, MALFORMED, INVALID, EXPIRED = 41001, 40014, 40001, 42001
_SHAPE = re.compile(r"\d+_[A-Za-z0-9_-]{64,}")


class Family(Enum):
    """protocols, 1.1: classic "tokens and the stable ones are separate families"."""

    STABLE = "stable"
    CLASSIC = "classic"


@dataclass(slots=True)
class Token:
    """An access token, and until when it is taken."""

    value: str
    family: Family
    expires_at: float
    killed_at: float = float("inf")  # a newer one took its place


class Tokens:
    """All tokens of one account."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._all: dict[str, Token] = {}
        self._latest: dict[Family, Token] = {}

    def stable(self) -> tuple[str, int]:
        """The stable token and its remaining seconds: the same one as long as it is not to be rolled."""
        latest, now = self._latest.get(Family.STABLE), self._now()
        if latest is None or latest.killed_at <= now or latest.expires_at - now < ROLLED_S:
            return self._new(Family.STABLE).value, LIFE_S
        return latest.value, int(latest.expires_at - now)

    def force(self) -> tuple[str, int]:
        """protocols, 1.1: "force_refresh:true kills the former token at once"."""
        self._kill(Family.STABLE, overlap_s=0)
        return self.stable()

    def classic(self, *, overlap_s: float) -> tuple[str, int]:
        """protocols, 1.1: "each call issues a new token and kills the last (5 min overlap)"."""
        self._kill(Family.CLASSIC, overlap_s=overlap_s)
        return self._new(Family.CLASSIC).value, LIFE_S

    def rotate(self) -> None:
        """Another system has refreshed: no token known so far is taken any more."""
        for family in Family:
            self._kill(family, overlap_s=0)

    def expire(self) -> None:
        """The life of every token is over."""
        for token in self._all.values():
            token.expires_at = min(token.expires_at, self._now())

    def fault(self, value: str) -> int:
        """Why *value* is not taken, as the platform's code; 0 where it is."""
        if not value:
            return MISSING
        if not _SHAPE.fullmatch(value):
            return MALFORMED
        token = self._all.get(value)
        if token is None or token.killed_at <= self._now():
            return INVALID
        return EXPIRED if token.expires_at <= self._now() else 0

    def _new(self, family: Family) -> Token:
        value = f"{len(self._all) + 1}_{secrets.token_urlsafe(TOKEN_CHARS)}"[:TOKEN_CHARS]
        token = Token(value, family, self._now() + LIFE_S)
        self._all[value] = self._latest[family] = token
        return token

    def _kill(self, family: Family, *, overlap_s: float) -> None:
        for token in self._all.values():
            if token.family is family:
                token.killed_at = min(token.killed_at, self._now() + overlap_s)

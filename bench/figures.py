"""Figures, their bounds, and what they say: a bound may be missed, but not by a factor of two."""

from dataclasses import dataclass, field
from enum import StrEnum

TWICE = 2.0


class Verdict(StrEnum):
    """How a figure stands to its bound."""

    UNJUDGED = ""
    WITHIN = "ok"
    OVER = "OVER ITS BOUND"
    FAR_OVER = "OVER TWICE ITS BOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. At most one of the bounds is given."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    samples: tuple[float, ...] = field(default=())  # what the value was made of, where it is worth keeping

    @property
    def verdict(self) -> Verdict:
        """Within its bound, over it, or over twice the bound."""
        if self.at_most is not None:
            excess = self.value / self.at_most
        elif self.at_least is not None:
            excess = self.at_least / self.value if self.value else float("inf")
        else:
            return Verdict.UNJUDGED
        if excess <= 1:
            return Verdict.WITHIN
        return Verdict.OVER if excess <= TWICE else Verdict.FAR_OVER

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"

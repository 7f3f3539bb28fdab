"""Histograms, kept as tallies: how many fell into each bucket, and the sum of all.

A label ends in the upper bound of its bucket in seconds as Prometheus writes it (`le`), or in "sum", which is in
microseconds. Each observation is in one bucket alone; `read` adds them up.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from zonewire.delivery.tallies import ARTICLE_S, ATTEMPT_S, DELIVERY_S, Changes
from zonewire.store import SECOND

SUM, INFINITY = "sum", "+Inf"

BOUNDS_S: dict[str, tuple[float, ...]] = {
    DELIVERY_S: (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200),
    ATTEMPT_S: (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30),
    ARTICLE_S: (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
}
"""The upper bounds of each histogram's buckets, in seconds; the last bucket has none."""

_BOUNDS = {name: [int(bound * SECOND) for bound in bounds] for name, bounds in BOUNDS_S.items()}
_LES = {name: [*(str(float(bound)) for bound in bounds), INFINITY] for name, bounds in BOUNDS_S.items()}


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram, of one label."""

    buckets: tuple[tuple[str, int], ...]  # `le`, and how many were no longer than that
    sum_s: float

    @property
    def count(self) -> int:
        """How many there were."""
        return self.buckets[-1][1]


def observe(changes: Changes, name: str, label: str, took: Mapping[int, int]) -> None:
    """Put into *changes* that something took so many microseconds, so many times."""
    bounds, les, ahead = _BOUNDS[name], _LES[name], f"{label} " if label else ""
    whole = 0
    for microseconds, n in took.items():
        changes[name, ahead + les[bisect_left(bounds, microseconds)]] += n
        whole += max(0, microseconds) * n
    changes[name, ahead + SUM] += whole


def read(totals: Mapping[tuple[str, str], int], name: str) -> dict[str, Histogram]:
    """The histograms called *name*, by label, of `tallies.totals`."""
    labels = sorted({label.rpartition(" ")[0] for of, label in totals if of == name})
    return {label: _histogram(totals, name, f"{label} " if label else "") for label in labels}


def _histogram(totals: Mapping[tuple[str, str], int], name: str, ahead: str) -> Histogram:
    buckets, so_far = [], 0
    for le in _LES[name]:
        so_far += totals.get((name, ahead + le), 0)
        buckets.append((le, so_far))
    return Histogram(tuple(buckets), totals.get((name, ahead + SUM), 0) / SECOND)

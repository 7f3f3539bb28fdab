"""What a PromQL expression names: metrics, labels and the values that labels are compared with.

No parser of the language: promtool judges that it is one. Zonewire's names are found by how they look.
"""

import re
from dataclasses import dataclass, field

from zonewire.telemetry import METRICS

OF_PROMETHEUS = {"instance", "job", "le", "alertname", "alertstate", "severity"}
"""Labels that Prometheus itself, its histograms and its alerts bring."""

_SELECTOR = re.compile(r"\b(zonewire_\w+|ALERTS|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


@dataclass(frozen=True, slots=True)
class Names:
    """What one expression names."""

    metrics: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)  # by which it groups or joins
    matched: set[tuple[str, str, str]] = field(default_factory=set)  # metric, label, value


def names_in(expression: str) -> Names:
    """Zonewire's metrics in *expression*, the labels that it groups by, and what it selects."""
    found = Names()
    for name, matchers in _SELECTOR.findall(expression):
        if name.startswith("zonewire_"):
            found.metrics.add(base_of(name))
        found.matched.update((base_of(name), label, value) for label, value in _MATCHER.findall(matchers))
    for labels in _GROUPING.findall(expression):
        found.labels.update(label.strip() for label in labels.split(",") if label.strip())
    return found


def base_of(name: str) -> str:
    """A histogram's series by the histogram's name."""
    base = _SUFFIX.sub("", name)
    return base if base in METRICS else name


def known() -> dict[str, set[str]]:
    """Every metric with its labels, as its sentence in telemetry.METRICS ends: `…; lane, state, held`."""
    told = {name: meaning.partition(";")[2] for name, meaning in METRICS.items()}
    return {name: _labels(words) for name, words in told.items()}


def _labels(words: str) -> set[str]:
    plain = re.sub(r"\([^)]*\)", "", words)
    return {label.strip() for label in plain.split(",") if label.strip()}

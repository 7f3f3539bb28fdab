"""The filter: what a subscription asks for, dimension by dimension."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from zonewire.articles.folding import fold
from zonewire.filters.characters import fold_keyword

WANTED = ("zone", "city", "section", "keyword")
"""Dimensions that a filter may name; an article must have a named one's value."""

DIMENSIONS = (*WANTED, *(f"not_{name}" for name in WANTED))
"""All dimensions, as the options and the table `filter_terms` call them: exclusions are dimensions of their own."""

KEY_BYTES = 2_000
"""PostgreSQL indexes no more than 2,704 bytes (a third of a page)."""

_FIELDS = {
    "zone": "zones",
    "city": "cities",
    "section": "sections",
    "keyword": "keywords",
    "not_zone": "not_zones",
    "not_city": "not_cities",
    "not_section": "not_sections",
    "not_keyword": "not_keywords",
}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Values as their subscriber wrote them. Two filters with equal `key` are the same filter. Empty passes all."""

    zones: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    not_zones: tuple[str, ...] = ()
    not_cities: tuple[str, ...] = ()
    not_sections: tuple[str, ...] = ()
    not_keywords: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.key)  # text keeps its hash: an import looks each filter up several times

    @cached_property
    def terms(self) -> dict[str, list[str]]:
        """Folded values of each dimension that has any, sorted, each once."""
        options = as_options(self)
        return {dimension: sorted({folding(dimension)(v) for v in values}) for dimension, values in options.items()}

    @cached_property
    def key(self) -> str:
        """Equal filters have equal keys, and no others do: canonical JSON, of a long one its SHA-256."""
        written = orjson.dumps(self.terms, option=orjson.OPT_SORT_KEYS)
        return written.decode() if len(written) <= KEY_BYTES else f"sha256:{hashlib.sha256(written).hexdigest()}"

    @property
    def wanted(self) -> int:
        """How many dimensions it names; exclusions do not count."""
        return sum(1 for dimension in self.terms if dimension in WANTED)


def folding(dimension: str) -> Callable[[str], str]:
    """How values of *dimension* are compared."""
    return fold_keyword if dimension.endswith("keyword") else fold


def filter_of(options: Mapping[str, Sequence[str]]) -> Filter:
    """The filter of *options*, by dimension; other keys are passed over."""
    return Filter(**{field: tuple(options.get(dimension) or ()) for dimension, field in _FIELDS.items()})


def as_options(wanted: Filter) -> dict[str, list[str]]:
    """The reverse: only the dimensions that have values, as they were written."""
    return {dimension: list(values) for dimension, field in _FIELDS.items() if (values := getattr(wanted, field))}


def parse_written(written: str) -> dict[str, list[str]]:
    """The options that the column `filters.written` keeps."""
    options: dict[str, list[str]] = orjson.loads(written)
    return options

"""Filters: what a subscription asks for, kept once however many ask for it, and matched by one join.

A filter is written as its options (`zone`, `not_keyword` …), kept as folded terms, and matched against an article's
facts: `facts_of` makes them in Python, `MATCHING` finds every filter that they pass. Imports articles and the store.
"""

from zonewire.filters.facts import Facts, facts_of
from zonewire.filters.filter import DIMENSIONS, WANTED, Filter, as_options, filter_of, folding, parse_written
from zonewire.filters.interning import intern, intern_many
from zonewire.filters.keywords import KeywordIndex, keyword_index
from zonewire.filters.passing import Passing
from zonewire.filters.statements import MATCHING

__all__ = [
    "DIMENSIONS",
    "MATCHING",
    "WANTED",
    "Facts",
    "Filter",
    "KeywordIndex",
    "Passing",
    "as_options",
    "facts_of",
    "filter_of",
    "folding",
    "intern",
    "intern_many",
    "keyword_index",
    "parse_written",
]

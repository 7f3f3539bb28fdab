"""Whether one article passes one filter that is not interned: for filters that come in an address."""

from collections.abc import Mapping

from zonewire.articles.model import Article
from zonewire.filters.facts import facts_of
from zonewire.filters.filter import DIMENSIONS, WANTED, Filter
from zonewire.filters.keywords import KeywordIndex

_NO_KEYWORDS = KeywordIndex(frozenset())


class Passing:
    """One filter, ready to be asked about many articles. The same rules as MATCHING."""

    def __init__(self, wanted: Filter) -> None:
        terms = {dimension: frozenset(values) for dimension, values in wanted.terms.items()}
        self._words = {dimension: values for dimension, values in terms.items() if dimension.endswith("keyword")}
        self._places = {dimension: values for dimension, values in terms.items() if dimension not in self._words}
        self._keywords = KeywordIndex(frozenset[str]().union(*self._words.values()))

    def __call__(self, article: Article) -> bool:
        """Whether *article* has one value of each dimension that is named, and none that is excluded."""
        if not _agrees(self._places, article, _NO_KEYWORDS):
            return False
        # The text last: to fold one of 2,000 characters takes fifteen times as long as all the rest.
        return not self._words or _agrees(self._words, article, self._keywords)


def _agrees(terms: Mapping[str, frozenset[str]], article: Article, keywords: KeywordIndex) -> bool:
    facts = facts_of(article, keywords)
    said: dict[str, set[str]] = {dimension: set() for dimension in DIMENSIONS}
    for dimension, value in zip(facts.dimensions, facts.values, strict=True):
        said[dimension].add(value)
    return all(bool(values & said[dimension]) == (dimension in WANTED) for dimension, values in terms.items())

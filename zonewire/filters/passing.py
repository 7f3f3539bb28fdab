"""Whether one article passes one filter that is not interned: for filters that come in an address."""

from zonewire.articles.model import Article
from zonewire.filters.facts import facts_of
from zonewire.filters.filter import DIMENSIONS, WANTED, Filter
from zonewire.filters.keywords import KeywordIndex


class Passing:
    """One filter, ready to be asked about many articles. The same rules as MATCHING."""

    def __init__(self, wanted: Filter) -> None:
        self._terms = {dimension: frozenset(values) for dimension, values in wanted.terms.items()}
        words = self._terms.get("keyword", frozenset()) | self._terms.get("not_keyword", frozenset())
        self._keywords = KeywordIndex(words)

    def __call__(self, article: Article) -> bool:
        """Whether *article* has one value of each dimension that is named, and none that is excluded."""
        facts = facts_of(article, self._keywords)
        said: dict[str, set[str]] = {dimension: set() for dimension in DIMENSIONS}
        for dimension, value in zip(facts.dimensions, facts.values, strict=True):
            said[dimension].add(value)
        return all(bool(values & said[dimension]) == (dimension in WANTED) for dimension, values in self._terms.items())

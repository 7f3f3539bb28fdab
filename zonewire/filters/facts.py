"""An article's facts: every value that a filter could name or exclude, as the table `filter_terms` spells them."""

from dataclasses import dataclass

from zonewire.articles.folding import fold
from zonewire.articles.model import Article
from zonewire.filters.keywords import KeywordIndex


@dataclass(frozen=True, slots=True)
class Facts:
    """Two lists side by side, as MATCHING takes them; each fact stands for its dimension and for its exclusion."""

    dimensions: list[str]
    values: list[str]


def facts_of(article: Article, keywords: KeywordIndex) -> Facts:
    """What *article* says of itself: zone, city, sections, and those of *keywords* that occur in it."""
    named = {
        "zone": {fold(article.zone)},
        "city": {fold(article.city)},
        "section": {fold(section) for section in article.section},
        "keyword": keywords.found_in((article.title, article.summary, article.text, *article.keywords)),
    }
    pairs = [(dimension, value) for dimension, values in named.items() for value in sorted(values) if value]
    pairs += [(f"not_{dimension}", value) for dimension, value in pairs]
    return Facts([dimension for dimension, _ in pairs], [value for _, value in pairs])

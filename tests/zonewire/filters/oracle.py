"""What MATCHING promises, in ten lines of Python: no index, no automaton, no SQL."""

import re

from zonewire.articles.folding import fold
from zonewire.articles.model import Article
from zonewire.filters import Filter
from zonewire.filters.characters import fold_keyword

LETTER = r"[^\W_\u3040-\u30ff\u4e00-\u9fff]"  # a letter or digit of a script that parts its words


def matches(wanted: Filter, article: Article) -> bool:
    """Whether *article* passes *wanted*."""
    fields = [fold_keyword(f) for f in (article.title, article.summary, article.text, *article.keywords)]

    def occurs(keyword: str) -> bool:
        word = re.escape(fold_keyword(keyword))
        whole = word if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", word) else f"(?<!{LETTER}){word}(?!{LETTER})"
        return any(re.search(whole, field) for field in fields)

    def has(own: tuple[str, ...], values: tuple[str, ...]) -> bool:
        return bool({fold(v) for v in own if v} & {fold(v) for v in values})

    zone, city = (article.zone,), (article.city,)
    included = [(wanted.zones, zone), (wanted.cities, city), (wanted.sections, article.section)]
    excluded = [(wanted.not_zones, zone), (wanted.not_cities, city), (wanted.not_sections, article.section)]
    return (
        all(has(own, values) for values, own in included if values)
        and (not wanted.keywords or any(map(occurs, wanted.keywords)))
        and not any(has(own, values) for values, own in excluded)
        and not any(map(occurs, wanted.not_keywords))
    )

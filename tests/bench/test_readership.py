"""The readers of the benchmark: as many filters as are said, no two alike, and none without news on any day."""

import itertools
import random
from collections import Counter

import pytest

from bench.readership import Options, Readership
from zonewire.articles.model import Article


def passes(article: Article, options: Options) -> bool:
    """Whether *article* passes a filter of the benchmark's, whose keywords stand among an article's own."""
    has = {
        "zone": {article.zone},
        "city": {article.city},
        "section": set(article.section),
        "keyword": set(article.keywords),
    }
    return all(
        has[dimension.removeprefix("not_")].isdisjoint(values) is dimension.startswith("not_")
        for dimension, values in options.items()
    )


@pytest.mark.parametrize(
    "readership",
    [Readership(articles=30, filters=20, subscribers=200), Readership(articles=300, filters=2_000, subscribers=4_000)],
)
def test_each_filter_is_there_once_and_passes_something_every_day(readership: Readership) -> None:
    filters, news = readership.wanted(random.Random(0)), list(readership.day(random.Random(1)))

    assert len({repr(sorted(options.items())) for options in filters}) == readership.filters
    assert all(any(passes(article, options) for article in news) for options in filters)


def test_every_filter_has_its_share_of_readers_and_no_two_of_them_come_together() -> None:
    lines = list(Readership(articles=30, filters=20, subscribers=200).lines(random.Random(0)))
    wanted = [
        repr({key: line[key] for key in line if key not in {"to", "channel", "at", "confirmed"}}) for line in lines
    ]

    assert len({line["to"] for line in lines}) == 200
    assert set(Counter(wanted).values()) == {10}
    assert all(one != other for one, other in itertools.pairwise(wanted))


def test_filters_are_mixed() -> None:
    filters = Readership(articles=300, filters=2_000, subscribers=1).wanted(random.Random(0))
    kinds = Counter(tuple(sorted(options)) for options in filters)

    assert {("zone",), ("city",), ("section",), ("keyword",), ("city", "keyword"), ("not_zone", "section")} <= set(
        kinds
    )
    assert kinds.most_common(1)[0][1] < 1_000

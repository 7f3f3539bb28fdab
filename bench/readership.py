"""Articles and readers for the benchmark of digests: a day's news of a province, and what people want to read of it.

Each article has a zone, a city, two sections and a few keywords by its place in the day alone, so that every filter,
which is made around one article, passes something on each day.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.newsroom import a_news_article
from tests.builders import NOON
from zonewire.articles.model import Article
from zonewire.store import SECOND

CITIES, ZONES, SECTIONS, KEYWORDS = 13, 60, 12, 90
KEYWORDS_EACH = 3
MAIL_HOSTS = 20

Options = dict[str, list[str]]
"""A filter, as a line of an import names it."""


@dataclass(frozen=True, slots=True)
class Readership:
    """How much there is to read, and how many read it."""

    articles: int  # a day
    filters: int  # distinct
    subscribers: int

    def day(self, chance: random.Random) -> Iterator[Article]:
        """A day's articles; their texts are by *chance*."""
        for n in range(self.articles):
            moment = NOON - n * 60 * SECOND
            yield a_news_article(chance, published_at=moment, **_places(n))

    def wanted(self, chance: random.Random) -> list[Options]:
        """Distinct filters: by one dimension or two, by several values, some with an exclusion."""
        found: dict[str, Options] = {}
        while len(found) < self.filters:
            options = _around(_values(chance.randrange(self.articles)), chance)
            found.setdefault(repr(sorted(options.items())), options)
        return list(found.values())

    def lines(self, chance: random.Random) -> Iterator[dict[str, Any]]:
        """What `subscriptions import` takes: readers of one filter stand nowhere together."""
        wanted = self.wanted(chance)
        for n in range(self.subscribers):
            to = f"reader{n}@mail{chance.randrange(MAIL_HOSTS)}.example"
            yield {"channel": "email", "to": to, "at": "08:00", "confirmed": True} | wanted[n % len(wanted)]


def _places(n: int) -> dict[str, Any]:
    values = _values(n)
    return {
        "zone": values["zone"][0],
        "city": values["city"][0],
        "section": tuple(values["section"]),
        "keywords": tuple(values["keyword"]),
    }


def _values(n: int) -> Options:
    """What the article *n* of any day is about."""
    return {
        "zone": [f"第{n % ZONES}产业园"],
        "city": [f"第{n % ZONES % CITIES}市"],
        "section": ["开发区新闻", f"第{n % SECTIONS}栏"],
        "keyword": [f"链主{(n * 7 + k * 31) % KEYWORDS:02}号" for k in range(KEYWORDS_EACH)],
    }


_KINDS = (
    ("zone",),
    ("city",),
    ("section",),
    ("keyword",),
    ("city", "section"),
    ("city", "keyword"),
    ("section", "keyword"),
)


def _around(values: Options, chance: random.Random) -> Options:
    """A filter that an article of *values* passes."""
    options = {dimension: _with_others(dimension, values[dimension][-1], chance) for dimension in chance.choice(_KINDS)}
    if "zone" not in options and chance.random() < 0.2:
        other = f"第{chance.randrange(ZONES)}产业园"
        options |= {"not_zone": [other]} if other not in values["zone"] else {}
    return options


def _with_others(dimension: str, value: str, chance: random.Random) -> list[str]:
    """*value*, and up to two more of its dimension."""
    others = (_values(chance.randrange(ZONES * SECTIONS))[dimension][-1] for _ in range(chance.randrange(3)))
    return sorted({value, *others})

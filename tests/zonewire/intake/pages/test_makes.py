"""Pages in the manner of many portals, as they were saved (makes/), and what each of them says (makes/expected.json)."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from zonewire.articles import Article
from zonewire.intake.moments import read_moment
from zonewire.intake.pages import article_of, decoded, page_of

MAKES = Path(__file__).parent / "makes"
EXPECTED: dict[str, dict[str, Any]] = orjson.loads((MAKES / "expected.json").read_bytes())
NOTHING: dict[str, Any] = dict.fromkeys(("source", "zone", "city", "author", "url"), "")


def read(name: str) -> Article:
    return article_of([page_of(decoded((MAKES / name).read_bytes()))])


def said(article: Article) -> dict[str, Any]:
    """An article as expected.json tells it."""
    return {
        "title": article.title,
        "published_at": article.published_at,
        "source": article.source,
        "zone": article.zone,
        "city": article.city,
        "section": list(article.section),
        "author": article.author,
        "url": article.url,
        "language": article.language,
        "text": article.text.split("\n\n"),
        "images": [[image.url, image.alt] for image in article.images],
        "enclosures": [enclosure.url for enclosure in article.enclosures],
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_of_this_make_says_what_its_article_says(name: str) -> None:
    expected = EXPECTED[name]
    defaults = NOTHING | {"section": [], "language": "zh-CN", "images": [], "enclosures": []}
    day = expected.get("published_at")
    assert said(read(name)) == defaults | expected | {"published_at": read_moment(day) if day else 0}


def test_there_is_a_page_for_each_expectation_and_the_other_way_round() -> None:
    assert len(EXPECTED) >= 30
    assert {path.name for path in MAKES.glob("*.html")} == set(EXPECTED)

"""The layout of the benchmark's feeds: each carries what is said, and no two the same."""

import random
from collections import defaultdict

import pytest

from bench.newsroom import Layout


@pytest.mark.parametrize("layout", [Layout(shelf=4, places=3), Layout(shelf=100, places=10)])
def test_a_round_gives_every_feed_one_article_and_every_article_a_feed_of_each_shelf(layout: Layout) -> None:
    for number in (0, 1, 7):
        places = [layout.places_of(article, number) for article in range(layout.shelf)]
        touched = {(shelf, place) for one in places for shelf, place in enumerate(one)}
        assert {len(one) for one in places} == {layout.places}
        assert len(touched) == layout.feeds


def test_no_two_feeds_carry_the_same_articles() -> None:
    layout, carried = Layout(shelf=100, places=10), defaultdict[tuple[int, int], set[tuple[int, int]]](set)
    for number in range(50):
        for article in range(layout.shelf):
            for shelf, place in enumerate(layout.places_of(article, number)):
                carried[shelf, place].add((number, article))
    assert {len(some) for some in carried.values()} == {50}
    assert len({frozenset(some) for some in carried.values()}) == layout.feeds


def test_articles_stand_in_a_zone_a_city_and_sections_and_are_unlike() -> None:
    some = list(Layout(shelf=4, places=3).round(0, random.Random(0)))
    assert [(article.zone, article.city, len(article.section)) for article in some[:2]] == [
        ("第0产业园", "第0市", 1),
        ("第1产业园", "第1市", 1),
    ]
    assert len({article.text for article in some}) == 4
    assert all(300 < len(article.text) < 700 for article in some)

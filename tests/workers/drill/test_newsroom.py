"""What a drill publishes follows from its seed, and makes sense as the life of articles."""

import random
from datetime import UTC, datetime
from itertools import pairwise

from tests.workers.drill.builders import history_of
from workers.drill.audience import HTTP_DOORS, audience_of
from workers.drill.newsroom import News, Newsroom

EVENTS = 400


def published(seed: int) -> list[News]:
    newsroom = Newsroom(random.Random(seed), 24)
    return [newsroom.next() for _ in range(EVENTS)]


def test_the_same_seed_publishes_the_same() -> None:
    assert published(1) == published(1)
    assert published(1) != published(2)


def test_articles_are_published_corrected_moved_withdrawn_and_brought_back() -> None:
    history = history_of(*published(3))
    pairs = [pair for versions in history.values() for pair in pairwise(versions)]

    assert all([one.version for one in versions] == list(range(1, len(versions) + 1)) for versions in history.values())
    assert not any(before.withdrawn and after.withdrawn for before, after in pairs)
    assert all(after.text_version == before.text_version for before, after in pairs if after.withdrawn)
    assert all(before.title != after.title for before, after in pairs if not after.withdrawn)
    assert any(before.city != after.city for before, after in pairs)
    assert any(before.withdrawn for before, _ in pairs)


def test_every_article_is_wanted_by_some_and_each_receiver_wants_some() -> None:
    ports = {name: 20_000 + n for n, name in enumerate(HTTP_DOORS)}
    audience = audience_of(random.Random(1), ports, zones=24, began=datetime(2026, 6, 11, 4, tzinfo=UTC))
    news = published(1)

    assert all({"webhook", "email"} <= {who.counted_as for who in audience if who.wants(one)} for one in news)
    assert all(any(who.wants(one) for one in news) for who in audience)
    assert len({one.to for one in audience}) == len(audience)

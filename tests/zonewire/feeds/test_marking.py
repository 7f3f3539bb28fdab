"""Marking: where an article stands after each of its versions, and that feeds know that they have to be published."""

from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from tests.builders import NOON, a_version, an_article
from zonewire.feeds import list_feeds, mark_touched
from zonewire.store.tables import feed_entries, feeds


def standing(db: Connection, **where: Any) -> dict[str, bool]:
    """The feeds that hold something, and whether it is a tombstone."""
    joined = feeds.join(feed_entries, feed_entries.c.feed_id == feeds.c.id)
    query = select(feeds.c.name, feed_entries.c.withdrawn).select_from(joined)
    for column, value in where.items():
        query = query.where(feed_entries.c[column] == value)
    return {row.name: row.withdrawn for row in db.execute(query)}


def counts(db: Connection) -> dict[str, int]:
    return {line.name: line.articles for line in list_feeds(db)}


def dirty(db: Connection) -> dict[str, tuple[int, int | None]]:
    query = select(feeds.c.name, feeds.c.dirty_to, feeds.c.dirty_since)
    return {row.name: (row.dirty_to, row.dirty_since) for row in db.execute(query)}


def test_an_article_stands_in_the_feeds_of_its_places(db: Connection) -> None:
    article = an_article(zone="甲区", city="泰州", section=("开发区新闻", "文字新闻"))
    mark_touched(db, a_version(db, article), now=NOON)
    names = ["all", "city/taizhou", "section/kaifaquxinwen", "section/wenzixinwen", "zone/jiaqu"]
    assert standing(db) == dict.fromkeys(names, False)
    assert counts(db) == dict.fromkeys(names, 1)
    assert [line.title for line in list_feeds(db)] == ["全部文章", "泰州", "开发区新闻", "文字新闻", "甲区"]


def test_an_article_without_places_stands_in_the_feed_of_everything(db: Connection) -> None:
    mark_touched(db, a_version(db, an_article(zone="", city=" ", section=())), now=NOON)
    assert standing(db) == {"all": False}


def test_two_spellings_of_a_section_are_one_feed(db: Connection) -> None:
    mark_touched(db, a_version(db, an_article(zone="", city="", section=("News", "ＮＥＷＳ "))), now=NOON)
    assert counts(db) == {"all": 1, "section/news": 1}
    assert list_feeds(db)[1].title == "News"


def test_cities_that_sound_alike_have_feeds_of_their_own(db: Connection) -> None:
    for city in ("泰州", "台州", "泰州"):
        mark_touched(db, a_version(db, an_article(city=city, zone="", section=())), now=NOON)
    assert counts(db) == {"all": 3, "city/taizhou": 2, "city/taizhou-2": 1}


def test_an_article_that_moves_leaves_its_old_city_without_a_tombstone(db: Connection) -> None:
    article = an_article(zone="", section=(), city="泰州")
    mark_touched(db, a_version(db, article), now=NOON)
    moved = an_article(guid=article.guid, zone="", section=(), city="苏州")
    mark_touched(db, a_version(db, moved), now=NOON)
    assert standing(db) == {"all": False, "city/suzhou": False}
    assert counts(db) == {"all": 1, "city/suzhou": 1, "city/taizhou": 0}
    assert dirty(db)["city/taizhou"] == (2, NOON)


def test_a_withdrawn_article_is_a_tombstone_wherever_it_stood(db: Connection) -> None:
    article = an_article(zone="", section=(), city="泰州")
    mark_touched(db, a_version(db, article), now=NOON)
    mark_touched(db, a_version(db, article, withdrawn=True), now=NOON)
    assert standing(db, number=2) == {"all": True, "city/taizhou": True}
    assert counts(db) == {"all": 0, "city/taizhou": 0}


def test_a_withdrawn_article_that_comes_back_elsewhere_stays_a_tombstone_where_it_was(db: Connection) -> None:
    article = an_article(zone="", section=(), city="泰州")
    mark_touched(db, a_version(db, article), now=NOON)
    mark_touched(db, a_version(db, article, withdrawn=True), now=NOON)
    again = an_article(guid=article.guid, zone="", section=(), city="苏州")
    mark_touched(db, a_version(db, again), now=NOON)
    assert standing(db) == {"all": False, "city/suzhou": False, "city/taizhou": True}
    assert counts(db) == {"all": 1, "city/suzhou": 1, "city/taizhou": 0}


def test_the_withdrawal_of_an_unknown_article_leaves_a_tombstone_in_the_feed_of_everything(db: Connection) -> None:
    article = an_article(city="泰州", zone="", section=())
    version = a_version(db, article, withdrawn=True)
    mark_touched(db, version, now=NOON)
    mark_touched(db, version, now=NOON + 5)
    assert standing(db) == {"all": True}
    assert counts(db) == {"all": 0}
    assert dirty(db) == {"all": (1, NOON)}
    mark_touched(db, a_version(db, article), now=NOON)
    assert standing(db) == {"all": False, "city/taizhou": False}
    assert counts(db) == {"all": 1, "city/taizhou": 1}


def test_what_was_withdrawn_before_it_ever_stood_leaves_nothing(db: Connection) -> None:
    """Published and withdrawn before the reaction came to it: no feed ever showed it."""
    article = an_article(city="泰州")
    a_version(db, article)
    mark_touched(db, a_version(db, article, withdrawn=True), now=NOON)
    assert standing(db) == {}
    assert dirty(db) == {"all": (0, None)}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_versions_in_any_order_end_where_the_newest_says(db: Connection, order: tuple[int, ...]) -> None:
    article = an_article(zone="", section=(), city="泰州")
    versions = [
        a_version(db, article),
        a_version(db, an_article(guid=article.guid, zone="", section=(), city="台州")),
        a_version(db, an_article(guid=article.guid, zone="", section=(), city="苏州")),
    ]
    for place in order:
        mark_touched(db, versions[place], now=NOON)
    assert standing(db, number=3) == {"all": False, "city/suzhou": False}
    assert sum(n for name, n in counts(db).items() if name != "all") == 1


def test_marking_again_changes_nothing(db: Connection) -> None:
    version = a_version(db)
    mark_touched(db, version, now=NOON)
    before = dirty(db), standing(db), counts(db)
    mark_touched(db, version, now=NOON + 5)
    assert (dirty(db), standing(db), counts(db)) == before


def test_an_older_article_that_is_marked_later_still_makes_its_feed_dirtier(db: Connection) -> None:
    """Else a publisher that read between the two would clear both."""
    early, late = (a_version(db, an_article(zone="", section=(), city="")) for _ in range(2))
    mark_touched(db, late, now=NOON)
    before = dirty(db)["all"]
    mark_touched(db, early, now=NOON + 9)
    assert dirty(db)["all"][0] > before[0]
    assert dirty(db)["all"][1] == NOON  # the burst began with the first touch


def test_marking_takes_few_statements_however_many_sections(db: Connection) -> None:
    sections = tuple(f"栏目{n}" for n in range(40))
    mark_touched(db, a_version(db, an_article(section=sections)), now=NOON)
    version = a_version(db, an_article(section=sections))
    seen: list[str] = []
    event.listen(db, "before_cursor_execute", lambda _c, _cur, words, *_: seen.append(words))
    mark_touched(db, version, now=NOON)
    assert len(seen) <= 6


def test_a_feeds_change_is_the_newest_version_that_touched_it(db: Connection) -> None:
    early, late = (a_version(db, an_article(zone="", section=(), city="")) for _ in range(2))
    mark_touched(db, late, now=NOON)
    mark_touched(db, early, now=NOON)
    assert list_feeds(db)[0].updated_at == late.accepted_at

"""Declared feeds: made, filled with the articles of before, kept up by reactions, changed and dropped."""

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.builders import NOON, a_version, an_article
from zonewire.articles.slugs import slug_for
from zonewire.feeds import (
    Catalogue,
    Format,
    current_document,
    declare,
    declaring,
    fill,
    list_feeds,
    mark_touched,
    publish_due,
)
from zonewire.feeds.catalogue import Declared, Place
from zonewire.filters import MATCHING, Filter, facts_of, keyword_index
from zonewire.rendering.portal import Portal
from zonewire.store import Store
from zonewire.store.tables import documents, feed_entries, feeds

BASE = "https://wire.example"


def a_catalogue(*declared: Declared, **over: object) -> Catalogue:
    return Catalogue(declared=declared, **over)  # type: ignore[arg-type]  # its own fields


def chips(**over: object) -> Declared:
    fields: dict[str, object] = {"name": "chips", "title": "集成电路", "wanted": Filter(keywords=("芯片",))}
    return Declared(**(fields | over))  # type: ignore[arg-type]  # its own fields


def publish(store: Store, *titles: str, withdrawn: bool = False) -> None:
    """Accept an article of each title, and react to it as the events lane does."""
    for title in titles:
        article = an_article(guid=f"https://portal.example/{title}", title=title)
        with store.writing() as db:
            version = a_version(db, article, withdrawn=withdrawn)
            facts = facts_of(article, keyword_index(db))
            passed = db.execute(MATCHING, {"dimensions": facts.dimensions, "values": facts.values}).scalars().all()
            mark_touched(db, version, now=NOON, filter_ids=passed)


def shown(store: Store, catalogue: Catalogue, name: str = "chips") -> str:
    while fill(store):
        pass
    publish_due(store, base_url=BASE, window_s=0, catalogue=catalogue)
    with store.reading() as db:
        document = current_document(db, name, Format.ATOM)
    assert document is not None
    return document.plain.decode()


def count(store: Store, name: str = "chips") -> int:
    with store.reading() as db:
        return next(line.articles for line in list_feeds(db) if line.name == name)


def test_it_holds_what_was_there_before_and_what_comes_after(store: Store) -> None:
    publish(store, "芯片厂开工", "码头开港")
    catalogue = a_catalogue(chips())
    assert declare(store, catalogue) == 1
    publish(store, "芯片厂投产", "码头扩建")

    document = shown(store, catalogue)
    assert "芯片厂开工" in document
    assert "芯片厂投产" in document
    assert "码头" not in document
    assert count(store) == 2


def test_an_empty_one_is_a_document_all_the_same(store: Store) -> None:
    catalogue = a_catalogue(chips(description="芯片、封装和材料"), portal=Portal(name="江海投资促进网"))
    declare(store, catalogue)

    document = shown(store, catalogue)
    assert "<title>集成电路 · 江海投资促进网</title>" in document
    assert "<subtitle>芯片、封装和材料</subtitle>" in document


def test_filling_goes_on_where_it_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaring, "BATCH", 2)
    monkeypatch.setattr(declaring, "_NEXT_ARTICLES", declaring._NEXT_ARTICLES.limit(2))
    publish(store, *(f"芯片{n}" for n in range(5)))
    declare(store, a_catalogue(chips()))

    assert [fill(store) for _ in range(5)] == [True, True, True, False, False]
    assert count(store) == 5


def test_declaring_again_changes_nothing(store: Store) -> None:
    publish(store, "芯片厂开工")
    catalogue = a_catalogue(chips())
    declare(store, catalogue)
    before = shown(store, catalogue)

    assert declare(store, catalogue) == 0
    assert fill(store) is False
    assert shown(store, catalogue) == before
    assert count(store) == 1


def test_with_another_filter_it_is_filled_anew(store: Store) -> None:
    publish(store, "芯片厂开工", "码头开港")
    declare(store, a_catalogue(chips()))
    shown(store, a_catalogue(chips()))
    catalogue = a_catalogue(chips(wanted=Filter(keywords=("码头",))))
    assert declare(store, catalogue) == 1

    document = shown(store, catalogue)
    assert "码头开港" in document
    assert "芯片厂开工" not in document
    assert count(store) == 1


def test_what_is_no_longer_declared_is_gone(store: Store) -> None:
    publish(store, "芯片厂开工")
    declare(store, a_catalogue(chips()))
    shown(store, a_catalogue(chips()))
    assert declare(store, Catalogue()) == 1

    with store.reading() as db:
        left = {row.name for row in db.execute(select(feeds.c.name))}
        ids = set(db.execute(select(feeds.c.id)).scalars())
        assert set(db.execute(select(documents.c.feed_id)).scalars()) <= ids
        assert set(db.execute(select(feed_entries.c.feed_id)).scalars()) <= ids
    assert "chips" not in left
    assert "all" in left


def test_an_article_that_fits_no_longer_leaves_it_and_a_withdrawn_one_leaves_a_tombstone(store: Store) -> None:
    catalogue = a_catalogue(chips())
    declare(store, catalogue)
    publish(store, "芯片厂开工", "芯片厂投产")
    with store.writing() as db:
        changed = an_article(guid="https://portal.example/芯片厂开工", title="码头开工")
        mark_touched(db, a_version(db, changed), now=NOON)
    publish(store, "芯片厂投产", withdrawn=True)

    document = shown(store, catalogue)
    assert "<entry" not in document
    assert document.count("deleted-entry") == 1
    assert count(store) == 0


def test_length_and_text_are_its_own(store: Store) -> None:
    catalogue = a_catalogue(chips(entries=2, text="summary"))
    declare(store, catalogue)
    publish(store, "芯片一", "芯片二", "芯片三")

    document = shown(store, catalogue)
    assert document.count("<entry") == 2
    assert "预计明年投产" not in document  # the text
    assert "将建设新能源汽车零部件生产线" in document  # the summary
    assert "预计明年投产" in shown(store, catalogue, "all")


def test_a_slug_is_fixed_before_its_first_article_and_not_after(store: Store) -> None:
    with store.writing() as db:
        assert slug_for(db, "city", "泰州") == "taizhou"
    places = (Place(kind="city", name="台州", slug="taizhou-zj"), Place(kind="city", name="泰州", slug="other"))
    with capture_logs() as logs:
        declare(store, Catalogue(places=places))

    with store.writing() as db:
        assert slug_for(db, "city", "台州") == "taizhou-zj"
        assert slug_for(db, "city", "泰州") == "taizhou"
    (told,) = [line for line in logs if line["event"] == "slug.refused"]
    assert (told["name"], told["wanted"], told["has"]) == ("泰州", "other", "taizhou")


def test_another_catalogue_makes_every_document_anew(store: Store) -> None:
    publish(store, "芯片厂开工")
    assert "江海" not in shown(store, Catalogue(), "all")
    portal = Portal(name="江海投资促进网", copyright="© 江海", logo="https://portal.example/l.png")

    document = shown(store, Catalogue(portal=portal), "all")
    assert "全部文章 · 江海投资促进网" in document
    assert "<rights>© 江海</rights>" in document
    assert "<logo>https://portal.example/l.png</logo>" in document


def test_a_version_that_it_was_filled_with_before_its_reaction_is_marked_everywhere_all_the_same(store: Store) -> None:
    """The lanes run side by side: an article may be accepted, and filled in, while its reaction waits."""
    catalogue = a_catalogue(chips())
    first = an_article(guid="https://portal.example/1", title="芯片厂开工", city="泰州")
    with store.writing() as db:
        version = a_version(db, first)
    declare(store, catalogue)
    shown(store, catalogue)
    with store.writing() as db:
        mark_touched(db, version, now=NOON, filter_ids=[])
    assert "芯片厂开工" in shown(store, catalogue, "all")

    with store.writing() as db:
        corrected = a_version(db, an_article(guid="https://portal.example/1", title="芯片厂投产", city="苏州"))
        db.execute(feeds.update().where(feeds.c.name == "chips").values(filled_to=0))
    shown(store, catalogue)
    with store.writing() as db:
        mark_touched(db, corrected, now=NOON, filter_ids=[])
    assert "芯片厂投产" in shown(store, catalogue, "all")
    assert "芯片厂开工" not in shown(store, catalogue, "city/taizhou")

"""Publishing: bursts are coalesced, nothing owed is cleared, nothing good is replaced by something bad."""

import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import feedparser
import orjson
import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from tests.builders import NOON, a_version, an_article
from tests.plans import plan_of
from zonewire.articles.model import Article, Version
from zonewire.feeds import (
    ALL,
    Document,
    Format,
    Published,
    are_out,
    current_document,
    mark_touched,
    marks_of,
    publish_due,
    publishing,
    served_document,
    statements,
)
from zonewire.feeds.documents import Spoiled
from zonewire.feeds.documents import assemble as real_assemble
from zonewire.feeds.entries import render_entry
from zonewire.store import SECOND, Store
from zonewire.store.tables import documents, entry_renderings, feeds

BASE = "https://wire.example"
ASSEMBLE, RENDER = "zonewire.feeds.publishing.assemble", "zonewire.feeds.publishing.render_entry"


def published(store: Store, *, now: int = NOON, window_s: float = 2, base_url: str = BASE) -> Published:
    return publish_due(store, base_url=base_url, window_s=window_s, now=now)


def an_unplaced_article(**over: Any) -> Article:
    """One that stands in the feed of everything alone."""
    return an_article(**({"zone": "", "city": "", "section": ()} | over))


def accept(store: Store, *articles: Article, now: int = NOON, withdrawn: bool = False) -> None:
    with store.writing() as db:
        for article in articles:
            mark_touched(db, a_version(db, article, withdrawn=withdrawn), now=now)


def mark_all(store: Store, versions: Sequence[Version]) -> None:
    for version in versions:
        with store.writing() as db:
            mark_touched(db, version, now=NOON)


def read(store: Store, name: str = ALL, form: Format = Format.JSON) -> Document:
    with store.reading() as db:
        found = current_document(db, name, form)
    assert found is not None
    return found


def titles(store: Store, name: str = ALL) -> list[str]:
    return [item["title"] for item in orjson.loads(read(store, name).plain)["items"]]


def test_the_first_change_of_a_quiet_feed_publishes_at_once(store: Store) -> None:
    accept(store, an_unplaced_article(title="一"))
    assert published(store) == Published(1, None)
    assert titles(store) == ["一"]


def test_the_rest_of_a_burst_is_published_together_at_the_end_of_the_window(store: Store) -> None:
    accept(store, an_unplaced_article(title="一"))
    published(store)
    accept(store, an_unplaced_article(title="二"), now=NOON + SECOND // 2)
    accept(store, an_unplaced_article(title="三"), now=NOON + SECOND)
    assert published(store, now=NOON + SECOND) == Published(0, NOON + 2 * SECOND)
    assert titles(store) == ["一"]
    assert published(store, now=NOON + 2 * SECOND) == Published(1, None)
    assert sorted(titles(store)) == ["一", "三", "二"]


def test_a_change_after_a_quiet_while_does_not_wait(store: Store) -> None:
    accept(store, an_unplaced_article())
    published(store)
    accept(store, an_unplaced_article(), now=NOON + 60 * SECOND)
    assert published(store, now=NOON + 60 * SECOND).count == 1


def test_a_clean_feed_is_not_made_again(store: Store) -> None:
    accept(store, an_unplaced_article())
    published(store)
    assert published(store, now=NOON + 60 * SECOND) == Published(0, None)


def test_a_clock_that_jumped_back_holds_no_feed_up(store: Store) -> None:
    accept(store, an_unplaced_article())
    published(store, now=NOON + 3_600 * SECOND)
    accept(store, an_unplaced_article())
    assert published(store, now=NOON).count == 1


def test_a_change_while_documents_are_made_stays_owed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(store, an_unplaced_article(title="一"))

    def assemble(*args: Any) -> Any:
        monkeypatch.setattr(ASSEMBLE, real_assemble)
        accept(store, an_unplaced_article(title="二"), now=NOON)
        return real_assemble(*args)

    monkeypatch.setattr(ASSEMBLE, assemble)
    assert published(store) == Published(1, NOON + 2 * SECOND)
    assert titles(store) == ["一"]
    published(store, now=NOON + 2 * SECOND)
    assert sorted(titles(store)) == ["一", "二"]


def test_of_two_publishers_the_one_that_read_less_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(store, an_unplaced_article(title="一"))

    def assemble(*args: Any) -> Any:
        monkeypatch.setattr(ASSEMBLE, real_assemble)
        accept(store, an_unplaced_article(title="二"))
        published(store)  # the other one, which is faster
        return real_assemble(*args)

    monkeypatch.setattr(ASSEMBLE, assemble)
    assert published(store) == Published(1, None)
    assert sorted(titles(store)) == ["一", "二"]


def test_a_document_carries_the_fifty_accepted_last_newest_publication_first(store: Store) -> None:
    articles = [an_unplaced_article(title=str(n), published_at=NOON - n * SECOND) for n in range(60)]
    accept(store, *articles)
    published(store)
    assert titles(store) == [str(n) for n in range(10, 60)]


def test_equal_dates_go_by_acceptance(store: Store) -> None:
    accept(store, *(an_unplaced_article(title=str(n), published_at=NOON - SECOND) for n in range(3)))
    published(store)
    assert titles(store) == ["2", "1", "0"]


def test_an_update_of_an_old_article_brings_it_back(store: Store) -> None:
    articles = [an_unplaced_article(title=str(n)) for n in range(60)]
    accept(store, *articles)
    accept(store, an_unplaced_article(guid=articles[0].guid, title="更正"))
    published(store)
    assert "更正" in titles(store)
    assert "10" not in titles(store)


def test_a_withdrawn_article_leaves_and_atom_says_so(store: Store) -> None:
    article = an_article(title="撤", city="泰州")
    accept(store, article, an_article(title="留", city="泰州"))
    published(store)
    accept(store, article, withdrawn=True)
    published(store, now=NOON + 2 * SECOND)
    for name in (ALL, "city/taizhou"):
        assert titles(store, name) == ["留"]
        atom = read(store, name, Format.ATOM).plain.decode()
        assert re.findall(r"<at:deleted-entry ref=\"(.*?)\"", atom) == [article.guid]
        assert feedparser.parse(atom.encode()).bozo == 0


def test_a_tombstone_goes_when_its_time_in_the_document_is_over(store: Store) -> None:
    article = an_unplaced_article()
    accept(store, article)
    accept(store, article, withdrawn=True)
    accept(store, *(an_unplaced_article() for _ in range(60)))
    published(store)
    assert b"deleted-entry" not in read(store, form=Format.ATOM).plain


def test_an_entry_is_rendered_once_for_all_feeds_and_publications(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[tuple[int, str]] = []

    def counted(version: Any, form: Format, **kw: Any) -> bytes:
        rendered.append((version.number, form))
        return render_entry(version, form, **kw)

    monkeypatch.setattr(RENDER, counted)
    accept(store, an_article(), an_article())
    published(store)
    accept(store, an_article(), now=NOON + 9 * SECOND)
    published(store, now=NOON + 9 * SECOND)
    assert sorted(rendered) == sorted((number, form) for number in (1, 2, 3) for form in Format)


def test_one_poisoned_entry_is_left_out_and_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = an_unplaced_article(title="毒")

    def poisoned(version: Any, form: Format, **kw: Any) -> bytes:
        if version.article.guid == bad.guid and form is Format.ATOM:
            raise ValueError("poison")
        return render_entry(version, form, **kw)

    monkeypatch.setattr(RENDER, poisoned)
    accept(store, an_unplaced_article(title="一"), bad, an_unplaced_article(title="三"))
    with capture_logs() as logs:
        assert published(store) == Published(1, None)
    assert [(line["article_guid"], line["format"]) for line in logs if line["event"] == "entry.spoiled"] == [
        (bad.guid, "atom")
    ]
    atom = feedparser.parse(read(store, form=Format.ATOM).plain)
    assert [entry.title for entry in atom.entries] == ["三", "一"]
    assert titles(store) == ["三", "毒", "一"]


def test_a_document_that_does_not_parse_leaves_the_last_good_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(store, an_unplaced_article(title="一"))
    published(store)
    good = read(store, form=Format.RSS)

    def spoiled(feed: Any, form: Format, *args: Any) -> Any:
        if form is Format.RSS:
            raise Spoiled("no")
        return real_assemble(feed, form, *args)

    monkeypatch.setattr(ASSEMBLE, spoiled)
    accept(store, an_unplaced_article(title="二"), now=NOON + 9 * SECOND)
    with capture_logs() as logs:
        assert published(store, now=NOON + 9 * SECOND) == Published(1, None)
    assert [(line["feed"], line["format"]) for line in logs if line["event"] == "document.spoiled"] == [("all", "rss")]
    assert read(store, form=Format.RSS) == good
    assert sorted(titles(store)) == ["一", "二"]


def test_every_document_of_a_burst_is_taken_by_a_reader_as_it_is(store: Store) -> None:
    accept(store, *(an_article(title=f"题 & <b>{n}</b> ]]> 😀", city=f"城{n % 3}") for n in range(9)))
    published(store)
    with store.reading() as db:
        joined = feeds.join(documents, documents.c.feed_id == feeds.c.id)
        rows = db.execute(select(feeds.c.name, documents.c.format).select_from(joined)).all()
    assert len(rows) == 7 * 3
    for name, form in rows:
        plain = read(store, name, Format(form)).plain
        assert form == "json" or feedparser.parse(plain).bozo == 0
        assert form != "json" or orjson.loads(plain)["items"]


def test_a_document_made_again_is_the_same_bytes_and_keeps_its_date(store: Store) -> None:
    accept(store, an_unplaced_article(), an_unplaced_article())
    published(store)
    first = {form: read(store, form=form) for form in Format}
    with store.writing() as db:
        db.execute(entry_renderings.delete())
        db.execute(feeds.update().values(dirty_to=feeds.c.dirty_to + 1, dirty_since=NOON))
    assert published(store, now=NOON + 60 * SECOND).count == 1
    for form, before in first.items():
        after = read(store, form=form)
        assert (after.plain, after.etag, after.changed_at) == (before.plain, before.etag, NOON)


def test_documents_of_another_address_are_made_again(store: Store) -> None:
    accept(store, an_unplaced_article(url="", guid="inside-1"))
    published(store)
    assert published(store, now=NOON + 60 * SECOND, base_url="https://moved.example").count == 1
    feed = orjson.loads(read(store).plain)
    assert feed["feed_url"] == "https://moved.example/feeds/all.json"
    assert feed["items"][0]["url"].startswith("https://moved.example/articles/a")
    assert published(store, now=NOON + 90 * SECOND, base_url="https://moved.example").count == 0


def test_a_thousand_dirty_feeds_take_few_statements_a_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "TURN_S", 60)  # all in one turn, however busy the machine is
    accept(store, *(an_article(city=f"城{n}", zone=f"区{n}", section=()) for n in range(40)))
    seen: list[str] = []
    for engine in {store._reader, store._writer}:
        event.listen(engine, "before_cursor_execute", lambda _c, _cur, words, *_: seen.append(words))
    tally = published(store)
    batches = -(-tally.count // publishing.BATCH)
    assert tally.count == 81
    assert len([words for words in seen if not words.startswith("BEGIN")]) <= 12 * batches


def test_one_call_leaves_the_rest_to_the_next_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "TURN_S", -1)
    accept(store, *(an_article(city=f"城{n}", zone="", section=()) for n in range(publishing.BATCH)))
    first = published(store)
    assert (first.count, first.next_due_at) == (publishing.BATCH, NOON)
    assert published(store) == Published(1, None)


def test_reactions_and_publishers_side_by_side_lose_nothing(store: Store) -> None:
    with store.writing() as db:
        versions = [
            a_version(db, an_article(city=f"城{n % 7}", zone=f"区{n % 5}", section=(f"栏{n % 3}",))) for n in range(40)
        ]
    with ThreadPoolExecutor(4) as pool:
        work: list[Future[Any]] = [pool.submit(mark_all, store, versions[n::8]) for n in range(8)]
        work += [pool.submit(published, store, window_s=0) for _ in range(12)]
        work += [pool.submit(mark_all, store, [an_older]) for an_older in reversed(versions)]
        for job in work:
            job.result()
    published(store, window_s=0, now=NOON + SECOND)
    for name, count in {ALL: 40, "city/cheng3": 6, "zone/qu4": 8, "section/lan0": 14}.items():
        assert len(titles(store, name)) == count


def test_one_can_wait_until_an_article_is_out(store: Store) -> None:
    accept(store, an_unplaced_article(title="一"))
    published(store)
    accept(store, an_article(title="二"))
    with store.reading() as db:
        marks = marks_of(db, 2)
        assert len(marks) == 5
        assert not are_out(db, marks)
    published(store)
    with store.reading() as db:
        assert not are_out(db, marks)  # `all` is still within its window
    published(store, now=NOON + 2 * SECOND)
    with store.reading() as db:
        assert are_out(db, marks)


def test_the_feed_of_everything_is_an_empty_document_from_the_first_start(store: Store) -> None:
    for form in Format:
        with store.reading() as db:
            first = served_document(db, ALL, form, base_url=BASE)
            second = served_document(db, ALL, form, base_url=BASE)
            assert current_document(db, ALL, form) is None
            assert served_document(db, "city/taizhou", form, base_url=BASE) is None
        assert first is not None
        assert first == second
        assert form is Format.JSON or feedparser.parse(first.plain).bozo == 0


def test_a_large_feed_is_read_no_further_than_its_document(store: Store) -> None:
    with store.reading() as db:
        plan = " ".join(plan_of(db, statements.SHOWN, {"feed_ids": [1, 2], "beyond": 49}))
        due = " ".join(plan_of(db, statements.DUE_FEEDS, {"now": NOON, "quiet_since": NOON, "at_most": 16}))
    if not store.is_postgresql:  # on empty tables PostgreSQL prefers to scan
        assert "ix_feed_entries_newest (feed_id=? AND number>?)" in plan
        assert "ix_feed_entries_newest (feed_id=?)" in plan
        assert "ix_feeds_dirty" in due

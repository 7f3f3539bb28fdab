"""Archives: nothing ever stands between a document and them, and nothing later changes one but a withdrawal."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import feedparser
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from structlog.testing import capture_logs

from tests.builders import NOON, a_version, an_article
from tests.examples import examples
from tests.plans import plan_of
from tests.zonewire.feeds.history import in_a_gap, told
from tests.zonewire.feeds.test_publishing import BASE, an_unplaced_article, mark_all
from zonewire.articles.model import Article, Version
from zonewire.feeds import (
    ALL,
    Catalogue,
    Document,
    Format,
    Making,
    archive_document,
    archiving,
    current_document,
    mark_touched,
    publish_due,
    publishing,
    statements,
)
from zonewire.feeds.archiving import cut
from zonewire.store import Store
from zonewire.store.tables import archive_entries, archives, feed_entries, feeds

THREE = Catalogue(entries=3)


def accept(store: Store, *articles: Article, withdrawn: bool = False) -> list[Version]:
    with store.writing() as db:
        return [a_version(db, article, withdrawn=withdrawn) for article in articles]


def publish(store: Store, *articles: Article, withdrawn: bool = False, catalogue: Catalogue = THREE) -> None:
    with store.writing() as db:
        for article in articles:
            mark_touched(db, a_version(db, article, withdrawn=withdrawn), now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=catalogue, now=NOON)


def read(store: Store, nth: int, name: str = ALL, form: Format = Format.ATOM) -> Document | None:
    with store.reading() as db:
        return archive_document(db, name, nth, form, making=Making(BASE, THREE))


def taken(store: Store, nth: int, name: str = ALL, form: Format = Format.ATOM) -> bytes:
    found = read(store, nth, name, form)
    assert found is not None
    return found.plain


def sizes(store: Store, name: str = ALL) -> list[int]:
    query = select(func.count()).select_from(archive_entries.join(feeds, feeds.c.id == archive_entries.c.feed_id))
    with store.reading() as db:
        per_archive = query.where(feeds.c.name == name).group_by(archive_entries.c.nth).order_by(archive_entries.c.nth)
        return list(db.execute(per_archive).scalars())


def some(count: int, **over: Any) -> list[Article]:
    return [an_unplaced_article(title=f"第{n}篇", **over) for n in range(count)]


def test_what_fits_into_the_document_stands_in_no_archive(store: Store) -> None:
    publish(store, *some(3))

    assert read(store, 1) is None
    with store.reading() as db:
        document = current_document(db, ALL, Format.ATOM)
    assert document is not None
    assert b"archive" not in document.plain


def test_an_archive_is_closed_with_as_many_articles_as_a_document_has(store: Store) -> None:
    with capture_logs() as logs:
        publish(store, *some(3))
        publish(store, *some(1))

    assert sizes(store) == [3]
    closed = [line for line in logs if line["event"] == "archive.closed"]
    assert [(line["feed"], line["archives"], line["entries"]) for line in closed] == [(ALL, 1, 3)]


def test_an_archive_is_a_document_that_readers_take_as_it_is(store: Store) -> None:
    publish(store, *some(7))
    here = f"{BASE}/feeds/archive/all/"

    for form in (Format.RSS, Format.ATOM):
        second = taken(store, 2, form=form)
        parsed = feedparser.parse(second)
        assert parsed.bozo == 0
        assert {link.rel: link.href for link in parsed.feed.links if link.rel != "alternate"} == {
            "self": f"{here}2.{form}",
            "current": f"{BASE}/feeds/all.{form}",
            "prev-archive": f"{here}1.{form}",
            "next-archive": f"{here}3.{form}",
        }
        assert b"<fh:archive/>" in second
        assert b"prev-archive" not in taken(store, 1, form=form)
    feed = orjson.loads(taken(store, 2, form=Format.JSON))
    assert (feed["feed_url"], feed["next_url"]) == (f"{BASE}/feeds/all.json", f"{here}1.json")
    assert b"next_url" not in taken(store, 1, form=Format.JSON)


def test_nothing_later_changes_an_archive(store: Store) -> None:
    there = some(4, city="泰州")
    publish(store, *there)
    before = {(name, form): taken(store, 1, name, form) for name in (ALL, "city/taizhou") for form in Format}
    publish(store, an_unplaced_article(guid=there[0].guid, title="更正"))  # and it leaves the city
    publish(store, *some(9))

    assert {key: taken(store, 1, *key) for key in before} == before
    assert "更正" in taken(store, 2).decode()


def test_a_withdrawn_text_leaves_every_archive_and_does_not_come_back(store: Store) -> None:
    there = some(4)
    publish(store, *there)
    before = read(store, 1)
    accept(store, there[1], withdrawn=True)  # even before its reaction
    after = {form: taken(store, 1, form=form).decode() for form in Format}

    assert not [form for form, text in after.items() if "第1篇" in text]
    assert f'<at:deleted-entry ref="{there[1].guid}"' in after[Format.ATOM]
    changed = read(store, 1)
    assert before is not None
    assert changed is not None
    assert changed.changed_at > before.changed_at
    publish(store, there[1])
    assert taken(store, 1).decode() == after[Format.ATOM]


def test_a_remembered_one_is_not_made_again(store: Store) -> None:
    there = some(4)
    publish(store, *there)
    known = read(store, 1)
    making = Making(BASE, THREE)
    with store.reading() as db:
        assert archive_document(db, ALL, 1, Format.ATOM, making=making, known=known) is known
    accept(store, there[0], withdrawn=True)
    with store.reading() as db:
        assert archive_document(db, ALL, 1, Format.ATOM, making=making, known=known) is not known


def test_a_burst_leaves_no_gap(store: Store) -> None:
    publish(store, *some(120), catalogue=Catalogue())

    assert sizes(store) == [50, 50]
    assert in_a_gap(store, ALL) == []


def test_a_late_reaction_makes_a_short_archive(store: Store) -> None:
    (late,) = accept(store, an_unplaced_article(title="迟到"))
    publish(store, *some(6))
    assert sizes(store) == [3]
    mark_all(store, [late])
    publish_due(store, base_url=BASE, window_s=0, catalogue=THREE, now=NOON)

    assert in_a_gap(store, ALL) == []
    assert "迟到" in taken(store, 2).decode()


def test_tombstones_that_a_document_has_no_room_for_are_archived(store: Store) -> None:
    there = some(5)
    publish(store, *there, catalogue=Catalogue())
    publish(store, *there, withdrawn=True)

    assert in_a_gap(store, ALL) == []
    assert sizes(store) == [3]
    assert len(told(taken(store, 1))[0]) == 3


def test_what_a_smaller_document_drops_is_archived(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, *some(20), catalogue=Catalogue())
    monkeypatch.setattr(publishing, "_remade", set())  # as in the process that reads the new catalogue
    publish_due(store, base_url=BASE, window_s=0, catalogue=THREE, now=NOON)

    assert sizes(store) == [3] * 6
    assert in_a_gap(store, ALL) == []


def test_a_large_feed_catches_up_in_steps_and_over_several_turns(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "AT_ONCE", 10)
    monkeypatch.setattr(archiving, "HOLD_S", 0)
    monkeypatch.setattr(publishing, "TURN_S", 0)
    mark_all(store, accept(store, *some(31)))
    with capture_logs() as logs:
        turns = [publish_due(store, base_url=BASE, window_s=0, catalogue=THREE, now=NOON) for _ in range(4)]

    assert [turn.count for turn in turns] == [0, 0, 0, 1]
    assert [turn.next_due_at for turn in turns] == [NOON, NOON, NOON, None]
    assert [line["entries"] for line in logs if line["event"] == "archive.closed"] == [9, 9, 9, 3]
    assert in_a_gap(store, ALL) == []


def test_publishers_side_by_side_leave_no_gap(store: Store) -> None:
    marked = accept(store, *some(40, city="泰州"))

    def published(_: int) -> list[int]:
        publish_due(store, base_url=BASE, window_s=0, catalogue=THREE, now=NOON)
        return in_a_gap(store, ALL) + in_a_gap(store, "city/taizhou")

    with ThreadPoolExecutor(4) as pool:
        marking = [pool.submit(mark_all, store, marked[n::4]) for n in range(4)]
        found = list(pool.map(published, range(12)))
        for job in marking:
            job.result()
    assert found == [[]] * 12
    assert published(0) == []
    _assert_numbered_without_a_hole(store)


class Newsroom:
    """Somebody who publishes, corrects, moves, withdraws and republishes at random, and whose reactions come late."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.chance = store, random.Random(seed)
        self.articles: list[Article] = []
        self.owed: list[Version] = []

    def act(self) -> None:
        moves = [self.write] * 5 + ([self.change] * 4 + [self.react] * 8 if self.articles else [])
        self.chance.choice([*moves, self.publish, self.publish])()

    def write(self) -> None:
        self.articles.append(an_article(zone="", section=(), city=self.chance.choice(("泰州", "苏州", ""))))
        self.owed += accept(self.store, self.articles[-1])

    def change(self) -> None:
        old = self.chance.choice(self.articles)
        new = an_article(guid=old.guid, zone="", section=(), city=self.chance.choice(("泰州", "苏州", "")))
        self.owed += accept(self.store, new, withdrawn=self.chance.random() < 0.5)

    def react(self) -> None:
        if self.owed:
            nth = self.chance.choice((0, -1, self.chance.randrange(len(self.owed))))
            mark_all(self.store, [self.owed.pop(nth)])

    def publish(self) -> None:
        entries = self.chance.choice((2, 3, 3, 3))
        publish_due(self.store, base_url=BASE, window_s=0, catalogue=Catalogue(entries=entries), now=NOON)


def test_whatever_happens_every_entry_can_be_reached(store: Store) -> None:
    newsroom = Newsroom(store, seed=5005)
    for step in range(100):
        newsroom.act()
        for name in (ALL, "city/taizhou", "city/suzhou") if step % 3 == 0 else ():
            assert in_a_gap(store, name) == [], step

    while newsroom.owed:
        newsroom.react()
    newsroom.publish()
    assert [in_a_gap(store, name) for name in (ALL, "city/taizhou", "city/suzhou")] == [[]] * 3
    assert len(sizes(store)) > 5
    _assert_numbered_without_a_hole(store)


ROWS = st.lists(st.booleans(), max_size=40).map(
    lambda gone: [SimpleNamespace(number=10 * n, withdrawn=one) for n, one in enumerate(gone)]
)


@given(rows=ROWS, entries=st.integers(1, 6), below=st.integers(0, 400))
@settings(max_examples=examples(100), deadline=None)
def test_cutting_takes_all_that_is_outside_in_order_and_fills_all_but_the_last(
    rows: Sequence[Any], entries: int, below: int
) -> None:
    parts = cut(rows, entries=entries, below=below, is_all=True)
    taken = [row for part in parts for row in part]

    assert taken == rows[: len(taken)]
    assert not [row for row in rows[len(taken) :] if row.number < below]
    assert not parts or parts[-1][0].number < below
    for part in parts:
        gone = sum(row.withdrawn for row in part)
        assert max(gone, len(part) - gone) <= entries
        assert part is parts[-1] or max(gone, len(part) - gone) == entries
    unsure = cut(rows, entries=entries, below=below, is_all=False)
    assert unsure in (parts, parts[:-1])


def test_a_publisher_finds_what_to_archive_without_reading_a_feed(store: Store) -> None:
    asked = {"now": NOON, "quiet_since": NOON, "at_most": 16}
    with store.reading() as db:
        due = " ".join(plan_of(db, statements.DUE_FEEDS, asked))
        rows = " ".join(plan_of(db, statements.UNARCHIVED, {"feed_id": 1, "most": 1_000}))
        held = " ".join(plan_of(db, statements.ARCHIVED, {"of_feed": 1, "of_nth": 1}))
    if not store.is_postgresql:  # on empty tables PostgreSQL prefers to scan
        assert "ix_feed_entries_unarchived (feed_id=?)" in due
        assert "ix_feed_entries_unarchived (feed_id=?)" in rows
        assert "TEMP B-TREE" not in due + rows
        assert "SCAN" not in held


def _assert_numbered_without_a_hole(store: Store) -> None:
    with store.reading() as db:
        for feed_id, last in db.execute(select(feeds.c.id, feeds.c.archives)).all():
            given = db.execute(select(archives.c.nth).where(archives.c.feed_id == feed_id)).scalars()
            assert sorted(given) == list(range(1, last + 1))
        marked = select(feed_entries.c.feed_id, feed_entries.c.archive, feed_entries.c.number)
        held = select(archive_entries.c.feed_id, archive_entries.c.nth, archive_entries.c.number)
        assert set(db.execute(marked.where(feed_entries.c.archive > 0)).all()) <= set(db.execute(held).all())

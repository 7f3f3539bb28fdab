"""What the catalogue declares becomes true in the database: its feeds, with the articles of before, and its slugs.

`declare` is cheap where nothing changed, and may be called by any number of processes. `fill` looks through the
articles that were accepted before a feed was declared, a batch at a time, and goes on where it stopped.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Text, bindparam, delete, func, select, update

from zonewire.articles.folding import fold
from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.feeds.catalogue import Catalogue, Declared
from zonewire.feeds.feed import DECLARED, FILLED
from zonewire.filters import MATCHING, KeywordIndex, facts_of, intern_many, keyword_index
from zonewire.store import Store, insert, many, values_of
from zonewire.store import now as clock
from zonewire.store.tables import archive_entries, archives, articles, documents, feed_entries, feeds, slugs

log = structlog.get_logger()

BATCH = 200
"""Articles that are looked at in one go: some 60 ms of matching, outside of any write transaction."""

_DECLARED = select(feeds.c.id, feeds.c.name, feeds.c.title, feeds.c.filter_id).where(feeds.c.kind == DECLARED)
_ADD = insert(feeds).on_conflict_do_nothing().returning(feeds.c.id)
_CHANGE = (
    update(feeds)
    .where(feeds.c.id == bindparam("feed_id"))
    .values(title=bindparam("to_title"), dirty_to=feeds.c.dirty_to + 1, dirty_since=bindparam("at"))
)
_EMPTY = (
    update(feeds)
    .where(feeds.c.id == bindparam("feed_id"))
    .values(filter_id=bindparam("to_filter"), filled_to=0, articles=0)
)
_DROP = {
    table: delete(table).where(column.in_(values_of(many("feed_ids"))))
    for table, column in (
        *((table, table.c.feed_id) for table in (documents, archive_entries, archives, feed_entries)),
        (feeds, feeds.c.id),
    )
}
_GIVE_SLUG = insert(slugs).on_conflict_do_nothing()
_SLUGS = select(slugs.c.kind, slugs.c.value, slugs.c.slug).where(slugs.c.value.in_(values_of(many("slugs_of", Text))))

# Declared feeds that have not looked at every article yet.
_UNFILLED = (
    select(feeds.c.id, feeds.c.filter_id, feeds.c.filled_to)
    .where(feeds.c.kind == DECLARED, feeds.c.filled_to != FILLED)
    .order_by(feeds.c.filled_to, feeds.c.name)
    .limit(1)
)
_NEXT_ARTICLES = (
    select(articles.c.id, articles.c.newest, articles.c.withdrawn)
    .where(articles.c.id > bindparam("after"))
    .order_by(articles.c.id)
    .limit(BATCH)
)
_LOCK = (
    select(feeds.c.filter_id, feeds.c.filled_to, feeds.c.dirty_to)
    .where(feeds.c.id == bindparam("feed_id"))
    .with_for_update()
)
_STILL = select(articles.c.id).where(articles.c.newest.in_(values_of(many("numbers"))), ~articles.c.withdrawn)
_STANDS = select(feed_entries.c.article_id).where(
    feed_entries.c.feed_id == bindparam("feed_id"), feed_entries.c.article_id.in_(values_of(many("article_ids")))
)
_PUT = insert(feed_entries).on_conflict_do_nothing()
_FILLED = (
    update(feeds)
    .where(feeds.c.id == bindparam("feed_id"))
    .values(
        filled_to=bindparam("to"),
        articles=feeds.c.articles + bindparam("more"),
        dirty_to=feeds.c.dirty_to + bindparam("touched"),
        dirty_since=func.coalesce(feeds.c.dirty_since, bindparam("since", type_=feeds.c.dirty_since.type)),
    )
)


def declare(store: Store, catalogue: Catalogue) -> int:
    """Make the declared feeds those of *catalogue*: new ones, changed ones, none that it no longer has; how many moved.

    A feed keeps its name, and so its ids; with another filter it is filled anew. Once for each process: a score of
    statements.
    """
    with store.writing() as db:
        filter_ids = intern_many(db, [one.wanted for one in catalogue.declared])
        there = {row.name: row for row in db.execute(_DECLARED.with_for_update())}
        moved = _drop(db, [row.id for name, row in there.items() if name not in catalogue.by_name])
        now = clock(db)
        for name, one in sorted(catalogue.by_name.items()):
            moved += _declared(db, there.get(name), one, filter_ids[one.wanted], now=now)
        _give_slugs(db, catalogue)
    if moved:
        log.info("feeds.declared", feeds=len(catalogue.declared), changed=moved)
    return moved


def _declared(db: Connection, row: Row[*tuple[Any, ...]] | None, one: Declared, filter_id: int, *, now: int) -> int:
    """Make one feed as it is declared; 1 where it was not."""
    if row is None:
        new = {"name": one.name, "kind": DECLARED, "title": one.title, "filter_id": filter_id}
        return len(db.execute(_ADD, new | {"dirty_to": 1, "dirty_since": now, "changed_at": now}).all())
    if (row.title, row.filter_id) == (one.title, filter_id):
        return 0
    if row.filter_id != filter_id:
        for table in (archive_entries, archives, feed_entries):  # archives of what it was: their numbers stay given
            db.execute(_DROP[table], {"feed_ids": [row.id]})
        db.execute(_EMPTY, {"feed_id": row.id, "to_filter": filter_id})
    db.execute(_CHANGE, {"feed_id": row.id, "to_title": one.title, "at": now})
    return 1


def _drop(db: Connection, feed_ids: list[int]) -> int:
    if feed_ids:
        for statement in _DROP.values():
            db.execute(statement, {"feed_ids": feed_ids})
    return len(feed_ids)


def _give_slugs(db: Connection, catalogue: Catalogue) -> None:
    """Slugs that the catalogue fixes, for names that have none yet: one that was given is never changed."""
    rows = [
        {"kind": place.kind, "slug": place.slug, "value": fold(place.name), "name": " ".join(place.name.split())}
        for place in catalogue.places
        if place.slug
    ]
    if not rows:
        return
    db.execute(_GIVE_SLUG, rows)
    given = {
        (row.kind, row.value): row.slug for row in db.execute(_SLUGS, {"slugs_of": [row["value"] for row in rows]})
    }
    for row in rows:
        if (has := given.get((row["kind"], row["value"]))) != row["slug"]:
            # It has one already, or another place has this one: addresses that are out must go on to work.
            log.warning("slug.refused", kind=row["kind"], name=row["name"], wanted=row["slug"], has=has)


def fill(store: Store) -> bool:
    """Look at the next BATCH articles for the declared feed that is furthest behind; whether there may be more to do.

    The end is read after the feed was declared, so an article whose reaction did not know the feed lies before it.
    """
    with store.reading() as db:
        feed = db.execute(_UNFILLED).first()
        if feed is None:
            return False
        rows = db.execute(_NEXT_ARTICLES, {"after": feed.filled_to}).all()
        index = keyword_index(db)
        versions = by_numbers(db, [row.newest for row in rows if not row.withdrawn])
        fitting = {number: one for number, one in versions.items() if _passes(db, one, feed.filter_id, index)}
    with store.writing() as db:
        now = clock(db)
        locked = db.execute(_LOCK, {"feed_id": feed.id}).first()
        if locked is None or (locked.filter_id, locked.filled_to) != (feed.filter_id, feed.filled_to):
            return True  # somebody else was here, or it is declared otherwise by now
        added, is_over = _put(db, feed.id, fitting, came_in=locked.dirty_to + 1), len(rows) < BATCH
        db.execute(
            _FILLED,
            {
                "feed_id": feed.id,
                "to": FILLED if is_over else rows[-1].id,
                "more": added,
                "touched": 1 if added or is_over else 0,
                "since": now if added or is_over else None,  # its last document says that it is still being filled
            },
        )
    return True


def _passes(db: Connection, version: Version, filter_id: int, index: KeywordIndex) -> bool:
    facts = facts_of(version.article, index)
    parameters = {"dimensions": facts.dimensions, "values": facts.values}
    return filter_id in set(db.execute(MATCHING, parameters).scalars())


def _put(db: Connection, feed_id: int, fitting: Mapping[int, Version], *, came_in: int) -> int:
    """Put articles into a feed whose newest versions are still those that were looked at; how many were new there.

    An article that changes meanwhile is put there by its own reaction, which knows the feed already.
    """
    newest = set(db.execute(_STILL, {"numbers": list(fitting)}).scalars())
    there = set(
        db.execute(_STANDS, {"feed_id": feed_id, "article_ids": [one.article_id for one in fitting.values()]}).scalars()
    )
    rows = [
        {"feed_id": feed_id, "article_id": one.article_id, "number": number, "withdrawn": False, "came_in": came_in}
        for number, one in sorted(fitting.items())
        if one.article_id in newest - there
    ]
    if rows:
        db.execute(_PUT, rows)
    return len(rows)

"""Mark the feeds that an article's version touches: where it stands now, where it stood, how many stand there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from zonewire.articles.folding import fold
from zonewire.articles.model import Article, Version
from zonewire.articles.slugs import slugs_for
from zonewire.feeds import statements
from zonewire.feeds.feed import ALL


@dataclass(frozen=True, slots=True)
class _Place:
    """A feed that is touched, and by how many articles it grows."""

    name: str
    kind: str
    title: str
    grows: int = 0


def mark_touched(db: Connection, version: Version, *, now: int, filter_ids: Sequence[int] = ()) -> set[str]:
    """Put *version* into the feeds of its zone, city, sections and of everything; part of the reaction's transaction.

    And into the declared feeds of the filters that it passes, which *filter_ids* names.

    Feeds that it no longer belongs to lose it without a tombstone; a withdrawn one becomes a tombstone in each feed
    that it stood in, and one that nobody here had heard of in the feed of everything. Harmless when repeated, and for
    a version that a newer one has overtaken: that one's own reaction says all there is to say. The names of the feeds
    that are dirty since *now*.
    """
    db.execute(statements.LOCK_FEEDS)
    rows = db.execute(statements.STANDING, {"article_id": version.article_id}).all()
    if any(_is_overtaken(row, version) for row in rows):
        return set()
    live = {row.name: _Place(row.name, row.kind, row.title, -1) for row in rows if row.name and not row.withdrawn}
    if version.withdrawn:
        # A reader may have an unknown article from elsewhere, or from a database of ours that is lost.
        stands, left = ({ALL: _Place(ALL, ALL, "")} if version.version == 1 else live), {}
    else:
        belongs = _places(db, version.article) | _declared(db, filter_ids)
        stands = {name: _grown(place, grows=name not in live) for name, place in belongs.items()}
        left = {name: place for name, place in live.items() if name not in belongs}
    touched = _touch(db, [*stands.values(), *left.values()], version, now=now)
    article = {"article_id": version.article_id}
    state = {"number": version.number, "withdrawn": version.withdrawn}
    standing = [
        {"feed_id": touched[name].id, "came_in": touched[name].dirty_to, **article, **state} for name in sorted(stands)
    ]
    if standing:
        db.execute(statements.STAND, standing)
    if left:
        db.execute(statements.LEAVE, {"feed_ids": [touched[name].id for name in left], **article})
    return {row.name for row in touched.values() if row.dirty_since == now}


def _is_overtaken(row: Any, version: Version) -> bool:
    """Whether a newer version stands, or this one was marked. Each is in the feed of everything, once it was.

    A declared feed says nothing of that: it may have been filled with a version before its reaction came.
    """
    is_marked = row.name == ALL and row.number is not None and row.number >= version.number
    return bool(row.newest > version.number or is_marked)


def _places(db: Connection, article: Article) -> dict[str, _Place]:
    """Where *article* belongs, by feed name."""
    named = [("zone", article.zone), ("city", article.city), *(("section", name) for name in article.section)]
    once = {(kind, fold(name)): (kind, name) for kind, name in reversed(named) if fold(name)}
    slugs = slugs_for(db, list(once.values()))
    places = [_Place(f"{kind}/{slug}", kind, " ".join(name.split())) for (kind, name), slug in slugs.items()]
    return {place.name: place for place in (_Place(ALL, ALL, ""), *places)}


def _declared(db: Connection, filter_ids: Sequence[int]) -> dict[str, _Place]:
    """The declared feeds of these filters, by name."""
    if not filter_ids:
        return {}
    rows = db.execute(statements.DECLARED_FOR, {"filter_ids": list(filter_ids)})
    return {row.name: _Place(row.name, row.kind, row.title) for row in rows}


def _grown(place: _Place, *, grows: bool) -> _Place:
    return _Place(place.name, place.kind, place.title, int(grows))


def _touch(db: Connection, places: list[_Place], version: Version, *, now: int) -> dict[str, Any]:
    """Make *places* dirty, new ones too; by name their rows: keys, and up to where they are dirty now."""
    if not places:
        return {}
    rows = [
        {
            "name": place.name,
            "kind": place.kind,
            "title": place.title,
            "dirty_to": version.number,
            "dirty_since": now,
            "changed_at": version.accepted_at,
            "articles": place.grows,
        }
        for place in sorted(places, key=lambda place: place.name)
    ]
    return {row.name: row for row in db.execute(statements.TOUCH, rows)}


def has_declared(db: Connection) -> bool:
    """Whether there is a declared feed: else nobody needs to know which filters a version passes."""
    return db.execute(statements.ANY_DECLARED).first() is not None

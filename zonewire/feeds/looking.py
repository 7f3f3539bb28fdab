"""What an operator asks about feeds: whether each is built, how much is in it, and what one of them carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from zonewire.errors import NotFound
from zonewire.feeds.feed import FILLED, title_of
from zonewire.store.tables import articles, documents, feed_entries, feeds, filters, versions

_SHOWN = select(feeds, filters.c.written).outerjoin(filters, filters.c.id == feeds.c.filter_id)
# By the unique name.
_FEED = _SHOWN.where(feeds.c.name == bindparam("of_name"))
_DOCUMENTS = (
    select(documents.c.format, documents.c.changed_at, documents.c.etag)
    .where(documents.c.feed_id == bindparam("of_feed"))
    .order_by(documents.c.format)
)
# By ix_feed_entries_newest.
_ENTRIES = (
    select(
        articles.c.guid,
        versions.c.title,
        versions.c.accepted_at,
        feed_entries.c.number,
        feed_entries.c.withdrawn,
        feed_entries.c.archive,
    )
    .select_from(
        feed_entries.join(versions, versions.c.number == feed_entries.c.number).join(
            articles, articles.c.id == feed_entries.c.article_id
        )
    )
    .where(feed_entries.c.feed_id == bindparam("of_feed"))
    .order_by(feed_entries.c.number.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed as it stands. Moments are microseconds."""

    id: int
    name: str
    kind: str  # all, zone, city, section, declared
    title: str
    articles: int
    changed_at: int | None  # acceptance of the newest version that touched it
    published_at: int | None  # when its documents were last made; None: never
    published_to: int
    dirty_since: int | None  # None: its documents have all that touched it
    archives: int  # the number of its last archive
    written: str | None  # of a declared one, its filter
    is_filling: bool  # declared, and not all older articles were looked at yet


def feed_states(
    db: Connection, *, words: str = "", kind: str = "", after: str = "", limit: int | None = None
) -> list[FeedState]:
    """The feeds by name: of one *kind*, with *words* in name or title, behind the name *after*."""
    found = _SHOWN.order_by(feeds.c.name).limit(limit)
    if kind:
        found = found.where(feeds.c.kind == kind)
    if words:
        columns = (feeds.c.name, feeds.c.title)
        found = found.where(or_(*(column.icontains(words, autoescape=True) for column in columns)))
    if after:
        found = found.where(feeds.c.name > after)
    return [_state(row) for row in db.execute(found)]


def feed_state(db: Connection, name: str) -> FeedState:
    """The feed *name*. Raises NotFound."""
    row = db.execute(_FEED, {"of_name": name}).one_or_none()
    if row is None:
        raise NotFound(f"there is no feed {name[:200]!r}", mend="`zonewire feeds list` shows what there is.")
    return _state(row)


def documents_of(db: Connection, feed_id: int) -> Sequence[Any]:
    """Its published documents: format, changed_at, etag."""
    return db.execute(_DOCUMENTS, {"of_feed": feed_id}).all()


def newest_in(db: Connection, feed_id: int, *, limit: int) -> Sequence[Any]:
    """The articles that came into it last: guid, title, accepted_at, number, withdrawn, archive."""
    return db.execute(_ENTRIES, {"of_feed": feed_id, "most": limit}).all()


def _state(row: Any) -> FeedState:
    return FeedState(
        id=row.id,
        name=row.name,
        kind=row.kind,
        title=title_of(row.kind, row.title),
        articles=row.articles,
        changed_at=row.changed_at or None,
        published_at=row.published_at,
        published_to=row.published_to,
        dirty_since=row.dirty_since,
        archives=row.archives,
        written=row.written,
        is_filling=row.filter_id is not None and row.filled_to != FILLED,
    )

"""Articles as commands list and show them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from zonewire.articles.model import Article, Version, as_json, rfc3339, unpack
from zonewire.articles.reading import UNREADABLE, newest
from zonewire.errors import Conflict, NotFound
from zonewire.store.tables import articles, versions

# Each article by its newest version, the one that was accepted last before the others.
_LISTED = (
    select(
        articles.c.guid,
        articles.c.version,
        articles.c.withdrawn,
        versions.c.title,
        versions.c.content,
        versions.c.accepted_at,
    )
    .join(versions, versions.c.number == articles.c.newest)
    .order_by(articles.c.newest.desc())
)
# All versions of one article, the first one first.
_VERSIONS = (
    select(versions.c.number, versions.c.version, versions.c.withdrawn, versions.c.title, versions.c.accepted_at)
    .join(articles, articles.c.id == versions.c.article_id)
    .order_by(versions.c.number)
)
_PLACES = ("url", "zone", "city", "source")


def list_articles(db: Connection, *, limit: int | None = None) -> list[dict[str, Any]]:
    """Every article, tombstones too, the one that was accepted last first."""
    return [_line(row) for row in db.execute(_LISTED.limit(limit))]


def _line(row: Any) -> dict[str, Any]:
    article = _read(row.content)
    published = rfc3339(article.published_at) if article and article.published_at else None
    return {
        "guid": row.guid,
        "title": row.title,
        "version": row.version,
        "withdrawn": bool(row.withdrawn),
        "accepted_at": rfc3339(row.accepted_at),
        "published_at": published,
        **{name: getattr(article, name, "") for name in _PLACES},
    }


def _read(content: str) -> Article | None:
    """None where nobody can read it any more: the others are listed all the same."""
    try:
        return unpack(content)
    except UNREADABLE:
        return None


def known_article(db: Connection, guid: str) -> Version:
    """The newest version of the article *guid*. Raises NotFound, and Conflict where what is stored cannot be read."""
    try:
        version = newest(db, guid)
    except UNREADABLE:
        mend = "Publish it anew, or take it away with `zonewire withdraw GUID`."
        raise Conflict(f"what is stored of {guid[:200]!r} cannot be read", mend=mend) from None
    if version is None:
        raise no_article(guid)
    return version


def show_article(db: Connection, guid: str) -> dict[str, Any]:
    """One article as its receivers see it, with what is known of it here. Raises NotFound."""
    version = known_article(db, guid)
    return as_json(version.article) | {
        "guid": guid,
        "version": version.version,
        "withdrawn": version.withdrawn,
        "entry_id": version.entry_id,
        "accepted_at": rfc3339(version.accepted_at),
        "versions": versions_of(db, guid),
    }


def versions_of(db: Connection, guid: str) -> list[dict[str, Any]]:
    """The versions of an article, the first one first."""
    return [version_shape(row) for row in version_rows(db, guid)]


def version_rows(db: Connection, guid: str) -> Sequence[Any]:
    """The same as they stand in the database, but for their texts."""
    return db.execute(_VERSIONS.where(articles.c.guid == guid)).all()


def version_shape(row: Any) -> dict[str, Any]:
    """One of them as commands print it."""
    return {
        "version": row.version,
        "number": row.number,
        "withdrawn": bool(row.withdrawn),
        "title": row.title,
        "accepted_at": rfc3339(row.accepted_at),
    }


def no_article(guid: str) -> NotFound:
    """The error about an article that nobody handed over."""
    return NotFound(
        f"there is no article {guid[:200]!r}", mend="`zonewire articles list` shows them, with their guids."
    )

"""Articles as commands list and show them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from zonewire.articles.model import as_json, rfc3339, unpack
from zonewire.articles.reading import newest
from zonewire.errors import NotFound
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
    article = unpack(row.content)
    published = rfc3339(article.published_at) if article.published_at else None
    return {
        "guid": row.guid,
        "title": row.title,
        "version": row.version,
        "withdrawn": bool(row.withdrawn),
        "accepted_at": rfc3339(row.accepted_at),
        "published_at": published,
        **{name: getattr(article, name) for name in _PLACES},
    }


def show_article(db: Connection, guid: str) -> dict[str, Any]:
    """One article as its receivers see it, with what is known of it here. Raises NotFound."""
    version = newest(db, guid)
    if version is None:
        raise no_article(guid)
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

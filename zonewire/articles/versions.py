"""Writing versions: each gets its acceptance number, and numbers become visible in their order.

On PostgreSQL one transaction-level advisory lock is taken directly before the numbers are given; from there to the
commit intakes are serial (measurements.md: 1,022 intakes a second, 3,925 in batches of 100). On SQLite the writing
transaction, which begins IMMEDIATE, does the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from zonewire.articles import statements
from zonewire.articles.model import Article, Version, pack
from zonewire.store import is_postgresql

NUMBERS_LOCK = 0x5A4F4E46
"""The advisory lock of acceptance numbers ("ZONF": one after the migrations')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version that has everything but its number."""

    article_id: int
    version: int
    withdrawn: bool
    entry_id: str
    article: Article  # what stands; for a tombstone what stood last
    digest: bytes  # of the article as it was sent


def digest_of(article: Article) -> bytes:
    """Equal for equal content. When the sender touched it last is not content."""
    return hashlib.sha256(pack(replace(article, updated_at=None)).encode()).digest()


def write_versions(db: Connection, drafts: Sequence[Draft], *, now: int) -> list[Version]:
    """Give *drafts* the next numbers, in their order, and write them. Whoever comes next waits for our commit.

    `accepted_at` rises strictly with the number, also where the clock jumped back.
    """
    number, last_at = _last_number(db)
    first_at = max(now, last_at + 1)
    made = [
        Version(
            number=number + 1 + place,
            article_id=draft.article_id,
            version=draft.version,
            withdrawn=draft.withdrawn,
            entry_id=draft.entry_id,
            article=draft.article,
            accepted_at=first_at + place,
        )
        for place, draft in enumerate(drafts)
    ]
    db.execute(statements.INSERT_VERSIONS, [_row(v, d.digest) for v, d in zip(made, drafts, strict=True)])
    return made


def _last_number(db: Connection) -> tuple[int, int]:
    """The last acceptance number and its moment, (0, 0) before the first; held fast until the commit."""
    if not is_postgresql(db):
        row = db.execute(statements.LAST_NUMBER).one_or_none()
        return (row.number, row.accepted_at) if row else (0, 0)
    result = db.exec_driver_sql(statements.LAST_NUMBER_LOCKED.format(lock=NUMBERS_LOCK))
    cursor = result.cursor
    assert cursor is not None  # noqa: S101  # a SELECT has one until it is closed
    cursor.nextset()  # past the lock's own answer
    last = cursor.fetchone()
    result.close()
    return (last[0], last[1]) if last else (0, 0)


def _row(version: Version, digest: bytes) -> dict[str, object]:
    return {
        "number": version.number,
        "article_id": version.article_id,
        "version": version.version,
        "withdrawn": version.withdrawn,
        "title": version.article.title,
        "content": pack(version.article),
        "digest": digest,
        "published_at": version.article.published_at,
        "accepted_at": version.accepted_at,
    }

"""Reading versions back."""

import contextlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from zonewire.articles import statements
from zonewire.articles.identity import shown_id
from zonewire.articles.model import Version, unpack

UNREADABLE = (KeyError, TypeError, ValueError)
"""What reading a version raises of which nobody can read what is stored."""


def newest(db: Connection, guid: str) -> Version | None:
    """The newest version of the article called *guid*, a tombstone too."""
    row = db.execute(statements.NEWEST_BY_GUID, {"guid": guid}).one_or_none()
    return _version(row) if row else None


def newest_by_id(db: Connection, article_id: int) -> Version | None:
    """The newest version of the article with this key, a tombstone too."""
    row = db.execute(statements.NEWEST_BY_ID, {"article_id": article_id}).one_or_none()
    return _version(row) if row else None


def by_numbers(db: Connection, numbers: Sequence[int]) -> dict[int, Version]:
    """The versions with these acceptance numbers, as far as there are such."""
    rows = db.execute(statements.VERSIONS_BY_NUMBER, {"numbers": numbers})
    return {row.number: _version(row) for row in rows}


def readable(db: Connection, numbers: Sequence[int]) -> dict[int, Version]:
    """As `by_numbers`, without those of which what is stored cannot be read: one must not spoil the others."""
    try:
        return by_numbers(db, numbers)
    except UNREADABLE:
        found: dict[int, Version] = {}
        for number in numbers:
            with contextlib.suppress(*UNREADABLE):
                found |= by_numbers(db, [number])
        return found


def newest_number(db: Connection) -> int:
    """The acceptance number of the version that was accepted last; 0 before there is one."""
    row = db.execute(statements.LAST_NUMBER).first()
    return 0 if row is None else int(row.number)


def address_of(version: Version, base_url: str) -> str:
    """Where a reader finds the article: its own address, else our page of it."""
    return version.article.url or f"{base_url}/articles/{shown_id(version.article_id)}"


def _version(row: Any) -> Version:
    return Version(
        number=row.number,
        article_id=row.article_id,
        version=row.version,
        withdrawn=row.withdrawn,
        entry_id=row.entry_id,
        article=unpack(row.content),
        accepted_at=row.accepted_at,
    )

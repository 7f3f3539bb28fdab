"""Archives as readers get them, made when somebody asks: the versions that were closed in (RFC 5005 §4).

Nothing that comes later changes one, but a withdrawal: no text that was withdrawn is served anywhere, and it does not
come back here when the article does. Atom has a tombstone in its place.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from sqlalchemy import Connection

from zonewire.feeds import statements
from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.documents import Tombstone, assemble
from zonewire.feeds.entries import shown_published
from zonewire.feeds.feed import ALL, Format
from zonewire.feeds.publishing import Making, feed_of
from zonewire.feeds.reading import Document
from zonewire.feeds.ready import entries_of
from zonewire.feeds.tags import Span, tag_of


class Lack(Enum):
    """Why there is no such archive."""

    NEXT = "next"  # it will be closed next
    GONE = "gone"  # it was, of a feed that has been declared otherwise since
    NEVER = "never"


def archive_document(
    db: Connection, name: str, nth: int, form: Format, *, making: Making, known: Document | None = None
) -> Document | None:
    """The *nth* archive of the feed *name*; *known* itself while that still holds, None where there is none.

    Its number is the moment of its last change: what a remembered one is checked by.
    """
    head = db.execute(statements.ARCHIVE, {"feed_name": name, "of_nth": nth}).one_or_none()
    if head is None:
        return None
    rows = db.execute(statements.ARCHIVED, {"of_feed": head.id, "of_nth": nth}).all()
    if not rows:
        return None  # the feed was declared otherwise this very moment
    changed_at = max(head.closed_at, *(row.withdrawn_at or 0 for row in rows))
    if known is not None and known.number == changed_at:
        return known
    live = [row.number for row in sorted(rows, key=_place, reverse=True) if not _gone_at(row)]
    entries = entries_of(db, live, form, text=making.catalogue.text_of(name), making=making)
    installation = db.execute(statements.INSTALLATION).one().number
    older = nth - 1 if head.has_older else 0
    feed = replace(feed_of(head, making, installation), nth=nth, older=older, hubs=(), changed_at=head.newest_at)
    made = assemble(feed, form, entries, _tombstones(rows))
    etag = tag_of(made.pressed, Span("", 0, 0))
    return Document(number=changed_at, etag=etag, changed_at=changed_at, body=made.pressed)


def why_lacking(db: Connection, name: str, nth: int, *, catalogue: Catalogue) -> Lack:
    """Why `archive_document` found none."""
    row = db.execute(statements.LAST_ARCHIVE, {"feed_name": name, "of_nth": nth}).one_or_none()
    if row is None:
        is_empty = name == ALL or name in catalogue.by_name  # it answers before anything is in it
        return Lack.NEXT if is_empty and nth == 1 else Lack.NEVER
    if row.is_there or nth == row.archives + 1:  # it may have been closed this very moment
        return Lack.NEXT
    return Lack.GONE if nth <= row.archives else Lack.NEVER


def _place(row: Any) -> tuple[int, int]:
    return shown_published(row.published_at, row.accepted_at), row.number


def _gone_at(row: Any) -> int | None:
    """When its article was withdrawn, with this version or after it."""
    moment: int | None = row.accepted_at if row.withdrawn else row.withdrawn_at
    return moment


def _tombstones(rows: Sequence[Any]) -> list[Tombstone]:
    gone = sorted((row for row in rows if _gone_at(row)), key=lambda row: -row.number)
    return [Tombstone(row.entry_id, _gone_at(row) or 0) for row in gone]

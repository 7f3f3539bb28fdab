"""Publish the feeds that are dirty: a burst is coalesced, and only the documents' own transaction writes.

The first change of a quiet feed publishes at once, the rest of the burst together at the end of a window. A feed is
dirty up to a number, and publishing clears it only up to the number that it read, so a change in between stays owed;
of two publishers the one that read less changes nothing. Feeds go in batches: a few statements read all that a batch
needs, entries are rendered and documents put together with no transaction open, and one short one writes them.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from lxml import etree
from sqlalchemy import Connection

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.feeds import pressing, statements
from zonewire.feeds.documents import Spoiled, Tombstone, assemble
from zonewire.feeds.entries import render_entry, shown_published
from zonewire.feeds.feed import Feed, Format, title_of, urn_of
from zonewire.feeds.pressing import Part
from zonewire.feeds.reading import etag_of
from zonewire.store import SECOND, Store
from zonewire.store.dialect import now as clock

BATCH = 16
"""Feeds in one transaction: about 3 MB of documents, which SQLite writes in some 20 ms."""

TURN_S = 0.8
"""How long one call goes on before it leaves the rest to the next."""

FORM = 1
"""Raised whenever an entry or document of old would be rendered differently now."""

log = structlog.get_logger()

_remade: set[tuple[str, str]] = set()  # (database, made_for) that this process has looked through: once is enough

EntryKey = tuple[int, str]
"""An acceptance number and a format."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one call did."""

    count: int  # feeds
    next_due_at: int | None  # microseconds; None while all feeds are clean; not in the future where work was left


@dataclass(slots=True)
class _Batch:
    """All that the documents of some feeds need, as one reading saw it."""

    feeds: list[tuple[int, int, Feed]]  # key, the number that it is dirty up to, the feed
    shown: dict[int, list[Any]] = field(default_factory=dict)  # by feed: rows of statements.SHOWN
    entries: dict[EntryKey, Part] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)  # whose entries have to be rendered first
    fresh: list[dict[str, Any]] = field(default_factory=list)  # rows of the entries that were rendered just now


def publish_due(store: Store, *, base_url: str, window_s: float, now: int | None = None) -> Published:
    """Publish every feed whose time has come, for about a second at most. *now* is for tests; else the database's."""
    made_for = f"{FORM} {base_url}"
    _remake(store, made_for, now=now)
    ends, count = time.monotonic() + TURN_S, 0
    window = int(window_s * SECOND)
    while published := _publish_batch(store, base_url=base_url, made_for=made_for, window=window, now=now):
        count += published
        if published < BATCH or time.monotonic() > ends:
            break
    with store.reading() as db:
        next_due_at = db.execute(statements.NEXT_DUE, {"window_us": window}).scalar()
    return Published(count, None if next_due_at is None else int(next_due_at))


def _publish_batch(store: Store, *, base_url: str, made_for: str, window: int, now: int | None) -> int:
    """Publish up to BATCH feeds; how many there were."""
    began = time.monotonic()
    with store.reading() as db:
        batch = _read(db, base_url=base_url, made_for=made_for, window=window, now=now)
    if not batch.feeds:
        return 0
    _render_missing(batch, base_url=base_url, made_for=made_for)
    documents = [row for entry in batch.feeds for row in _documents_of(batch, *entry, made_for=made_for)]
    with store.writing() as db:
        at = clock(db) if now is None else now
        # In the order of names, as every transaction locks feeds.
        cleared = sorted(batch.feeds, key=lambda entry: entry[2].name)
        db.execute(statements.CLEAR, [{"feed_id": key, "read_to": number, "at": at} for key, number, _ in cleared])
        if batch.fresh:
            db.execute(statements.KEEP_ENTRY, batch.fresh)
        if documents:
            db.execute(statements.KEEP_DOCUMENT, [{**row, "changed_at": at} for row in documents])
    log.info(
        "feed.published",
        feeds=len(batch.feeds),
        documents=len(documents),
        entries_rendered=len(batch.fresh),
        took_ms=round((time.monotonic() - began) * 1000, 1),
    )
    return len(batch.feeds)


def _read(db: Connection, *, base_url: str, made_for: str, window: int, now: int | None) -> _Batch:
    at = clock(db) if now is None else now
    due = db.execute(statements.DUE_FEEDS, {"now": at, "quiet_since": at - window, "at_most": BATCH}).all()
    if not due:
        return _Batch([])
    installation = db.execute(statements.INSTALLATION).one().number
    batch = _Batch([(row.id, row.dirty_to, _feed(row, base_url, installation)) for row in due])
    shown = db.execute(statements.SHOWN, {"feed_ids": [row.id for row in due]}).all()
    for row in shown:
        batch.shown.setdefault(row.feed_id, []).append(row)
    numbers = sorted({row.number for row in shown if not row.withdrawn})
    for ready in db.execute(statements.READY_ENTRIES, {"numbers": numbers, "made_for": made_for}):
        batch.entries[ready.number, ready.format] = pressing.unpress(ready.body)
    missing = [number for number in numbers if any((number, form) not in batch.entries for form in Format)]
    batch.versions = by_numbers(db, missing) if missing else {}
    return batch


def _feed(row: Any, base_url: str, installation: int) -> Feed:
    return Feed(
        name=row.name,
        kind=row.kind,
        title=title_of(row.kind, row.title),
        urn=urn_of(row.name, installation),
        base_url=base_url,
        changed_at=row.changed_at,
    )


def _render_missing(batch: _Batch, *, base_url: str, made_for: str) -> None:
    """Render what no publisher has rendered yet. An entry that cannot be made keeps no other from its readers."""
    # In the order of numbers: two publishers that keep the same entries then never wait for each other in a ring.
    wanted = ((number, form, version) for number, version in sorted(batch.versions.items()) for form in Format)
    for number, form, version in wanted:
        if (number, form) in batch.entries:
            continue
        try:
            part = pressing.press(render_entry(version, form, base_url=base_url))
        except (ValueError, TypeError, etree.LxmlError):
            log.exception("entry.spoiled", article_guid=version.article.guid, number=number, format=form)
            continue
        batch.entries[number, form] = part
        batch.fresh.append({"number": number, "format": form, "made_for": made_for, "body": part.pressed})


def _documents_of(batch: _Batch, key: int, number: int, feed: Feed, *, made_for: str) -> Iterable[dict[str, Any]]:
    """The rows of a feed's documents, without those that do not parse."""
    rows = batch.shown.get(key, [])
    live = [row for row in rows if not row.withdrawn]
    live.sort(key=lambda row: (shown_published(row.published_at, row.accepted_at), row.number), reverse=True)
    gone = sorted((row for row in rows if row.withdrawn), key=lambda row: -row.number)[: statements.ENTRIES]
    tombstones = [Tombstone(row.entry_id, row.accepted_at) for row in gone]
    for form in Format:
        entries = [batch.entries[row.number, form] for row in live if (row.number, form) in batch.entries]
        try:
            document = assemble(feed, form, entries, tombstones)
        except Spoiled:
            log.exception("document.spoiled", feed=feed.name, format=form, number=number)
            continue
        yield {
            "feed_id": key,
            "format": form,
            "number": number,
            "etag": etag_of(document.plain),
            "made_for": made_for,
            "body": document.pressed,
        }


def _remake(store: Store, made_for: str, *, now: int | None) -> None:
    """Once in a process: documents that were made for another BASE_URL, or in an older form, are due again."""
    if (store.url, made_for) in _remade:
        return
    with store.writing() as db:
        db.execute(statements.REMAKE, {"made_for": made_for, "at": clock(db) if now is None else now})
    _remade.add((store.url, made_for))

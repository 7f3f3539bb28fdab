"""Publish the feeds that are dirty: a burst is coalesced, and only the documents' own transaction writes.

The first change of a quiet feed publishes at once, the rest of the burst together at the end of a window. A feed is
dirty up to a number, and publishing clears it only up to the number that it read, so a change in between stays owed;
of two publishers the one that read less changes nothing. Feeds go in batches: a few statements read all that a batch
needs, entries are rendered and documents put together with no transaction open, and one short one writes them. What a
document would no longer carry is archived before (archiving.py).
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import structlog
from lxml import etree
from sqlalchemy import Connection

from zonewire import tracing
from zonewire.articles.model import Version
from zonewire.articles.origins import FEW, events_of
from zonewire.articles.reading import by_numbers
from zonewire.delivery import histograms, tallies
from zonewire.delivery.lanes import Lane
from zonewire.delivery.tallies import Changes
from zonewire.feeds import pressing, statements
from zonewire.feeds.archiving import Outside, archive
from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.documents import Spoiled, Tombstone, assemble
from zonewire.feeds.entries import render_entry, shown_published
from zonewire.feeds.feed import ALL, Feed, Format, era_of, title_of, urn_of
from zonewire.feeds.kept import EntryKey, KeptEntries, kept_entries
from zonewire.feeds.pressing import Part
from zonewire.feeds.tags import Span, tag_of
from zonewire.store import SECOND, Store
from zonewire.store.dialect import now as clock

BATCH = 16
"""Feeds in one transaction: about 3 MB of documents, which SQLite writes in some 20 ms."""

TURN_S = 0.8
"""How long one call goes on before it leaves the rest to the next."""

FORM = 3
"""Raised whenever an entry or document of old would be rendered differently now."""

log = structlog.get_logger()

_remade: set[tuple[str, str]] = set()  # (database, made_for) that this process has looked through: once is enough

FULL = "full"


@dataclass(frozen=True, slots=True)
class Published:
    """What one call did."""

    count: int  # feeds
    next_due_at: int | None  # microseconds; None while all feeds are clean; not in the future where work was left


@dataclass(frozen=True, slots=True)
class Making:
    """What documents are made by."""

    base_url: str
    catalogue: Catalogue

    @property
    def hubs(self) -> tuple[str, ...]:
        """Who tells of the changes of named feeds: our own hub, and those that the catalogue names."""
        return (f"{self.base_url}/hub", *self.catalogue.hubs)

    @property
    def made_for(self) -> str:
        """A mark of both, and of the form of what is made: what another has made is made anew."""
        return f"{FORM} {self.base_url} {self.catalogue.mark}"


@dataclass(slots=True)
class _Batch:
    """All that the documents of some feeds need, as one reading saw it."""

    feeds: list[tuple[int, int, Feed]]  # key, the number that it is dirty up to, the feed
    carried: "dict[int, Carried]" = field(default_factory=dict)  # by feed
    entries: dict[EntryKey, Part] = field(default_factory=dict)
    missing: list[tuple[int, str, Format]] = field(default_factory=list)  # number, text and format of such entries
    versions: dict[int, Version] = field(default_factory=dict)  # that have to be rendered first
    came_in: set[int] = field(default_factory=set)  # versions that no document of theirs has carried before
    kept: KeptEntries = field(default_factory=KeptEntries)  # where entries are remembered
    fresh: list[dict[str, Any]] = field(default_factory=list)  # rows of the entries that were rendered just now
    outside: set[int] = field(default_factory=set)  # feeds with entries that neither document nor archive would hold


def publish_due(
    store: Store, *, base_url: str, window_s: float, catalogue: Catalogue | None = None, now: int | None = None
) -> Published:
    """Publish every feed whose time has come, for about a second at most. *now* is for tests; else the database's."""
    making = Making(base_url, catalogue or Catalogue())
    _remake(store, making.made_for, now=now)
    ends, count = time.monotonic() + TURN_S, 0
    window = int(window_s * SECOND)
    while published := _publish_batch(store, making, window=window, ends=ends, now=now):
        count += published
        if published < BATCH or time.monotonic() > ends:
            break
    with store.reading() as db:
        next_due_at = db.execute(statements.NEXT_DUE, {"window_us": window}).scalar()
    return Published(count, None if next_due_at is None else int(next_due_at))


def _publish_batch(store: Store, making: Making, *, window: int, ends: float, now: int | None) -> int:
    """Publish up to BATCH feeds; how many there were."""
    began, begun = time.monotonic(), tracing.moment()
    batch = _read_whole(store, making, window=window, ends=ends, now=now)
    if not batch.feeds:
        return 0
    _render_missing(batch, making)
    documents = [row for entry in batch.feeds for row in _documents_of(batch, *entry, making)]
    with store.writing() as db:
        at = clock(db) if now is None else now
        # In the order of names, as every transaction locks feeds.
        cleared = sorted(batch.feeds, key=lambda entry: entry[2].name)
        tallied = _ages(db, cleared, at)
        db.execute(statements.CLEAR, [{"feed_id": key, "read_to": number, "at": at} for key, number, _ in cleared])
        if batch.fresh:
            db.execute(statements.KEEP_ENTRY, batch.fresh)
        if documents:
            db.execute(statements.KEEP_DOCUMENT, [{**row, "changed_at": at} for row in documents])
            keys = [key for key, _, _ in cleared]
            db.execute(statements.TELL_HUB, {"feed_ids": keys, "at": at, "outside": bool(making.catalogue.hubs)})
        again = db.execute(statements.DIRTY_AGAIN, {"feed_ids": [key for key, _, _ in cleared]}).scalar_one()
        tallied.update({(tallies.LANE_OUT, Lane.FEEDS): len(cleared), (tallies.LANE_IN, Lane.FEEDS): again})
        tallies.add(db, tallied, now=at)
    fresh = {key: batch.entries[key] for row in batch.fresh if (key := (row["number"], row["format"])) in batch.entries}
    batch.kept.keep(fresh, making.made_for)
    took_ms = round((time.monotonic() - began) * 1000, 1)
    newest = sorted(batch.came_in, reverse=True)[:FEW]
    log.info(
        "feed.published",
        feeds=len(batch.feeds),
        names=[feed.name for _, _, feed in batch.feeds],
        documents=len(documents),
        entries_rendered=len(batch.fresh),
        event_ids=events_of(store, newest),
        took_ms=took_ms,
    )
    if tracing.is_on():
        _trace(batch, newest, begun)
    return len(batch.feeds)


def _trace(batch: _Batch, newest: Sequence[int], begun: int) -> None:
    """What was published together, and in the trace of each article that it carries first that it was."""
    names = [feed.name for _, _, feed in batch.feeds]
    of_all = tracing.tell("feeds.publish", begun, {"names": names}, links=map(tracing.of_article, newest))
    for number in newest:
        parent = tracing.of_article(number)
        tracing.tell("article.publish", begun, {"number": number}, parent=parent, links=[of_all])


def _ages(db: Connection, cleared: list[tuple[int, int, Feed]], at: int) -> Changes:
    """How old the articles are that are out now, of which the feed of everything speaks: each stands in it."""
    changes: Changes = Counter()
    for key, read_to, feed in cleared:
        if feed.name == ALL:
            accepted = db.execute(statements.ACCEPTED_SINCE, {"feed_id": key, "read_to": read_to}).scalars()
            histograms.observe(changes, tallies.ARTICLE_S, "", Counter([at - moment for moment in accepted]))
    return changes


def _read_whole(store: Store, making: Making, *, window: int, ends: float, now: int | None) -> _Batch:
    """What is due, and nothing of it outside both document and archives: what would be is archived first.

    Then all is read again, since more may have come. A feed that would take too long is left to the next turn. What is
    surely outside is archived before all is read for the first time.
    """
    with store.reading() as db:
        outside = _surely_outside(db, making, window=window, now=now)
    archive(store, outside, ends=ends, now=now)
    is_late = time.monotonic() > ends
    while True:
        with store.reading() as db:
            batch = _read(db, making, window=window, now=now)
        if is_late or not batch.outside:
            batch.feeds = [entry for entry in batch.feeds if entry[0] not in batch.outside]
            return batch
        outside = [
            Outside(feed.name, key, making.catalogue.entries_of(feed.name), batch.carried[key].whole_from)
            for key, _, feed in batch.feeds
            if key in batch.outside
        ]
        archive(store, outside, ends=ends, now=now)
        is_late = time.monotonic() > ends  # after one step at least, however slow it is


def _surely_outside(db: Connection, making: Making, *, window: int, now: int | None) -> list[Outside]:
    """Of the feeds that are due, those of ordinary length that have no room for an article that no archive has."""
    at, entries = clock(db) if now is None else now, making.catalogue.entries
    due = {"now": at, "quiet_since": at - window, "at_most": BATCH, "beyond": entries - 1}
    return [
        Outside(row.name, row.id, entries, row.oldest_shown)
        for row in db.execute(statements.DUE_FEEDS_ENDS, due)
        if making.catalogue.entries_of(row.name) == entries
        and era_of(row.filter_id, row.filled_to)
        and (row.oldest_unarchived or row.oldest_shown or 0) < (row.oldest_shown or 0)
    ]


def _read(db: Connection, making: Making, *, window: int, now: int | None) -> _Batch:
    at = clock(db) if now is None else now
    due = db.execute(statements.DUE_FEEDS, {"now": at, "quiet_since": at - window, "at_most": BATCH}).all()
    if not due:
        return _Batch([])
    installation = db.execute(statements.INSTALLATION).one().number
    batch = _Batch([(row.id, row.dirty_to, feed_of(row, making, installation)) for row in due])
    most = max(making.catalogue.entries_of(row.name) for row in due)
    shown = db.execute(statements.SHOWN, {"feed_ids": [row.id for row in due], "beyond": most - 1}).all()
    rows_of: dict[int, list[Any]] = {}
    for row in shown:
        rows_of.setdefault(row.feed_id, []).append(row)
    wanted: set[tuple[int, str]] = set()  # versions, each with the text that a feed wants of it
    for key, _, feed in batch.feeds:
        batch.carried[key] = Carried.of(rows_of.get(key, []), making.catalogue.entries_of(feed.name))
        text = making.catalogue.text_of(feed.name)
        wanted |= {(row.number, text) for row in batch.carried[key].live}
    published_to = {row.id: row.published_to for row in due}
    batch.came_in = {row.number for row in shown if row.came_in > published_to[row.feed_id]}
    batch.outside = {row.id for row in due if _is_outside(row, batch.carried[row.id])}
    keys = [(number, text, form, kept_under(form, text)) for number, text in wanted for form in Format]
    batch.kept = kept_entries(db)
    batch.entries = batch.kept.read(db, [(number, kept_as) for number, _, _, kept_as in keys], making.made_for)
    batch.missing = sorted(
        (number, text, form) for number, text, form, kept_as in keys if (number, kept_as) not in batch.entries
    )
    batch.versions = by_numbers(db, sorted({number for number, _, _ in batch.missing})) if batch.missing else {}
    return batch


def _is_outside(row: Any, carried: "Carried") -> bool:
    """Whether something stands in the feed that neither its document nor an archive would hold.

    The row was read before what is carried, so what came or changed in between is still owed.
    """
    is_whole = bool(era_of(row.filter_id, row.filled_to))
    return is_whole and row.oldest_unarchived is not None and row.oldest_unarchived < carried.whole_from


def kept_under(form: str, text: str) -> str:
    """What an entry is called in the table of renderings."""
    return form if text == FULL else f"{form}-{text}"


def feed_of(row: Any, making: Making, installation: int) -> Feed:
    """The feed of a *row* of the table, with what the catalogue says of it."""
    declared = making.catalogue.by_name.get(row.name)
    portal = making.catalogue.portal
    return Feed(
        name=row.name,
        kind=row.kind,
        title=title_of(row.kind, row.title),
        urn=urn_of(row.name, installation),
        base_url=making.base_url,
        changed_at=row.changed_at,
        portal=portal,
        language=declared.language if declared else portal.language,
        declared_as=declared.description if declared else "",
        era=era_of(row.filter_id, row.filled_to),
        hubs=making.hubs,
        older=row.newest_archive or 0,
    )


def _render_missing(batch: _Batch, making: Making) -> None:
    """Render what no publisher has rendered yet. An entry that cannot be made keeps no other from its readers."""
    # In the order of numbers: two publishers that keep the same entries then never wait for each other in a ring.
    publisher = making.catalogue.portal.name
    for number, text, form in batch.missing:
        version, kept_as = batch.versions[number], kept_under(form, text)
        try:
            entry = render_entry(version, form, base_url=making.base_url, publisher=publisher, text=text)
            part = pressing.press(entry)
        except (ValueError, TypeError, etree.LxmlError):
            log.exception("entry.spoiled", article_guid=version.article.guid, number=number, format=form)
            continue
        batch.entries[number, kept_as] = part
        batch.fresh.append({"number": number, "format": kept_as, "made_for": making.made_for, "body": part.pressed})


@dataclass(frozen=True, slots=True)
class Carried:
    """What the documents of a feed carry, in their order: rows of statements.SHOWN."""

    live: list[Any]
    gone: list[Any]
    whole_from: int = 0  # from this number on nothing of the feed is left out

    @classmethod
    def of(cls, rows: list[Any], most: int) -> "Carried":
        """Of what was read for a feed, its *most* newest articles and the tombstones among them."""
        numbers = sorted((row.number for row in rows if not row.withdrawn), reverse=True)
        oldest = numbers[most - 1] if len(numbers) >= most else 0
        live = [row for row in rows if not row.withdrawn and row.number >= oldest]
        live.sort(key=lambda row: (shown_published(row.published_at, row.accepted_at), row.number), reverse=True)
        gone = sorted((row for row in rows if row.withdrawn and row.number >= oldest), key=lambda row: -row.number)
        return cls(live, gone[:most], max(oldest, gone[most - 1].number if len(gone) > most else 0))

    @property
    def tombstones(self) -> list[Tombstone]:
        """What Atom says of those that are gone."""
        return [Tombstone(row.entry_id, row.accepted_at) for row in self.gone]

    def spans(self, era: str) -> dict[Format, Span]:
        """Which entries each document of it has. Only Atom has tombstones."""
        oldest = min([row.number for row in self.live], default=0)
        newest = max([row.came_in for row in self.live], default=0)
        plain = Span(era, oldest, newest)
        with_stones = Span(era, oldest, max([newest, *(row.came_in for row in self.gone)]))
        return {Format.RSS: plain, Format.ATOM: with_stones, Format.JSON: plain}


def _documents_of(batch: _Batch, key: int, number: int, feed: Feed, making: Making) -> Iterable[dict[str, Any]]:
    """The rows of a feed's documents, without those that do not parse."""
    carried, text = batch.carried[key], making.catalogue.text_of(feed.name)
    spans, numbers = carried.spans(feed.era), [row.number for row in carried.live]
    for form in Format:
        kept_as = kept_under(form, text)
        found = map(batch.entries.get, zip(numbers, repeat(kept_as)))
        entries = [entry for entry in found if entry is not None]
        try:
            document = assemble(feed, form, entries, carried.tombstones)
        except Spoiled:
            log.exception("document.spoiled", feed=feed.name, format=form, number=number)
            continue
        yield {
            "feed_id": key,
            "format": form,
            "number": number,
            "etag": tag_of(document.pressed, spans[form]),
            "made_for": making.made_for,
            "body": document.pressed,
        }


def _remake(store: Store, made_for: str, *, now: int | None) -> None:
    """Once in a process: documents that were made for another BASE_URL, or in an older form, are due again."""
    if (store.url, made_for) in _remade:
        return
    with store.writing() as db:
        db.execute(statements.REMAKE, {"made_for": made_for, "at": clock(db) if now is None else now})
    _remade.add((store.url, made_for))

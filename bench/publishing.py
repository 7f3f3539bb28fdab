"""Feeds: a burst of articles until it is out in every document, and what one changed article costs.

First the whole installation, on SQLite: one batch over HTTP, the reaction in the events worker, publishing in the
feeds worker. Then the publisher alone, in rounds beside feedgen. feedgen renders some of the same feeds from articles
that lie in memory; its time for all of them is extrapolated from those.
"""

import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, func, select, union_all

from bench.figures import Figure
from bench.newsroom import Layout
from bench.peers.feedgen_documents import rendered
from config.catalogue import catalogue_of
from config.settings import load
from tests.e2e.installation import Installation, an_installation
from zonewire.articles.model import Article
from zonewire.articles.reading import by_numbers
from zonewire.feeds import Catalogue, Format, publish_due
from zonewire.intake.accept import accept
from zonewire.intake.event import Event, EventType
from zonewire.reaction import react
from zonewire.store import Store, migrate
from zonewire.store.pacing import Pace
from zonewire.store.tables import articles, documents, entry_renderings, feed_entries, feeds, outbox

BASE_URL = "https://bench.example"
BEHIND_WINDOW_S = 3.0
OUT_WITHIN_S = 120
STEP_S = 0.01

_events = itertools.count(1)

# What is still owed to the feeds' readers: an article that nobody has reacted to, or a feed that is dirty.
_OWED = union_all(select(outbox.c.id), select(feeds.c.id).where(feeds.c.dirty_since.is_not(None))).limit(1)
_DOCUMENTS = select(documents.c.feed_id, documents.c.format, documents.c.number)
_ENTRIES = select(func.count()).select_from(entry_renderings)


@dataclass(frozen=True, slots=True)
class PublishingSize:
    """How much is published."""

    layout: Layout
    entries: int  # in each feed
    feedgen_sample: int  # feeds that feedgen renders
    rounds: int
    window_s: float = 2.0  # FEED_WINDOW, its default


@dataclass(slots=True)
class _Taken:
    """What was measured, round by round."""

    bursts: list[float] = field(default_factory=list)  # seconds from the 202 until all is out
    alone: list[float] = field(default_factory=list)  # seconds of the publisher for all feeds
    alone_cpu: list[float] = field(default_factory=list)  # of that, seconds of CPU
    feedgen: list[float] = field(default_factory=list)  # seconds of feedgen for all feeds, extrapolated
    rewritten: int = 0  # documents, for one changed article
    rendered: int = 0  # entries, for the same


def measure_publishing(
    folder: Path, size: PublishingSize, *, judged: bool, said: Callable[[str], None]
) -> list[Figure]:
    """All figures of publishing, on an installation of its own in *folder*."""
    chance, catalogue, taken = random.Random(0), catalogue_of(load()), _Taken()
    settings = {"base_url": BASE_URL, "feed_window": str(size.window_s)}
    with an_installation(folder, **settings) as installation, installation.store() as store:
        said(f"publishing: filling {size.layout.feeds:,} feeds with {size.entries} entries each")
        migrate.upgrade(store)
        for n in range(size.entries):
            _take_in(store, size.layout.round(n, chance))
        _publish(store, catalogue)
        installation.up()
        for n in range(size.rounds):
            taken.bursts.append(_burst(installation, store, list(size.layout.round(n, chance))))
            said(f"publishing: burst {n + 1} was out after {taken.bursts[-1]:.2f} s")
        taken.rewritten, taken.rendered = _one_change(installation, store)
        installation.kill9()
        for n in range(size.rounds):
            _take_in(store, size.layout.round(n, chance))
            cpu = time.process_time()
            taken.alone.append(_seconds(lambda: _publish(store, catalogue)))
            taken.alone_cpu.append(time.process_time() - cpu)
            taken.feedgen.append(_feedgen(store, size, first=n * size.feedgen_sample))
            said(f"publishing: alone {taken.alone[-1]:.2f} s, feedgen {taken.feedgen[-1]:.2f} s")
    return _figures(size, taken, judged=judged)


def _take_in(store: Store, some: Iterable[Article]) -> None:
    """Accept *some* and react to them, in this process."""
    accept(store, [_event(article) for article in some], host="bench.example")
    pace = Pace(pauses=False)
    while react(store, pace, owed=lambda _lanes: None).more:
        pass


def _event(article: Article) -> Event:
    ident = f"event-{next(_events)}"
    return Event(source="bench", id=ident, type=EventType.PUBLISHED, guid=article.guid, article=article)


def _publish(store: Store, catalogue: Catalogue) -> None:
    """Publish all that is dirty, without a window."""
    while publish_due(store, base_url=BASE_URL, window_s=0, catalogue=catalogue).count:
        pass


def _burst(installation: Installation, store: Store, burst: Sequence[Article]) -> float:
    """Publish *burst* over HTTP, in one batch; seconds from the 202 until nothing is left to publish."""
    installation.publish(burst)
    accepted = time.monotonic()
    while not _is_all_out(store):
        if time.monotonic() > accepted + OUT_WITHIN_S:
            raise TimeoutError(f"not out within {OUT_WITHIN_S} s\n{installation.last_words()}")
        time.sleep(STEP_S)
    return time.monotonic() - accepted


def _is_all_out(store: Store) -> bool:
    with store.reading() as db:
        return db.execute(_OWED).first() is None


def _one_change(installation: Installation, store: Store) -> tuple[int, int]:
    """Correct one article; how many documents were written anew for it, and how many entries rendered."""
    with store.reading() as db:
        number = db.execute(select(func.max(articles.c.newest))).scalar_one()
        article = by_numbers(db, [number])[number].article
        before, entries = {tuple(row) for row in db.execute(_DOCUMENTS)}, db.execute(_ENTRIES).scalar_one()
    _burst(installation, store, [replace(article, title=f"{article.title}（更正）")])
    with store.reading() as db:
        after = {tuple(row) for row in db.execute(_DOCUMENTS)}
        return len(after - before), db.execute(_ENTRIES).scalar_one() - entries


def _feedgen(store: Store, size: PublishingSize, *, first: int) -> float:
    """Seconds that feedgen takes for all feeds, by those of a sample from *first* on."""
    with store.reading() as db:
        names = db.execute(select(feeds.c.id, feeds.c.name).order_by(feeds.c.id)).all()
        sample = [names[n % len(names)] for n in range(first, first + size.feedgen_sample)]
        carried = {row.name: by_numbers(db, _newest(db, row.id, size.entries)).values() for row in sample}
    took = _seconds(lambda: [rendered(name, versions) for name, versions in carried.items()])
    return took / len(sample) * len(names)


def _newest(db: Connection, feed_id: int, most: int) -> list[int]:
    """The versions that a feed's documents carry."""
    number = feed_entries.c.number
    carried = select(number).where(feed_entries.c.feed_id == feed_id).order_by(number.desc()).limit(most)
    return list(db.execute(carried).scalars())


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _figures(size: PublishingSize, taken: _Taken, *, judged: bool) -> list[Figure]:
    layout = size.layout
    what = f"{layout.shelf} articles in {layout.feeds:,} feeds of {size.entries} entries"
    all_feeds, sample = f"all {layout.feeds + 1:,} feeds", min(size.feedgen_sample, layout.feeds + 1)
    ratios = [peer / ours for peer, ours in zip(taken.feedgen, taken.alone, strict=True)]
    carrying = len(Format) * (layout.places + 1)
    return [
        _median(
            f"{what}: 202 until all are out", taken.bursts, "s", at_most=size.window_s + BEHIND_WINDOW_S, judged=judged
        ),
        _median(
            f"publisher alone, {all_feeds}, three formats", taken.alone, "s", at_most=BEHIND_WINDOW_S, judged=judged
        ),
        _median("CPU of it", taken.alone_cpu, "s"),
        _median(f"peer: feedgen, {all_feeds}, RSS and Atom (from {sample} of them)", taken.feedgen, "s"),
        _median("feedgen's time to the publisher's", ratios, "x"),
        Figure(name="documents written for one changed article", value=taken.rewritten, unit="", at_most=carrying),
        Figure(name="entries rendered for it", value=taken.rendered, unit="", at_most=len(Format)),
    ]


def _median(name: str, some: list[float], unit: str, *, at_most: float | None = None, judged: bool = False) -> Figure:
    return Figure(
        name=name,
        value=statistics.median(some),
        unit=unit,
        at_most=at_most if judged else None,
        samples=tuple(round(one, 3) for one in some),
    )

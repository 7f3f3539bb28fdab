"""Digests: a hundred thousand readers who are all due at eight, from the cut until their mails are ready for the relay.

Two lanes do it, each watched in a process of its own: `digests` cuts editions and owes them, `push.email` renders and
composes each edition when it first claims a mail of it, and fills in the letter for every reader. Beside them a render
for each reader, of so many that it can be waited for; its time for all of them is extrapolated from those.
"""

import io
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench import lanes
from bench.figures import Figure
from bench.peers.mail_per_reader import mail
from bench.readership import Readership
from zonewire.filters import Filter
from zonewire.intake.accept import accept
from zonewire.intake.event import Event, EventType
from zonewire.outbound.guard import Guard
from zonewire.store import Store, migrate, open_store
from zonewire.store import now as clock
from zonewire.subscriptions import import_chunk, read_chunks
from zonewire.subscriptions.cadence import PERIOD, next_due

ALL_WITHIN_S = 60
EIGHT, ZONE = 8 * 60, "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class DigestingSize:
    """How much there is to read, by how many."""

    readership: Readership
    peer_sample: int  # readers whom the peer renders for
    rounds: int  # days, each with its own news


@dataclass(slots=True)
class _Taken:
    """What was measured, day by day."""

    cuts: list[lanes.Work] = field(default_factory=list)
    composed: list[lanes.Work] = field(default_factory=list)
    pushed: list[lanes.Work] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)  # seconds for all readers, extrapolated


def measure_digesting(
    folder: Path, size: DigestingSize, *, database_url: str, judged: bool, said: Callable[[str], None]
) -> list[Figure]:
    """All figures of digests, on a database in *folder*, else on that of *database_url*."""
    folder.mkdir()
    url = database_url or f"sqlite:///{folder / 'zonewire.db'}"
    store, chance, taken = open_store(url), random.Random(0), _Taken()
    try:
        migrate.upgrade(store)
        said(f"digests: importing {size.readership.subscribers:,} subscriptions")
        due_at = _subscribe(store, size.readership, chance)
        for n in range(size.rounds):
            _publish(store, size.readership, chance, day=n)
            _one_day(store, size, taken, chance, at=due_at + n * PERIOD["daily"])
            said(f"digests: day {n + 1}: {_told(taken)}")
    finally:
        store.close()
    return _figures(size, taken, judged=judged)


def _subscribe(store: Store, readership: Readership, chance: random.Random) -> int:
    """Import everybody; the moment at which all of them are due."""
    lines = b"".join(orjson.dumps(line) + b"\n" for line in readership.lines(chance))
    filter_ids: dict[Filter, int] = {}
    for chunk in read_chunks(io.BytesIO(lines), guard=Guard()):
        with store.writing() as db:
            now = clock(db)
            import_chunk(db, chunk, keys=lanes.KEYS, now=now, filter_ids=filter_ids)
    return next_due("daily", EIGHT, 0, ZONE, now)


def _publish(store: Store, readership: Readership, chance: random.Random, *, day: int) -> None:
    events = [
        Event(source="bench", id=f"day-{day}-{n}", type=EventType.PUBLISHED, guid=article.guid, article=article)
        for n, article in enumerate(readership.day(chance))
    ]
    accept(store, events, host="bench.example")


def _one_day(store: Store, size: DigestingSize, taken: _Taken, chance: random.Random, *, at: int) -> None:
    """Each lane in a new process, as it is when a day begins."""
    readership = size.readership
    taken.cuts.append(_elsewhere(lanes.cut, store.url, at))
    taken.composed.append(_elsewhere(lanes.compose, store.url))
    taken.peer.append(_peer(store, size, chance))
    taken.pushed.append(_elsewhere(lanes.push, store.url))
    made = taken.cuts[-1].editions, taken.cuts[-1].done, taken.composed[-1].done, taken.pushed[-1].done
    if made != (readership.filters, readership.subscribers, readership.filters, readership.subscribers):
        raise RuntimeError(f"editions, deliveries, letters and mails: {made} is not what was asked for")


def _elsewhere(lane: Callable[..., lanes.Work], *arguments: object) -> lanes.Work:
    """What *lane* does in a process of its own, forked from one that has imported everything, as `up` does it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.lanes"])
    with ProcessPoolExecutor(1, mp_context=context, initializer=lanes.hush) as pool:
        return pool.submit(lane, *arguments).result()


def _peer(store: Store, size: DigestingSize, chance: random.Random) -> float:
    """Seconds that a render for each reader takes for all of them, by those of some readers."""
    post = lanes.mailing()
    with store.reading() as db:
        some = chance.choices(db.execute(lanes.ONE_OF_EACH).all(), k=size.peer_sample)
        began = time.perf_counter()
        for row in some:
            mail(db, row.edition_id, mailing=post, links=post.reader_links(row.subscription_id), to=lanes.READER["to"])
        took = time.perf_counter() - began
    return took / size.peer_sample * size.readership.subscribers


def _told(taken: _Taken) -> str:
    cut, composed, pushed = taken.cuts[-1], taken.composed[-1], taken.pushed[-1]
    return (
        f"cut in {cut.took_s:.1f} s, composed in {composed.took_s:.1f} s, "
        f"{pushed.done:,} mails in {pushed.took_s:.1f} s, a render each in {taken.peer[-1]:,.0f} s"
    )


def _figures(size: DigestingSize, taken: _Taken, *, judged: bool) -> list[Figure]:
    readers = size.readership
    cuts, composed = [one.took_s for one in taken.cuts], [one.took_s for one in taken.composed]
    pushed = [one.took_s for one in taken.pushed]
    both = [cut + compose for cut, compose in zip(cuts, composed, strict=True)]
    ratios = [peer / ours for peer, ours in zip(taken.peer, pushed, strict=True)]
    what = f"{readers.subscribers:,} digests of {readers.filters:,} filters"
    return [
        _median(f"{what}: editions cut and owed", cuts, "s"),
        _median("each edition rendered and composed", composed, "s"),
        _median("both, one after the other", both, "s", at_most=ALL_WITHIN_S if judged else None),
        _median("its mails claimed, composed, filled and settled, no network", pushed, "s"),
        _median(f"peer: a render for each reader (from {size.peer_sample})", taken.peer, "s"),
        _median("the peer's time to ours for all mails", ratios, "x"),
        _median("letters filled", [one.filled_per_s for one in taken.composed], "/s"),
        _grown("cutting", taken.cuts),
        _grown("composing", taken.composed),
        _grown("pushing", taken.pushed),
    ]


def _grown(what: str, works: list[lanes.Work]) -> Figure:
    return _median(f"memory that {what} grew by behind its first quarter", [one.grew_mib for one in works], "MiB")


def _median(name: str, some: list[float], unit: str, *, at_most: float | None = None) -> Figure:
    samples = tuple(round(one, 3) for one in some)
    return Figure(name=name, value=statistics.median(some), unit=unit, at_most=at_most, samples=samples)

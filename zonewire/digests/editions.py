"""Cutting: the due subscriptions move on, and what stood in their windows becomes editions and deliveries.

A tick fixes once where all its windows close. What they hold is worked out outside of any transaction; then a portion
of subscriptions, their editions and their deliveries are written in one, guarded by what was read: killed between any
two lines, or run twice at once, each subscription has been moved on with its delivery made, or not at all.
"""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row

from zonewire import tracing
from zonewire.articles.origins import FEW, origins_read
from zonewire.delivery import counts, tallies
from zonewire.delivery.counts import Moves
from zonewire.delivery.lanes import Lane
from zonewire.delivery.owing import owe_editions
from zonewire.delivery.tallies import Changes
from zonewire.digests import statements
from zonewire.digests.left_out import can_be_counted, skipped_by_pause
from zonewire.digests.windows import Contents, Windows, carried_before, filters_of, has_story
from zonewire.store import SECOND, Store, as_rows
from zonewire.store import now as clock
from zonewire.subscriptions.cadence import next_due

log = structlog.get_logger()

MINUTE = 60 * SECOND
PAGE = 20_000
"""Due subscriptions that are read at once, so that those of one edition come together."""
MOST_SUBSCRIPTIONS = 1_000
"""That are written in one transaction; fewer where the database is slow."""
LEAST_SUBSCRIPTIONS = 250
"""On a disk that is slower than HOLD_S by itself fewer would not help: these add 4 ms to what a commit takes."""
MOST_VERSIONS = 5_000
"""Rows of edition contents in one transaction, unless a single edition has more."""
HOLD_S = 0.025
"""How long a transaction of ours may keep SQLite's only writer away from intake (rules.md, Intake)."""
LATE = 30 * MINUTE
"""A digest that is cut so much later than it was due says so."""
ARTICLES_TOLD = 200
"""Of the articles that a tick's new editions carry, so many have a line in the log: the newest."""
EDITIONS_TRACED = 20
KEPT_OPEN = 1_000
"""A window that holds corrections alone stays open for its next issue, unless it has grown to so many numbers."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a tick made, in rows."""

    editions: int = 0  # new ones
    deliveries: int = 0
    subscriptions: int = 0  # that were moved on
    carried: tuple[tuple[int, Contents], ...] = field(default=(), compare=False, repr=False)  # by the new ones

    def __add__(self, other: "Cut") -> "Cut":
        """Both together."""
        editions, deliveries = self.editions + other.editions, self.deliveries + other.deliveries
        subscriptions, carried = self.subscriptions + other.subscriptions, self.carried + other.carried
        return Cut(editions, deliveries, subscriptions, carried)


class EditionKey(NamedTuple):
    """The unique key of an edition; `corrects` marks what its readers share besides (store.tables.editions)."""

    filter_id: int
    after: int
    up_to: int
    locale: str
    template: str
    corrects: str
    late_since: int | None
    skipped: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One subscription to move on, as it was read, and where to."""

    id: int
    was_next_at: int
    was_after: int
    next_at: int
    window_after: int
    skipped_after: int | None
    key: EditionKey
    contents: Contents

    def as_change(self) -> tuple[int | str | None, ...]:
        """As a row of MOVE_ON."""
        read, key = (self.id, self.was_next_at, self.was_after), self.key
        return (*read, self.next_at, self.window_after, self.skipped_after, key.filter_id, key.locale)


def cut_due(store: Store, *, at: int | None = None, now: int | None = None) -> Cut:
    """Cut once every subscription whose hour has passed by *at* (microseconds; unset: now), however many it missed.

    *at* moves only the schedule: what is made is due at once, by the database's clock or by *now*. Without *at* all
    that cut in the same minute close their windows at the same number, whichever process they run in.
    """
    started, begun = time.perf_counter(), tracing.moment()
    with store.reading() as db:
        real = clock(db) if now is None else now
        moment = real if at is None else at
        if not db.execute(statements.ANY_DUE, {"at": moment}).scalar():
            return Cut()
        newest = int(db.execute(statements.NEWEST_NUMBER).scalar_one())
    up_to = newest if at is not None else _fix_tick(store, newest=newest, now=real)
    cut = _cut_all(store, Windows(up_to, late_before=moment - LATE if at is None else None), at=moment, now=now)
    took_ms = round((time.perf_counter() - started) * 1000)
    log.info(
        "editions.cut",
        editions=cut.editions,
        deliveries=cut.deliveries,
        subscriptions=cut.subscriptions,
        up_to=up_to,
        took_ms=took_ms,
    )
    _tell(store, cut)
    if tracing.is_on():
        _trace(cut, begun)
    return cut


def _trace(cut: Cut, begun: int) -> None:
    """The tick; its first editions, each with links to what it tells; and in each article's trace that it is told."""
    about = {"editions": cut.editions, "deliveries": cut.deliveries, "subscriptions": cut.subscriptions}
    tick = tracing.tell("digests.cut", begun, about)
    told: dict[int, list[str]] = {}
    for edition, contents in cut.carried[:EDITIONS_TRACED]:
        numbers = [number for number, role in contents if role == "story"]
        links = [tick, *map(tracing.of_article, numbers[: tracing.MOST_LINKS])]
        shown = f"d{edition}"
        place = tracing.of_edition(edition)
        tracing.tell("edition.cut", begun, {"edition": shown, "stories": len(numbers)}, place=place, links=links)
        for number in numbers[: tracing.MOST_LINKS]:
            told.setdefault(number, []).append(shown)
    for number, editions in told.items():
        parent = tracing.of_article(number)
        tracing.tell("article.digest", begun, {"number": number, "editions": editions}, parent=parent, links=[tick])


def _tell(store: Store, cut: Cut) -> None:
    """A line for each article that is news in new editions, up to ARTICLES_TOLD; at level debug for all."""
    where: dict[int, list[int]] = {}
    for edition, contents in cut.carried:
        for number, role in contents:
            if role == "story":
                where.setdefault(number, []).append(edition)
    numbers = sorted(where, reverse=True)
    if not log.is_enabled_for(logging.DEBUG):
        numbers = numbers[:ARTICLES_TOLD]
    origins = origins_read(store, numbers)
    for number in numbers:
        told = origins[number].told if number in origins else {}
        named = [f"d{edition}" for edition in where[number][:FEW]]
        log.info("article.digested", **told, number=number, editions=len(where[number]), edition_ids=named)
    if len(where) > len(numbers):
        log.info("articles.digested", more=len(where) - len(numbers))


def _fix_tick(store: Store, *, newest: int, now: int) -> int:
    """Where the windows of this minute close: the first to ask says it."""
    minute = now // MINUTE
    with store.writing() as db:
        row = {"name": "digests", "minute": minute, "started_at": now, "up_to": newest}
        db.execute(statements.FIX_TICK, row)
        return int(db.execute(statements.TICK, {"minute": minute}).scalar_one())


class _Pace:
    """How many subscriptions one transaction moves, so that on SQLite it keeps intake waiting for about HOLD_S."""

    def __init__(self, store: Store) -> None:
        self._unfair = not store.is_postgresql  # SQLite's one writer: back to back, nobody else gets in
        self.most = MOST_SUBSCRIPTIONS

    def written(self, took_s: float) -> None:
        """A transaction of ours held the writer for so long: leave it free for as long."""
        if self._unfair:
            fitting = int(self.most * HOLD_S / max(took_s, HOLD_S / 2))
            self.most = max(min(LEAST_SUBSCRIPTIONS, MOST_SUBSCRIPTIONS), min(MOST_SUBSCRIPTIONS, fitting))
            time.sleep(took_s)


def _cut_all(store: Store, windows: Windows, *, at: int, now: int | None) -> Cut:
    cut, pace = Cut(), _Pace(store)
    while True:
        with store.reading() as db:
            page = db.execute(statements.DUE, {"at": at, "up_to": windows.up_to, "most": PAGE})
            rows = sorted(page, key=lambda row: (row.filter_id, row.window_after, row.locale, row.template, row.id))
        if not rows:
            return cut
        while rows:
            portion, rows = rows[: pace.most], rows[pace.most :]
            with store.reading() as db:
                due = prepare(db, windows, portion, at=at)
            for part in _parts(due):
                cut += _write(store, part, pace, at=at, now=now, spread=windows.late_before is not None)


def _write(store: Store, part: Sequence[Due], pace: _Pace, *, at: int, now: int | None, spread: bool) -> Cut:
    with store.writing() as db:
        begun = time.perf_counter()  # the wait for the writer lies before
        cut = cut_part(db, part, at=at, now=clock(db) if now is None else now, spread=spread)
    pace.written(time.perf_counter() - begun)
    return cut


def prepare(db: Connection, windows: Windows, rows: Sequence[Row[*tuple[Any, ...]]], *, at: int) -> list[Due]:
    """What becomes of each due subscription of *rows*. Reads only."""
    oldest = min(_oldest_looked_at(row, windows) for row in rows)
    windows.open(db, after=oldest)
    had = carried_before(
        db,
        updates=windows.updates(after=oldest),
        filter_ids=filters_of(rows),
        subscription_ids=[row.id for row in rows],
    )
    kept: dict[EditionKey, Contents] = {}
    due = []
    for row in rows:
        theirs = had.get(row.id, frozenset())
        known = _changed_in(windows, after=row.window_after, had=theirs)
        late_since = row.next_at if row.next_at <= (windows.late_before or 0) else None
        left_out = skipped_by_pause(windows, row, had=theirs)
        mark = _mark(known, late_since, left_out)
        key = EditionKey(
            row.filter_id, row.window_after, windows.up_to, row.locale, row.template, mark, late_since, left_out
        )
        if key not in kept:
            kept[key] = windows.contents(filter_id=row.filter_id, after=row.window_after, had=known)
        due.append(_due(row, key, kept[key], at=at))
    return due


def _oldest_looked_at(row: Row[*tuple[Any, ...]], windows: Windows) -> int:
    """Where what is read for *row* begins: its window, or what a pause left out before it, if that can be counted."""
    return int(row.skipped_after if can_be_counted(windows, row.skipped_after) else row.window_after)


def _due(row: Row[*tuple[Any, ...]], key: EditionKey, contents: Contents, *, at: int) -> Due:
    only_corrections = bool(contents) and not has_story(contents)
    stays_open = only_corrections and key.up_to - key.after <= KEPT_OPEN
    return Due(
        id=row.id,
        was_next_at=row.next_at,
        was_after=row.window_after,
        next_at=next_due(row.cadence, row.at_minute, row.weekday, row.timezone, at),
        window_after=row.window_after if stays_open else key.up_to,
        skipped_after=None if has_story(contents) else row.skipped_after,
        key=key,
        contents=contents,
    )


def cut_part(db: Connection, part: Sequence[Due], *, at: int, now: int, spread: bool = False) -> Cut:
    """Move *part* on, with its editions and deliveries: those of it that nobody else has moved meanwhile.

    *spread* as in `owe_editions`.
    """
    changes = as_rows([one.as_change() for one in part])
    moved = set(db.execute(statements.MOVE_ON.on(db), {"rows": changes, "cut_at": at}).scalars())
    readers = [one for one in part if one.id in moved and has_story(one.contents)]
    wanted = {one.key: one.contents for one in readers}
    ids, made = _add_editions(db, wanted, now=now)
    owed = {one.id: ids[one.key] for one in readers}
    moves: Moves = Counter()
    deliveries = owe_editions(db, edition_by_subscription=owed, now=now, spread=spread, moves=moves) if owed else 0
    cut = Cut(len(made), deliveries, len(moved), tuple((ids[key], wanted[key]) for key in made))
    counts.record(db, moves, _tallied(cut))
    return cut


def _tallied(cut: Cut) -> Changes:
    """A subscription comes due by the clock alone, so what is done with is all that is known to have come in."""
    flows = {(name, Lane.DIGESTS.value): cut.subscriptions for name in (tallies.LANE_IN, tallies.LANE_OUT)}
    return Counter({**flows, (tallies.EDITIONS, ""): cut.editions, (tallies.DIGESTS, ""): cut.deliveries})


def _add_editions(
    db: Connection, wanted: Mapping[EditionKey, Contents], *, now: int
) -> tuple[dict[EditionKey, int], Collection[EditionKey]]:
    """The id of each edition, those that are new made with their contents; and which were new."""
    if not wanted:
        return {}, ()
    rows = db.execute(
        statements.ADD_EDITIONS.on(db), {"rows": as_rows([tuple(key) for key in wanted]), "created_at": now}
    ).all()
    new = {EditionKey(*row[1:]): int(row[0]) for row in rows}
    versions = [(new[key], number, role) for key in new for number, role in wanted[key]]
    if versions:
        db.execute(statements.ADD_VERSIONS.on(db), {"rows": as_rows(versions)})
    if len(new) == len(wanted):
        return new, new
    (up_to,) = {key.up_to for key in wanted}
    filter_ids = sorted({key.filter_id for key in wanted})
    known = db.execute(statements.EDITIONS, {"filter_ids": filter_ids, "up_to": up_to}).all()
    return {EditionKey(*row[1:]): int(row[0]) for row in known}, new


def _parts(due: Iterable[Due]) -> Iterator[list[Due]]:
    """*due* in portions whose editions have at most MOST_VERSIONS contents, or are one edition."""
    part: list[Due] = []
    seen: set[EditionKey] = set()
    versions = 0
    for one in due:
        more = 0 if one.key in seen else len(one.contents)
        if part and versions + more > MOST_VERSIONS:
            yield part
            part, seen, versions, more = [], set(), 0, len(one.contents)
        part.append(one)
        seen.add(one.key)
        versions += more
    if part:
        yield part


def _changed_in(windows: Windows, *, after: int, had: frozenset[int]) -> frozenset[int]:
    """Those of the articles *had* that changed in this window."""
    return had & {one.article_id for one in windows.updates(after=after)} if had else had


def _mark(had: frozenset[int], late_since: int | None, skipped: int | None) -> str:
    """A short name of what readers share besides filter and window; "" of nothing."""
    if not had and late_since is None and skipped is None:
        return ""
    shared = repr(sorted(had)) if late_since is None and skipped is None else repr((sorted(had), late_since, skipped))
    return hashlib.blake2b(shared.encode(), digest_size=12).hexdigest()

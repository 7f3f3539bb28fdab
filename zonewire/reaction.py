"""The reaction: an outbox row becomes feeds marked and deliveries owed, stage by stage, each with a stored cursor.

Stages, in this order: `feeds` marks the feeds that the article touches; `supersede` cancels what older versions still
owe; `fanout` owes the news to every matching instant subscription's endpoint; `holders` tells those who have, or may
have, an older version, also when its filter no longer passes, and owes it to drafts that they are written anew. Killed
anywhere, the next taker goes on at the cursor; the unique key of the ledger makes what was owed already stay as it is.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from sqlalchemy import Connection, bindparam, delete, select, update
from structlog.contextvars import bound_contextvars

from zonewire import tracing
from zonewire.articles import reading
from zonewire.articles.model import Version
from zonewire.articles.origins import origins_of
from zonewire.delivery import counts, owing, tallies
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.lanes import Lane
from zonewire.delivery.states import Kind
from zonewire.errors import ZonewireError
from zonewire.feeds import has_declared, mark_touched
from zonewire.filters import MATCHING, facts_of, keyword_index
from zonewire.store import SECOND, Store, many, values_of
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import articles, outbox
from zonewire.store.tables import versions as versions_table

log = structlog.get_logger()

TAKEN = 30 * SECOND
"""Whoever took a row and shows no sign for so long has lost it."""
ROWS_AT_ONCE = 100
FIRST_AHEAD = 500
"""So few are read and owed first: pushing begins while the rest are still being read."""
READ_AHEAD = 20_000


class Stage(StrEnum):
    """What an outbox row still needs."""

    FEEDS = "feeds"
    SUPERSEDE = "supersede"
    FANOUT = "fanout"
    HOLDERS = "holders"


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a turn did."""

    articles: int = 0
    deliveries: int = 0
    more: bool = False


@dataclass(slots=True)
class _Owed:
    """An outbox row that this turn took."""

    id: int
    number: int
    stage: Stage
    after_filter: int
    after_endpoint: int
    ahead: list[tuple[int, int]] = field(default_factory=list)  # (filter, endpoint) that come next in the fan-out
    read_all: bool = False  # nothing comes behind `ahead`


OnOwed = Callable[[Iterable[str]], None]
"""Told the lanes on which deliveries have just been committed."""
OnPoison = Callable[[str, Exception], None]
"""Told the guid of an article that cannot be worked with, and why."""

# Rows that nobody holds, oldest first. The relay is whoever runs this without having been hinted.
_FREE = (
    select(outbox.c.id)
    .where(outbox.c.taken_until < bindparam("moment"))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ANY = select(outbox.c.id).where(outbox.c.taken_until < bindparam("moment")).limit(1)
_TAKE = (
    update(outbox)
    .where(outbox.c.id.in_(_FREE))
    .values(taken_until=bindparam("until"))
    .returning(outbox.c.id, outbox.c.number, outbox.c.stage, outbox.c.after_filter, outbox.c.after_endpoint)
)
_MOVE_ON = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        stage=bindparam("to_stage"),
        after_filter=bindparam("to_filter"),
        after_endpoint=bindparam("to_endpoint"),
        taken_until=bindparam("until"),
    )
)
# Shared with no intake: a newer version's number is given under a lock on this row.
_NEWEST = select(articles.c.newest).where(articles.c.id == bindparam("of_article")).with_for_update(read=True)
_RELEASE_ALL = update(outbox).where(outbox.c.taken_until > 0).values(taken_until=0)
_NEWEST_OF = (
    select(articles.c.newest)
    .join(versions_table, versions_table.c.article_id == articles.c.id)
    .where(versions_table.c.number == bindparam("of_number"))
)
_DONE = delete(outbox).where(outbox.c.id.in_(values_of(many("done_ids"))))


def react(
    store: Store, pace: Pace, *, owed: OnOwed, poison: OnPoison = lambda *_: None, budget_s: float = 0.9
) -> Reacted:
    """Take free outbox rows and carry each as far as *budget_s* allows; what is left is free for the next turn."""
    deadline, begun = time.monotonic() + budget_s, tracing.moment()
    with store.reading() as db:  # an idle lane writes nothing
        if db.execute(_ANY, {"moment": clock(db)}).first() is None:
            return Reacted()
    with store.writing() as db:
        now = clock(db)
        rows = db.execute(_TAKE, {"moment": now, "until": now + TAKEN, "most": ROWS_AT_ONCE}).all()
    if not rows:
        return Reacted()
    taken = sorted((_Owed(r.id, r.number, Stage(r.stage), r.after_filter, r.after_endpoint) for r in rows), key=_by_id)
    with store.reading() as db:
        versions = reading.readable(db, [row.number for row in taken])
        origins = origins_of(db, [row.number for row in taken])
    _mark_each_or_all(store, taken, versions)
    finished, made, left = 0, 0, list(taken)
    try:
        while left and (len(left) == len(taken) or time.monotonic() < deadline):  # one at least, however slow it is
            row = left.pop(0)
            with bound_contextvars(**origins[row.number].told, number=row.number):
                try:
                    done, n = _carried(store, pace, row, versions.get(row.number), owed, deadline)
                except ZonewireError:
                    raise  # the database's affair, not this row's
                except Exception as error:  # it keeps only itself from the others, and is tried again later
                    done, n = int(_is_overtaken(store, row)), 0
                    if not done:
                        log.exception("article.unreacted")
                        poison(origins[row.number].guid, error)
                made += n
                finished += done
                if done:
                    log.info("article.reacted", source=origins[row.number].source, deliveries=n)
                    if tracing.is_on():
                        about = origins[row.number].told | {"number": row.number, "deliveries": n}
                        parent, links = tracing.of_article(row.number), [tracing.current()]
                        tracing.tell("article.react", begun, about, parent=parent, links=links)
    finally:
        if left:
            _release(store, left)
    log.info("articles.reacted", articles=finished, deliveries=made, taken=len(taken))
    return Reacted(finished, made, more=finished < len(taken) or len(taken) == ROWS_AT_ONCE)


def release_taken(db: Connection) -> int:
    """Let others go on at once with what a worker had taken that is gone; how many rows.

    Rows say not who took them: one that another still works on may be taken twice, which owes nothing twice.
    """
    return db.execute(_RELEASE_ALL).rowcount


def _carried(
    store: Store, pace: Pace, row: _Owed, version: Version | None, owed: OnOwed, deadline: float
) -> tuple[int, int]:
    """`_carry_on`, behind whatever was not to be had together with the others. Raises what is wrong with this row."""
    if version is None:
        with store.reading() as db:
            version = reading.by_numbers(db, [row.number])[row.number]
    if row.stage is Stage.FEEDS:
        _mark_feeds(store, [row], {row.number: version})
    return _carry_on(store, pace, row, version, owed, deadline)


def _is_overtaken(store: Store, row: _Owed) -> bool:
    """Whether its article has a newer version, whose reaction does all that this one's would: then it is done."""
    with store.writing() as db:
        if db.execute(_NEWEST_OF, {"of_number": row.number}).scalar() == row.number:
            return False
        db.execute(_DONE, {"done_ids": [row.id]})
        counts.record(db, Counter(), {(tallies.LANE_OUT, Lane.EVENTS): 1})
    return True


def _by_id(row: _Owed) -> int:
    return row.id


def _mark_each_or_all(store: Store, taken: Sequence[_Owed], versions: dict[int, Version]) -> None:
    """Mark all at once; where that fails, none: `_carried` does it one by one, so that a poisoned one fails alone."""
    fresh = [row for row in taken if row.stage is Stage.FEEDS]
    try:
        _mark_feeds(store, fresh, versions)
    except ZonewireError:
        raise
    except Exception:
        for row in fresh:
            row.stage = Stage.FEEDS


def _mark_feeds(store: Store, fresh: Sequence[_Owed], versions: dict[int, Version]) -> None:
    """The first stage of *fresh* rows, in one transaction."""
    if not fresh:
        return
    with store.reading() as db:
        asked = has_declared(db)
    passed = {row.number: _matching(store, versions[row.number]) if asked else [] for row in fresh}
    with store.writing() as db:
        now, dirtied = clock(db), set[str]()
        for row in fresh:
            dirtied |= mark_touched(db, versions[row.number], now=now, filter_ids=passed[row.number])
        _move(db, fresh, Stage.SUPERSEDE, now=now)
        tallies.add(db, {(tallies.LANE_IN, Lane.FEEDS): len(dirtied)}, now=now)


def _carry_on(store: Store, pace: Pace, row: _Owed, version: Version, owed: OnOwed, deadline: float) -> tuple[int, int]:
    """Run the stages that *row* still needs. Returns (1 if it is done, deliveries made)."""
    made = 0
    filters = _matching(store, version) if row.stage in {Stage.SUPERSEDE, Stage.FANOUT} else []
    while True:
        _look_ahead(store, row, filters)
        with pace.transaction(store.writing) as (db, most):
            now, moves = clock(db), Counter[Slot]()
            done, new = _step(db, row, version, most=most, now=now, moves=moves)
            if done:
                db.execute(_DONE, {"done_ids": [row.id]})
            else:
                _move(db, [row], row.stage, now=now)
            counts.record(db, moves, {(tallies.LANE_OUT, Lane.EVENTS): int(done)})
        made += new.total()
        if new:
            owed(new)
        if done:
            return 1, made
        if time.monotonic() > deadline:
            _release(store, [row])
            return 0, made


def _look_ahead(store: Store, row: _Owed, filters: Sequence[int]) -> None:
    """Read which endpoints come next, so that the write transactions only insert."""
    if row.ahead or row.read_all:
        return
    after = (row.after_filter, row.after_endpoint)
    most = FIRST_AHEAD if after == (0, 0) else READ_AHEAD
    with store.reading() as db:
        row.ahead = owing.next_instant(db, filters, after=after, most=most) if filters else []
    row.read_all = len(row.ahead) < most


def _step(
    db: Connection, row: _Owed, version: Version, *, most: int, now: int, moves: Moves
) -> tuple[bool, Counter[str]]:
    """One batch of the present stage; moves *row* on. Returns (whether it is done, deliveries made on each lane)."""
    if row.stage is Stage.SUPERSEDE:
        if version.version > 1:
            old = {"article_id": version.article_id, "before": version.number}
            if owing.supersede(db, **old, most=most, now=now, moves=moves) == most:
                return False, Counter()
        row.stage = Stage.FANOUT
    if db.execute(_NEWEST, {"of_article": version.article_id}).scalar() != version.number:
        return True, Counter()  # a newer version is on its way; what it owes supersedes whatever we would add
    if row.stage is Stage.FANOUT:
        made, is_over = _fan_out(db, row, version, most=most, now=now, moves=moves)
        return is_over and version.version == 1, made
    return _tell_holders(db, row, version, most=most, now=now, moves=moves)


def _fan_out(
    db: Connection, row: _Owed, version: Version, *, most: int, now: int, moves: Moves
) -> tuple[Counter[str], bool]:
    """Owe the news to the next endpoints that were read ahead.

    Returns (how many on each lane, whether those were the last).
    """
    following, row.ahead = row.ahead[:most], row.ahead[most:]
    if following:
        row.after_filter, row.after_endpoint = following[-1]
    is_over = not row.ahead and row.read_all
    if is_over:
        row.stage, row.after_filter, row.after_endpoint = Stage.HOLDERS, 0, 0
    endpoints = list(dict.fromkeys(endpoint for _, endpoint in following))
    return _owe(db, version, endpoints, now, moves), is_over


def _tell_holders(
    db: Connection, row: _Owed, version: Version, *, most: int, now: int, moves: Moves
) -> tuple[bool, Counter[str]]:
    found = owing.holders(db, article_id=version.article_id, before=version.number, after=row.after_endpoint, most=most)
    if found:
        row.after_endpoint = found[-1]
    made, is_over = _owe(db, version, found, now, moves), len(found) < most
    if is_over:
        made += owing.owe_revisions(db, article_id=version.article_id, now=now, moves=moves)
    return is_over, made


def _owe(db: Connection, version: Version, endpoints: Sequence[int], now: int, moves: Moves) -> Counter[str]:
    if not endpoints:
        return Counter()
    kind, about = Kind.WITHDRAWAL if version.withdrawn else Kind.NEWS, version.article_id
    return owing.owe_news(db, endpoints, kind=kind, article_id=about, number=version.number, now=now, moves=moves)


def _matching(store: Store, version: Version) -> list[int]:
    """The filters that the article passes. Read outside of any write transaction."""
    if version.withdrawn:
        return []
    with store.reading() as db:
        facts = facts_of(version.article, keyword_index(db))
        parameters = {"dimensions": facts.dimensions, "values": facts.values}
        return sorted(db.execute(MATCHING, parameters).scalars())


def _move(db: Connection, rows: Sequence[_Owed], stage: Stage, *, now: int) -> None:
    for row in rows:
        row.stage = stage
    parameters = [
        {
            "row_id": row.id,
            "to_stage": stage,
            "to_filter": row.after_filter,
            "to_endpoint": row.after_endpoint,
            "until": now + TAKEN,
        }
        for row in rows
    ]
    db.execute(_MOVE_ON, parameters)


def _release(store: Store, rows: Sequence[_Owed]) -> None:
    """Let others, or the next turn, go on with *rows* at once."""
    with store.settling() as db:
        for row in rows:
            db.execute(
                _MOVE_ON,
                {
                    "row_id": row.id,
                    "to_stage": row.stage,
                    "to_filter": row.after_filter,
                    "to_endpoint": row.after_endpoint,
                    "until": 0,
                },
            )

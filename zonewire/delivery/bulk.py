"""Replaying, cancelling or resending all that a filter shows: counted first, then done by upkeep at a pace.

What is acted on are the deliveries that were there when it began, the newest first. Each step moves its rows and its
cursor in one transaction, so that whoever is killed goes on where it was; of two who step at once one does nothing.
Rows that have moved on meanwhile stay as they are: every move is guarded.

A resend makes new deliveries, so that two of them would be two mails: of one edition one goes on at a time, and one
that was asked for on a page that did not know of the last is not begun.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Integer, Row, bindparam, case, func, insert, select, update

from zonewire.delivery import owing
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.replaying import HAS_LEFT, replay
from zonewire.delivery.searching import HELD, Search, may_come_again, newest_id, portions, read_all
from zonewire.delivery.states import ARTICLE_KINDS, State
from zonewire.errors import Conflict, NotFound, WrongUsage
from zonewire.store import SECOND, Store, many, values_of
from zonewire.store import now as clock
from zonewire.store.pacing import Pace
from zonewire.store.tables import articles, bulk_actions, deliveries, editions, endpoints

log = structlog.get_logger()

MINUTE = 60 * SECOND
SHOWN = 10
"""So many endpoints a dry run names."""
SAVED_UP = 5 * SECOND
"""Whoever keeps a pace makes up for so much lost time: after an hour without upkeep there is no surge."""


class BulkAct(StrEnum):
    """What is done with all of them."""

    REPLAY = "replay"
    CANCEL = "cancel"
    RESEND = "resend"  # digests of an edition, to who has them


STATES = {
    BulkAct.REPLAY: (State.DEAD, State.CANCELLED),
    BulkAct.CANCEL: (State.PENDING, State.RETRYING, HELD, State.DEAD),
    BulkAct.RESEND: (State.DELIVERED,),
}
"""What each can be done with. A filter names one of them: what is done to many is not left open."""


class BegunAlready(Conflict):
    """A resend that somebody has begun: a form that was sent twice, or two operators at once."""

    def __init__(self, ident: int) -> None:
        super().__init__(f"b{ident} sends this edition again already", mend="Look how far it is.")
        self.ident = ident


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint of a dry run, and how many of them it would be."""

    endpoint: str
    channel: str
    address: str | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What an action would do."""

    n: int
    endpoints: int
    receivers: list[Receiver] = field(default_factory=list)  # those with the most
    maybe: int = 0  # bytes of them went out already, and no answer came: the receiver may have it
    superseded: int = 0  # a newer version of their article stands: they are passed over
    left: int = 0  # their readers have left: they are passed over
    held: int = 0  # at disabled endpoints: put back, and held until those are enabled
    resent: int = 0  # were sent again before
    left_out: int = 0  # of a resend: are on their way again, have no mailbox, or their readers have left or rest
    newest: int = 0  # the last action that had begun by then


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """One of them, as it stands."""

    id: int
    act: BulkAct
    chosen: Search
    per_minute: int  # 0: as fast as they can be written
    operator: str
    began_at: int
    state: str  # running, stopped, done
    expected: int
    done: int
    passed_over: int
    held: int
    ended_at: int | None

    @property
    def share(self) -> float:
        """How much of it is through, from 0 to 1."""
        through = self.done + self.passed_over
        return 1.0 if self.state == "done" or not self.expected else min(1.0, through / self.expected)


_LISTED = select(bulk_actions).order_by(bulk_actions.c.id.desc())
_RUNNING = select(bulk_actions).where(bulk_actions.c.state == "running").order_by(bulk_actions.c.id)
# Only who saw the cursor where it is goes on with it.
_MINE = (
    select(bulk_actions.c.id)
    .where(
        bulk_actions.c.id == bindparam("of_action"),
        bulk_actions.c.state == "running",
        bulk_actions.c.cursor == bindparam("seen_cursor"),
    )
    .with_for_update()
)
_STEP = (
    update(bulk_actions)
    .where(bulk_actions.c.id == bindparam("of_action"))
    .values(
        cursor=bindparam("next_cursor"),
        done=bulk_actions.c.done + bindparam("more_done"),
        passed_over=bulk_actions.c.passed_over + bindparam("more_passed"),
        held=bulk_actions.c.held + bindparam("more_held"),
        stepped_at=bindparam("moment"),
        state=bindparam("then_state"),
        ended_at=bindparam("then_ended"),
    )
)
_STOP = (
    update(bulk_actions)
    .where(bulk_actions.c.id == bindparam("of_action"), bulk_actions.c.state == "running")
    .values(state="stopped", ended_at=bindparam("moment"))
)
_LAST = select(func.max(bulk_actions.c.id))
_RESENDING = select(bulk_actions).where(bulk_actions.c.act == BulkAct.RESEND)
_LOCK_EDITION = select(editions.c.id).where(editions.c.id == bindparam("of_edition")).with_for_update()
_NEWEST = select(articles.c.newest).where(articles.c.id == deliveries.c.article_id).scalar_subquery()
_IS_OLD = deliveries.c.kind.in_(ARTICLE_KINDS) & (deliveries.c.number < _NEWEST)
_COUNTED = (
    deliveries.c.endpoint_id,
    func.count().label("n"),
    func.sum(case((deliveries.c.unknowns > 0, 1), else_=0), type_=Integer).label("maybe"),
)
_COUNTED_BACK = (
    *_COUNTED,
    func.sum(case((_IS_OLD, 1), else_=0), type_=Integer).label("superseded"),
    func.sum(case((HAS_LEFT & ~_IS_OLD, 1), else_=0), type_=Integer).label("left"),
)
_COUNTED_AGAIN = (
    *_COUNTED[:2],
    func.sum(case((owing.WAS_RESENT, 1), else_=0), type_=Integer).label("resent"),
    func.sum(
        case((owing.IS_RESENDING, 1), (owing.CAN_BE_RESENT, 0), else_=1),
        type_=Integer,
    ).label("left_out"),
)
_COLUMNS: dict[BulkAct, tuple[ColumnElement[Any], ...]] = {
    BulkAct.REPLAY: _COUNTED_BACK,
    BulkAct.CANCEL: _COUNTED,
    BulkAct.RESEND: _COUNTED_AGAIN,
}
_SUMS = ("maybe", "superseded", "left", "resent", "left_out")
_NAMED = select(endpoints.c.id, endpoints.c.channel, endpoints.c.address, endpoints.c.state).where(
    endpoints.c.id.in_(values_of(many("of_endpoints")))
)


def dry_run(db: Connection, act: BulkAct, chosen: Search) -> DryRun:
    """How many it would be, to whom, and how many of them may have it already. Raises WrongUsage."""
    check(act, chosen)
    by_endpoint: Counter[int] = Counter()
    counted: Counter[str] = Counter()
    for row in read_all(db, chosen, _COLUMNS[act], by=deliveries.c.endpoint_id):
        by_endpoint[row.endpoint_id] += row.n
        counted.update({name: getattr(row, name, 0) for name in _SUMS})
    named = {row.id: row for row in db.execute(_NAMED, {"of_endpoints": list(by_endpoint)})}
    off = [key for key, row in named.items() if row.state == "disabled"]
    return DryRun(
        n=by_endpoint.total(),
        endpoints=len(by_endpoint),
        receivers=[
            Receiver(shown_id(key), named[key].channel, named[key].address, n)
            for key, n in by_endpoint.most_common(SHOWN)
        ],
        maybe=counted["maybe"],
        superseded=counted["superseded"],
        left=counted["left"],
        held=sum(by_endpoint[key] for key in off) if act is not BulkAct.CANCEL else 0,
        resent=counted["resent"],
        left_out=counted["left_out"],
        newest=int(db.execute(_LAST).scalar() or 0),
    )


def check(act: BulkAct, chosen: Search) -> None:
    """Let pass a filter that names what *act* can be done with. Raises WrongUsage."""
    if act is BulkAct.RESEND and chosen.edition_id is None:
        raise WrongUsage("only digests of one edition can be resent", where="edition", mend="Begin on its page.")
    if chosen.state not in STATES[act]:
        done = {BulkAct.REPLAY: "replayed", BulkAct.CANCEL: "cancelled", BulkAct.RESEND: "resent"}[act]
        raise WrongUsage(
            f"only deliveries that are {', '.join(STATES[act])} can be {done}",
            where="state",
            mend="Choose one of these states first.",
        )


def begin(
    db: Connection,
    act: BulkAct,
    chosen: Search,
    *,
    per_minute: int,
    expected: int,
    operator: str,
    now: int,
    seen: int = 0,
) -> int:
    """Begin an action on what is there now; its id. Raises WrongUsage.

    *seen* is the last action that whoever asks knew of (DryRun.newest): BegunAlready where a later one resends the same
    edition, or one does now.
    """
    check(act, chosen)
    if act is BulkAct.RESEND:
        _refuse_twice(db, chosen, seen=seen)
    row = {
        "act": act,
        "chosen": chosen.as_json(),
        "per_minute": max(0, per_minute),
        "operator": operator,
        "began_at": now,
        "state": "running",
        "cursor": newest_id(db) + 1,  # what comes later is left alone
        "expected": expected,
        "stepped_at": now,
    }
    return int(db.execute(insert(bulk_actions).values(row).returning(bulk_actions.c.id)).scalar_one())


def _refuse_twice(db: Connection, chosen: Search, *, seen: int) -> None:
    db.execute(_LOCK_EDITION, {"of_edition": chosen.edition_id})  # of two who begin at once one is first
    newer = _RESENDING.where((bulk_actions.c.id > seen) | (bulk_actions.c.state == "running"))
    for row in db.execute(newer.order_by(bulk_actions.c.id.desc())):
        if Search.of_json(row.chosen).edition_id == chosen.edition_id:
            raise BegunAlready(row.id)


def resent_editions(db: Connection) -> set[int]:
    """The editions that somebody has sent again, or tried to."""
    chosen = (Search.of_json(row.chosen).edition_id for row in db.execute(_RESENDING))
    return {edition_id for edition_id in chosen if edition_id is not None}


def stop(db: Connection, ident: int, *, now: int) -> None:
    """Let it end where it is. Raises Conflict where it has ended, NotFound."""
    if not db.execute(_STOP, {"of_action": ident, "moment": now}).rowcount:
        raise Conflict(f"it is {show(db, ident).state} already")


def show(db: Connection, ident: int) -> BulkAction:
    """One of them. Raises NotFound."""
    row = db.execute(_LISTED.where(bulk_actions.c.id == ident)).first()
    if row is None:
        raise NotFound(f"there is no bulk action b{ident}")
    return _action(row)


def list_actions(db: Connection, *, limit: int = 20) -> list[BulkAction]:
    """The newest first."""
    return [_action(row) for row in db.execute(_LISTED.limit(limit))]


def step_all(store: Store, pace: Pace, *, deadline: float = math.inf) -> Counter[str]:
    """Go on with every action that runs, each as far as its pace allows, until *deadline* by the monotonic clock.

    How many deliveries were moved, by act. Opens its own transactions, as many as *pace* wants.
    """
    done: Counter[str] = Counter()
    with store.reading() as db:
        running = [row.id for row in db.execute(_RUNNING)]
    for ident in running:
        while time.monotonic() < deadline and (moved := _step(store, pace, ident)) is not None:
            done[moved[0]] += moved[1]
    return done


def _step(store: Store, pace: Pace, ident: int) -> tuple[str, int] | None:
    """One step of it: its act, and how many were moved; None where nothing may be done now."""
    with store.reading() as db:
        row = db.execute(_LISTED.where(bulk_actions.c.id == ident, bulk_actions.c.state == "running")).first()
        most = 0 if row is None else _allowed(row, clock(db), most=pace.rows)
        if row is None or most == 0:
            return None
        chosen = Search.of_json(row.chosen)
        ids, following = portions(db, chosen, before=row.cursor, most=most)
        if following is None and may_come_again(db, chosen, before=row.cursor):
            if not ids:
                return None
            following = row.cursor  # look once more
    with pace.transaction(store.writing) as (db, _):
        if db.execute(_MINE, {"of_action": ident, "seen_cursor": row.cursor}).first() is None:
            return None
        moment = clock(db)
        moved, held = _MOVE[BulkAct(row.act)](db, ids, row.began_at, moment)
        ended = following is None
        db.execute(
            _STEP,
            {
                "of_action": ident,
                "next_cursor": 0 if following is None else following,
                "more_done": moved,
                "more_passed": len(ids) - moved,
                "more_held": held,
                "moment": moment,
                "then_state": "done" if ended else "running",
                "then_ended": moment if ended else None,
            },
        )
    if ended:
        log.info("bulk_action.ended", action=f"b{ident}", act=row.act, done=row.done + moved)
    return (row.act, moved)


def _allowed(row: Row[Any], now: int, *, most: int) -> int:
    """How many may be moved now."""
    if not row.per_minute:
        return most
    passed = now - row.stepped_at
    if passed < 0:
        return 1  # the clock was put back: the step of this one sets the time anew
    saved_up = max(1, int(SAVED_UP * row.per_minute // MINUTE))
    return min(most, saved_up, int(passed * row.per_minute // MINUTE))


def _replayed(db: Connection, ids: Sequence[int], _began_at: int, now: int) -> tuple[int, int]:
    done = replay(db, ids, now=now)
    return len(done.keys), done.held


def _cancelled(db: Connection, ids: Sequence[int], _began_at: int, now: int) -> tuple[int, int]:
    return owing.cancel(db, ids, why=owing.BY_OPERATOR, now=now), 0


def _resent(db: Connection, ids: Sequence[int], began_at: int, now: int) -> tuple[int, int]:
    return owing.owe_resends(db, ids, since=began_at, now=now)


_MOVE: dict[BulkAct, Callable[[Connection, Sequence[int], int, int], tuple[int, int]]] = {
    BulkAct.REPLAY: _replayed,
    BulkAct.CANCEL: _cancelled,
    BulkAct.RESEND: _resent,
}


def _action(row: Row[Any]) -> BulkAction:
    return BulkAction(
        id=row.id,
        act=BulkAct(row.act),
        chosen=Search.of_json(row.chosen),
        per_minute=row.per_minute,
        operator=row.operator,
        began_at=row.began_at,
        state=row.state,
        expected=row.expected,
        done=row.done,
        passed_over=row.passed_over,
        held=row.held,
        ended_at=row.ended_at,
    )

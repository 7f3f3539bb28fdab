"""Pauses: an operator lets a lane rest, and every worker of it looks here before each turn.

What is in flight is settled; nothing new is claimed, reacted to, published or cut. All that waits keeps its place. A
pause ends when somebody resumes the lane, or by itself at the moment that was said.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, or_, select

from zonewire.delivery.lanes import Lane
from zonewire.errors import Conflict
from zonewire.store import insert
from zonewire.store.tables import pauses

REASON_CHARS = 200

_ON = select(pauses).where(or_(pauses.c.until_at.is_(None), pauses.c.until_at > bindparam("moment")))
_PAUSE = insert(pauses)
_PAUSE = _PAUSE.on_conflict_do_update(
    index_elements=["lane"],
    set_={name: _PAUSE.excluded[name] for name in ("began_at", "until_at", "operator", "reason")},
)
_RESUME = delete(pauses).where(pauses.c.lane == bindparam("of_lane"))


@dataclass(frozen=True, slots=True)
class Pause:
    """A lane that rests: since when, until when (None: until it is resumed), by whom, and why."""

    lane: Lane
    began_at: int
    until_at: int | None
    operator: str
    reason: str


def pause(db: Connection, lane: Lane, *, operator: str, reason: str, until_at: int | None, now: int) -> Pause:
    """Let *lane* rest from now on; a pause that is on already gets the new end and reason. Raises Conflict."""
    if lane is Lane.UPKEEP:
        raise Conflict(
            "upkeep cannot be paused: it returns what dead workers held, and watches over all lanes",
            mend="Pause the lane that troubles you.",
        )
    known = is_paused(db, lane, now=now)
    made = Pause(lane, known.began_at if known else now, until_at, operator, reason.strip()[:REASON_CHARS])
    row = {"lane": lane, "began_at": made.began_at, "until_at": until_at, "operator": operator, "reason": made.reason}
    db.execute(_PAUSE, row)
    return made


def resume(db: Connection, lane: Lane) -> bool:
    """Let *lane* work again; whether it rested."""
    return db.execute(_RESUME, {"of_lane": lane}).rowcount > 0


def paused(db: Connection, *, now: int) -> dict[Lane, Pause]:
    """The lanes that rest at *now*."""
    return {Lane(row.lane): _pause(row) for row in db.execute(_ON, {"moment": now})}


def is_paused(db: Connection, lane: Lane, *, now: int) -> Pause | None:
    """The pause of *lane*, if it rests at *now*."""
    row = db.execute(_ON.where(pauses.c.lane == lane), {"moment": now}).first()
    return None if row is None else _pause(row)


def _pause(row: Row[Any]) -> Pause:
    return Pause(Lane(row.lane), row.began_at, row.until_at, row.operator, row.reason)

"""The audit log: who did what, when, from where. Written in the transaction of the act itself, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from zonewire.store.tables import audit


class Act(StrEnum):
    """What operators do."""

    LOGGED_IN = "operator.logged_in"
    LOGGED_OUT = "operator.logged_out"
    ADDED_OPERATOR = "operator.added"
    CHANGED_ROLE = "operator.role_changed"
    CHANGED_PASSWORD = "operator.password_changed"  # noqa: S105  # no password
    REMOVED_OPERATOR = "operator.removed"
    PAUSED_LANE = "lane.paused"
    RESUMED_LANE = "lane.resumed"
    REPLAYED = "deliveries.replayed"
    CANCELLED = "deliveries.cancelled"
    BEGAN_BULK = "bulk_action.began"
    STOPPED_BULK = "bulk_action.stopped"
    ENABLED = "endpoint.enabled"
    DISABLED = "endpoint.disabled"
    TESTED = "endpoint.tested"
    ROTATED = "endpoint.secret_rotated"
    PAUSED_SUBSCRIPTION = "subscription.paused"
    RESUMED_SUBSCRIPTION = "subscription.resumed"
    ENDED_SUBSCRIPTION = "subscription.ended"
    EXPORTED = "subscriber.exported"
    ERASED = "subscriber.erased"
    RESENT = "digest.resent"
    ROTATED_KEYS = "keys.rotated"
    DROPPED_KEY = "keys.dropped"
    RESTORED = "backup.restored"
    TOLD_OF_ALARMS = "alarms.told"
    UNTOLD_OF_ALARMS = "alarms.untold"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where: an operator's name, or "command line" with its user."""

    name: str
    came_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the log."""

    id: int
    at: int
    operator: str
    act: str  # an Act, maybe of a newer release
    about: str
    detail: Mapping[str, Any]
    came_from: str


def record(db: Connection, by: Actor, act: Act, about: str, /, *, now: int, **detail: Any) -> None:
    """Write down that *by* did *act* to *about* (an id as it is shown outside). No secret stands in *detail*."""
    row = {"at": now, "operator": by.name, "came_from": by.came_from, "act": act, "about": about}
    db.execute(insert(audit).values(row | {"detail": orjson.dumps(detail).decode()}))


def recorded(
    db: Connection, *, about: str | None = None, operator: str | None = None, before: int | None = None, limit: int = 50
) -> list[Record]:
    """The newest first; of one thing, of one operator, before the record of that id."""
    found = select(audit).order_by(audit.c.id.desc()).limit(limit)
    for column, value in ((audit.c.about, about), (audit.c.operator, operator)):
        if value is not None:
            found = found.where(column == value)
    if before is not None:
        found = found.where(audit.c.id < before)
    return [
        Record(
            id=row.id,
            at=row.at,
            operator=row.operator,
            act=row.act,
            about=row.about,
            detail=orjson.loads(row.detail),
            came_from=row.came_from,
        )
        for row in db.execute(found)
    ]

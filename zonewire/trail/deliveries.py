"""Deliveries in a trail: which version each is about, why it has not arrived, its tries, and who had an older text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from zonewire.articles import Version, rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.owing import is_held
from zonewire.delivery.states import State
from zonewire.store import SECOND
from zonewire.subscriptions import shown_id as shown_subscription
from zonewire.trail import reasons, statements
from zonewire.trail.reasons import Telling

Shape = dict[str, Any]

_BEST_FIRST = [State.DELIVERED, State.SENDING, State.RETRYING, State.PENDING, State.DEAD, State.CANCELLED]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The versions of one article, and the editions that carry them."""

    shapes: list[Shape]  # of the versions, the first one first
    version_of: Mapping[int, int]  # by acceptance number
    accepted_at: Mapping[int, int]  # by version, microseconds
    editions: list[Shape]
    carried: Mapping[int, Sequence[Shape]]  # of these by the edition's key


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What deliveries are told by."""

    installation: int
    now: int  # microseconds
    tell: Telling


def shapes_of(db: Connection, rows: Sequence[Any], history: History, view: View) -> list[Shape]:
    """The deliveries *rows* of one article, as `articles trail --json` prints them."""
    tries: dict[int, list[Shape]] = {}
    failed = [row.id for row in rows if row.attempts or row.waits or row.state != State.DELIVERED]
    for one in db.execute(statements.ATTEMPTS, {"of_ids": failed}) if failed else ():
        shape = {"at": rfc3339(one.at), "outcome": one.outcome, "status": one.status, "error": one.error}
        tries.setdefault(one.delivery_id, []).append(shape | {"answer": one.answer, "took_ms": one.took_ms})
    made = []
    for row in rows:
        mine = tries.get(row.id, [])
        about = _about(row, history)
        made.append(
            {
                "id": delivery_uuid(view.installation, row.id, row.created_at),
                "endpoint": shown_id(row.endpoint_id),
                "channel": row.channel,
                "to": row.address,
                "kind": row.kind,
                **about,
                "state": row.state,
                "is_held": is_held(row),
                "why": reasons.of_delivery(row, mine[-1]["error"] if mine else "", now=view.now, tell=view.tell),
                "may_have_it": bool(row.unknowns) and row.state != State.DELIVERED,
                "created_at": rfc3339(row.created_at),
                "settled_at": None if row.settled_at is None else rfc3339(row.settled_at),
                "seconds": _seconds(row, row.created_at),
                "seconds_since_acceptance": _seconds(row, history.accepted_at[about["version"]]),
                "attempts": row.attempts,
                "failed_attempts": mine,
            }
        )
    return made


def _about(row: Any, history: History) -> Shape:
    """Which version a delivery is about: its own, or those that its edition carries."""
    if row.edition_id is None:
        return {"version": history.version_of[row.number], "event_type": row.event_type}
    inside = history.carried[row.edition_id]
    subscription = shown_subscription(row.subscription_id) if row.subscription_id else None
    return {
        "version": max(one["version"] for one in inside),
        "edition": inside[0]["id"],
        "role": inside[0]["role"],
        "subscription": subscription,
    }


def _seconds(row: Any, since: int) -> float | None:
    """From the moment *since* until it was delivered."""
    if row.state != State.DELIVERED or row.settled_at is None:
        return None
    return round(float(row.settled_at - since) / SECOND, 3)


def had_older(deliveries: Iterable[Shape], version: Version) -> list[Shape]:
    """Who had, or may have, a version before the newest, and whether the newest has reached them since."""
    had: dict[str, Shape] = {}
    told: dict[str, str] = {}
    for one in deliveries:
        has = one["state"] == State.DELIVERED or one["may_have_it"]
        if one["version"] == version.version:  # an endpoint may be owed it as news and in an edition: the best counts
            told[one["endpoint"]] = min(told.get(one["endpoint"], one["state"]), one["state"], key=_BEST_FIRST.index)
        elif has and one.get("role") != "withdrawal":
            older = {"endpoint": one["endpoint"], "channel": one["channel"], "to": one["to"], "version": one["version"]}
            had[one["endpoint"]] = older | {"surely": one["state"] == State.DELIVERED}
    return [one | {"newest": told.get(name, "not yet owed")} for name, one in had.items()]

"""How a subscription begins to run, rests, and ends. Each function is one move, in its caller's transaction.

unconfirmed → active (confirm), active ⇄ paused (pause, resume), any → ended (remove, unsubscribe). A move that has
been made already changes nothing; one that cannot be made raises Conflict.
"""

from dataclasses import dataclass, replace

import orjson
from sqlalchemy import Connection

from zonewire.delivery.owing import cancel_for_subscription
from zonewire.errors import Conflict
from zonewire.store import Store
from zonewire.store import now as clock
from zonewire.subscriptions import statements
from zonewire.subscriptions.names import not_there, shown_id
from zonewire.subscriptions.windows import next_cut, openings


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription, as a page or a command shows it."""

    id: int
    filter_id: int
    endpoint_id: int
    channel: str
    address: str | None
    written: str  # its filter's options, as JSON
    cadence: str
    state: str
    at_minute: int
    weekday: int
    timezone: str
    locale: str
    window_after: int
    next_at: int | None
    last_cut_at: int | None
    skipped_after: int | None  # where the window stood before a pause that left something out
    paused_until: int | None
    created_at: int
    filters_before: str | None = None  # JSON: the ids of filters that it had

    @property
    def earlier_filters(self) -> list[int]:
        """Filters that it had, the oldest first."""
        return [] if self.filters_before is None else list(orjson.loads(self.filters_before))


def confirm(db: Connection, subscription_id: int, now: int) -> Subscription:
    """Its reader has agreed: it becomes active and its window opens. Conflict where it has ended meanwhile."""
    found = locked(db, subscription_id)
    if found.state == "ended":
        raise _conflict(found, "has ended", "Subscribe once more.")
    return _start(db, found, opens_after=0, now=now) if found.state == "unconfirmed" else found


def pause(db: Connection, subscription_id: int, now: int, *, until: int | None = None) -> Subscription:
    """Nothing more is made for it until it is resumed, or until *until*; what is owed already is still sent.

    Where its window stood, or for instant news the newest article, is kept: what came after it while it rested shows.
    """
    found = locked(db, subscription_id)
    if found.state == "paused":
        return found if until == found.paused_until else _move(db, replace(found, paused_until=until), now=now)
    if found.state != "active":
        raise _conflict(found, f"is {found.state}", "Only an active one can be paused.")
    rests_after = openings(db, now=now)("instant") if found.cadence == "instant" else found.window_after
    rests = replace(found, state="paused", window_after=rests_after, next_at=None, paused_until=until)
    return _move(db, rests, was=found.state, now=now)


def resume(db: Connection, subscription_id: int, now: int) -> Subscription:
    """It goes on: instant news from now, a digest with what its window missed, one period back at most."""
    found = locked(db, subscription_id)
    if found.state == "active":
        return found
    if found.state != "paused":
        raise _conflict(found, f"is {found.state}", "Only a paused one can be resumed.")
    return _start(db, found, opens_after=found.window_after, now=now)


def resume_rested(store: Store, *, now: int | None = None, most: int = 200) -> int:
    """Resume up to *most* whose pause was to end by *now* (microseconds; unset: the database's clock); how many."""
    with store.reading() as db:
        moment = clock(db) if now is None else now
        ids = db.execute(statements.RESTED, {"moment": moment, "most": most}).scalars().all()
    if ids:
        with store.writing() as db:
            return sum(_resume_if_rested(db, subscription_id, moment) for subscription_id in ids)
    return 0


def _resume_if_rested(db: Connection, subscription_id: int, now: int) -> bool:
    """Resume it, unless its reader was quicker: has left, has resumed it, or wants a longer pause."""
    found = locked(db, subscription_id)
    if found.state != "paused" or found.paused_until is None or found.paused_until > now:
        return False
    _start(db, found, opens_after=found.window_after, now=now)
    return True


def unsubscribe(db: Connection, subscription_id: int, now: int) -> Subscription:
    """It ends, and with it what is pending or retrying for it, and its private feed. Twice is as good as once."""
    found = locked(db, subscription_id)
    if found.state == "ended":
        return found
    ends = replace(found, state="ended", next_at=None, skipped_after=None, paused_until=None)
    ended = _move(db, ends, was=found.state, now=now)
    db.execute(statements.REVOKE_PRIVATE_FEED, {"of_subscription": found.id, "moment": now})
    cancel_for_subscription(db, found.id, endpoint_id=found.endpoint_id, now=now)
    return ended


def remove(db: Connection, subscription_id: int, now: int) -> Subscription:
    """What an operator does instead of its reader; the same."""
    return unsubscribe(db, subscription_id, now)


def _start(db: Connection, found: Subscription, *, opens_after: int, now: int) -> Subscription:
    window_after = max(opens_after, openings(db, now=now)(found.cadence))
    next_at = next_cut(
        found.cadence, at_minute=found.at_minute, weekday=found.weekday, timezone=found.timezone, now=now
    )
    starts = replace(
        found,
        state="active",
        window_after=window_after,
        next_at=next_at,
        skipped_after=_skips_after(found, window_after),
        paused_until=None,
    )
    return _move(db, starts, was=found.state, now=now)


def _skips_after(found: Subscription, window_after: int) -> int | None:
    """What lies between the window that was and the one that is was left out; what an earlier pause left out adds."""
    if found.state != "paused" or found.cadence == "instant" or window_after == found.window_after:
        return found.skipped_after
    return found.window_after if found.skipped_after is None else found.skipped_after


def _move(db: Connection, moved: Subscription, *, was: str | None = None, now: int) -> Subscription:
    """Write down what has *moved* from the state that it *was* in (unset: it stays in it)."""
    parameters = {
        "subscription_id": moved.id,
        "was": was or moved.state,
        "becomes": moved.state,
        "opens_after": moved.window_after,
        "due_at": moved.next_at,
        "skips_after": moved.skipped_after,
        "rests_until": moved.paused_until,
        "moved_at": now,
    }
    db.execute(statements.MOVE, parameters)
    return moved


def locked(db: Connection, subscription_id: int) -> Subscription:
    """The subscription, for this transaction alone to change. Raises NotFound."""
    row = db.execute(statements.LOCK, {"subscription_id": subscription_id}).mappings().one_or_none()
    if row is None:
        raise not_there(shown_id(subscription_id))
    return Subscription(**row)


def _conflict(found: Subscription, what: str, mend: str) -> Conflict:
    return Conflict(f"{shown_id(found.id)} {what}", mend=mend)

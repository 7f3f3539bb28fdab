"""What a reader changes about a subscription that goes on: what comes, how often, at what hour, by whose clock.

The open window stays open whatever is changed, so nothing comes twice or never for it (rules.md, Windows and
editions). Instant news and digests are no rhythms of one subscription: what was sent, and who has to hear of a
correction, is kept in another place for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection

from zonewire.errors import Conflict, WrongUsage
from zonewire.filters import Filter, intern
from zonewire.subscriptions import statements
from zonewire.subscriptions.cadence import PERIOD, next_due
from zonewire.subscriptions.lifecycle import Subscription, locked, unsubscribe
from zonewire.subscriptions.names import shown_id
from zonewire.subscriptions.validate import DIGESTS, read_locale, read_minute, read_timezone, read_weekday

FILTERS_KEPT = 200
"""Filters that a subscription had before, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When and how something is sent."""

    cadence: str
    at_minute: int
    weekday: int
    timezone: str
    locale: str


def rhythms_of(subscription: Subscription) -> tuple[str, ...]:
    """The cadences that *subscription* may have."""
    return DIGESTS if subscription.cadence in DIGESTS else (subscription.cadence,)


def rhythm_of(subscription: Subscription) -> Rhythm:
    """The rhythm that *subscription* has."""
    return Rhythm(
        cadence=subscription.cadence,
        at_minute=subscription.at_minute,
        weekday=subscription.weekday,
        timezone=subscription.timezone,
        locale=subscription.locale,
    )


def read_rhythm(options: Mapping[str, Any], *, was: Subscription) -> Rhythm:
    """The rhythm that *options* ask for, named as `subscribe` names them; what is not named stays as it *was*.

    Raises WrongUsage, with the option's name in `where`.
    """
    cadence = options.get("cadence", was.cadence)
    if cadence not in rhythms_of(was):
        allowed = ", ".join(rhythms_of(was))
        raise WrongUsage(f"{str(cadence)[:40]!r} is not one of {allowed}", where="cadence")
    return Rhythm(
        cadence=cadence,
        at_minute=read_minute(options["at"]) if "at" in options else was.at_minute,
        weekday=read_weekday(options["weekday"]) if "weekday" in options else was.weekday,
        timezone=read_timezone(options["timezone"]) if "timezone" in options else was.timezone,
        locale=read_locale(options["locale"]) if "locale" in options else was.locale,
    )


def change(
    db: Connection, subscription_id: int, rhythm: Rhythm, now: int, *, wanted: Filter | None = None
) -> Subscription:
    """Give it another rhythm from *now* on, and *wanted* for its filter; its window and what is owed to it stay.

    Raises NotFound; Conflict where it has not begun or has ended, or where the same endpoint has such a subscription.
    """
    found = locked(db, subscription_id)
    if found.state not in {"active", "paused"}:
        raise Conflict(f"{shown_id(found.id)} is {found.state}", mend="Only one that goes on can be changed.")
    filter_id = found.filter_id if wanted is None else intern(db, wanted)
    if rhythm == rhythm_of(found) and filter_id == found.filter_id:
        return found
    if (filter_id, rhythm.cadence) != (found.filter_id, found.cadence):
        _make_room(db, found, filter_id, rhythm.cadence, now)
    next_at = _next_at(found, rhythm, now) if found.state == "active" else None
    parameters = {
        "subscription_id": found.id,
        "new_cadence": rhythm.cadence,
        "at": rhythm.at_minute,
        "day": rhythm.weekday,
        "zone": rhythm.timezone,
        "language": rhythm.locale,
        "due_at": next_at,
    }
    if filter_id != found.filter_id:  # first: its earlier place may belong to another by now
        _change_filter(db, found, filter_id)
    db.execute(statements.CHANGE, parameters)
    return locked(db, subscription_id)


def _change_filter(db: Connection, found: Subscription, filter_id: int) -> None:
    """What it was sent by its earlier filters is still looked at: nothing of that may come as news again."""
    before = [one for one in found.earlier_filters if one != found.filter_id][-FILTERS_KEPT:]
    parameters = {
        "subscription_id": found.id,
        "new_filter": filter_id,
        "earlier": orjson.dumps([*before, found.filter_id]).decode(),
    }
    db.execute(statements.CHANGE_FILTER, parameters)


def _make_room(db: Connection, found: Subscription, filter_id: int, cadence: str, now: int) -> None:
    """The endpoint may have had the same once: what has ended takes the filter and the cadence that are left.

    One that nobody has confirmed ends: whoever changes this one has said what they want.
    """
    key = {"filter_id": filter_id, "endpoint_id": found.endpoint_id, "cadence": cadence}
    other = db.execute(statements.KNOWN, key).one_or_none()
    if other is None:
        return
    if other.state == "unconfirmed":
        unsubscribe(db, other.id, now)
    elif other.state != "ended":
        mend = f"End {shown_id(found.id)} instead; the other one goes on."
        where = "cadence" if cadence != found.cadence else "filter"
        raise Conflict(f"{shown_id(other.id)} sends the same at this cadence already", where=where, mend=mend)
    for subscription_id, of_filter, becomes in (
        (found.id, found.filter_id, "changing"),
        (other.id, found.filter_id, found.cadence),
    ):
        names = {"subscription_id": subscription_id, "new_filter": of_filter, "new_cadence": becomes}
        db.execute(statements.RENAME, names)


def _next_at(found: Subscription, rhythm: Rhythm, now: int) -> int | None:
    """Its first hour at least half a period after the last cut; of two cadences the shorter one's period counts."""
    if found.cadence == "instant" or rhythm == replace(rhythm_of(found), locale=rhythm.locale):
        return found.next_at
    earliest = 0
    if found.last_cut_at is not None:
        earliest = found.last_cut_at + min(PERIOD[found.cadence], PERIOD[rhythm.cadence]) // 2
    return next_due(rhythm.cadence, rhythm.at_minute, rhythm.weekday, rhythm.timezone, max(now, earliest - 1))

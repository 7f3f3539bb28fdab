"""What a reader changes about a subscription that goes on: how often, at what hour, by whose clock.

The open window stays open whatever is changed, so nothing comes twice or never for it (rules.md, Windows and
editions). Instant news and digests are no rhythms of one subscription: what was sent, and who has to hear of a
correction, is kept in another place for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from zonewire.errors import Conflict, WrongUsage
from zonewire.subscriptions import statements
from zonewire.subscriptions.cadence import PERIOD, next_due
from zonewire.subscriptions.lifecycle import Subscription, locked, unsubscribe
from zonewire.subscriptions.names import shown_id
from zonewire.subscriptions.validate import DIGESTS, read_locale, read_minute, read_timezone, read_weekday


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


def change(db: Connection, subscription_id: int, rhythm: Rhythm, now: int) -> Subscription:
    """Give it another rhythm from *now* on; its window and what is owed to it stay.

    Raises NotFound; Conflict where it has not begun or has ended, or where the same endpoint has such a subscription.
    """
    found = locked(db, subscription_id)
    if found.state not in {"active", "paused"}:
        raise Conflict(f"{shown_id(found.id)} is {found.state}", mend="Only one that goes on can be changed.")
    if rhythm == rhythm_of(found):
        return found
    if rhythm.cadence != found.cadence:
        _make_room(db, found, rhythm.cadence, now)
    changed = replace(
        found,
        cadence=rhythm.cadence,
        at_minute=rhythm.at_minute,
        weekday=rhythm.weekday,
        timezone=rhythm.timezone,
        locale=rhythm.locale,
        next_at=_next_at(found, rhythm, now) if found.state == "active" else None,
    )
    parameters = {
        "subscription_id": found.id,
        "new_cadence": changed.cadence,
        "at": changed.at_minute,
        "day": changed.weekday,
        "zone": changed.timezone,
        "language": changed.locale,
        "due_at": changed.next_at,
    }
    db.execute(statements.CHANGE, parameters)
    return changed


def _make_room(db: Connection, found: Subscription, cadence: str, now: int) -> None:
    """The endpoint may have had the same at *cadence* once: what has ended takes the cadence that is left.

    One that nobody has confirmed ends: whoever changes this one has said what they want.
    """
    key = {"filter_id": found.filter_id, "endpoint_id": found.endpoint_id, "cadence": cadence}
    other = db.execute(statements.KNOWN, key).one_or_none()
    if other is None:
        return
    if other.state == "unconfirmed":
        unsubscribe(db, other.id, now)
    elif other.state != "ended":
        mend = f"End {shown_id(found.id)} instead; the other one goes on."
        raise Conflict(f"{shown_id(other.id)} sends the same at this cadence already", where="cadence", mend=mend)
    for subscription_id, becomes in ((found.id, "changing"), (other.id, found.cadence)):
        db.execute(statements.RENAME_CADENCE, {"subscription_id": subscription_id, "new_cadence": becomes})


def _next_at(found: Subscription, rhythm: Rhythm, now: int) -> int | None:
    """Its first hour at least half a period after the last cut; of two cadences the shorter one's period counts."""
    if found.cadence == "instant" or rhythm == replace(rhythm_of(found), locale=rhythm.locale):
        return found.next_at
    earliest = 0
    if found.last_cut_at is not None:
        earliest = found.last_cut_at + min(PERIOD[found.cadence], PERIOD[rhythm.cadence]) // 2
    return next_due(rhythm.cadence, rhythm.at_minute, rhythm.weekday, rhythm.timezone, max(now, earliest - 1))

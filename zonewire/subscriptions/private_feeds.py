"""Private feeds: a subscription's news for feed readers, under a token that nobody guesses and its owner can revoke.

A subscription has one at a time. Of a token the database keeps a hash, to find it by, and the token itself sealed, to
show it to its owner again; the hash needs no key, so that no change of SECRET_KEY ends anybody's feed. What was revoked
is remembered by its hash, and answered for what it is.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from zonewire.articles.model import rfc3339
from zonewire.errors import Conflict
from zonewire.filters import Filter, filter_of, parse_written
from zonewire.keys import KeyRing
from zonewire.subscriptions import statements
from zonewire.subscriptions.lifecycle import locked
from zonewire.subscriptions.names import shown_id

TOKEN_BYTES = 24
"""192 random bits: 32 characters in an address."""

REMEMBERED = 100
"""Tokens of one subscription that are kept, revoked ones nearly all of them: somebody may renew without end."""

READER = "private feed of "
"""So begins what the list of readers calls whoever fetches one."""

SERVED_STATES = frozenset({"active", "paused"})
"""States of a subscription that may have a private feed: a pause is of what is sent, not of what is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFeed:
    """A subscription's private feed, as its owner sees it."""

    id: int
    token: str = field(repr=False)
    made_at: int  # microseconds
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What stands behind a token that somebody fetches by."""

    id: int
    subscription_id: int
    is_served: bool  # False: it was revoked, or its subscription goes on no more
    wanted: Filter
    options: dict[str, list[str]]  # the filter as it was written, to show
    locale: str


def fetched_by(db: Connection, token: str) -> Fetched | None:
    """What stands behind *token*; None where it never was one, or is forgotten."""
    row = db.execute(statements.PRIVATE_FEED, {"hashed": _hash(token)}).one_or_none()
    if row is None:
        return None
    return Fetched(
        id=row.id,
        subscription_id=row.subscription_id,
        is_served=row.revoked_at is None and row.state in SERVED_STATES,
        wanted=filter_of(parse_written(row.written)),
        options=parse_written(row.written),
        locale=row.locale,
    )


def private_feed_of(db: Connection, subscription_id: int, *, keys: KeyRing) -> PrivateFeed | None:
    """The private feed that a subscription has. Raises SettingWrong where no key of ours opens its token."""
    row = db.execute(statements.PRIVATE_FEED_OF, {"subscription_id": subscription_id}).one_or_none()
    if row is None:
        return None
    return PrivateFeed(id=row.id, token=keys.open(row.sealed_token).decode(), made_at=row.made_at)


def count_private_feeds(db: Connection) -> int:
    """How many subscriptions have one."""
    return int(db.execute(statements.PRIVATE_FEEDS_SERVED).scalar_one())


def make_private_feed(db: Connection, subscription_id: int, *, keys: KeyRing, now: int) -> PrivateFeed:
    """The private feed of a subscription, made if it has none. Raises NotFound; Conflict unless it goes on."""
    _locked_going_on(db, subscription_id)
    return private_feed_of(db, subscription_id, keys=keys) or _add(db, subscription_id, keys=keys, now=now)


def renew_private_feed(
    db: Connection, subscription_id: int, *, keys: KeyRing, now: int, was: int | None = None
) -> PrivateFeed:
    """Another token in place of the present one, which is revoked; made if there is none.

    *was* is the private feed that is meant: where it is not the present one any more (the same form came twice)
    Conflict is raised. So it is unless the subscription goes on; NotFound where it is not there.
    """
    _locked_going_on(db, subscription_id)
    _check_meant(db, subscription_id, was)
    db.execute(statements.REVOKE_PRIVATE_FEED, {"of_subscription": subscription_id, "moment": now})
    made = _add(db, subscription_id, keys=keys, now=now)
    db.execute(statements.FORGET_OLD_PRIVATE_FEEDS, {"of_subscription": subscription_id, "kept": REMEMBERED})
    return made


def revoke_private_feed(db: Connection, subscription_id: int, *, now: int, was: int | None = None) -> bool:
    """Whether there was one, which has ended now. Raises NotFound; Conflict where there is another than *was*."""
    locked(db, subscription_id)
    if db.execute(statements.PRIVATE_FEED_OF, {"subscription_id": subscription_id}).one_or_none() is None:
        return False
    _check_meant(db, subscription_id, was)
    db.execute(statements.REVOKE_PRIVATE_FEED, {"of_subscription": subscription_id, "moment": now})
    return True


def reader_name(subscription_id: int) -> str:
    """What the list of readers calls whoever fetches it: neither an address nor a token."""
    return READER + shown_id(subscription_id)


def export_private_feeds(db: Connection, people: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """By subscription, each that some subscribers have or had, for them to have; tokens are secrets, and not in it."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in db.execute(statements.PRIVATE_FEEDS_OF, {"people": people}):
        ended_at = None if row.revoked_at is None else rfc3339(row.revoked_at)
        found.setdefault(row.subscription_id, []).append({"made_at": rfc3339(row.made_at), "ended_at": ended_at})
    return found


def export_fetching(db: Connection, subscription_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """By subscription, with what software its private feed was fetched, as far back as readers are kept."""
    named = {reader_name(key): key for key in subscription_ids}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in db.execute(statements.FETCHING, {"names": list(named)}):
        seen = {"software": row.software, "polls": int(row.polls), "last_at": rfc3339(row.last_at)}
        found.setdefault(named[row.reader], []).append(seen)
    return found


def forget_private_feeds(db: Connection, people: Sequence[int]) -> None:
    """Remove every token of some subscribers, and what is known of who fetched by them."""
    rows = db.execute(statements.PRIVATE_FEEDS_OF, {"people": people})
    keys = sorted({row.subscription_id for row in rows})
    db.execute(statements.FORGET_PRIVATE_FEEDS, {"subscription_ids": keys})
    db.execute(statements.FORGET_FETCHING, {"names": [reader_name(key) for key in keys]})


def _add(db: Connection, subscription_id: int, *, keys: KeyRing, now: int) -> PrivateFeed:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {
        "subscription_id": subscription_id,
        "token_hash": _hash(token),
        "sealed_token": keys.seal(token.encode()),
        "made_at": now,
    }
    made = db.execute(statements.ADD_PRIVATE_FEED, row).scalar_one()
    return PrivateFeed(id=int(made), token=token, made_at=now, is_new=True)


def _locked_going_on(db: Connection, subscription_id: int) -> None:
    found = locked(db, subscription_id)
    if found.state not in SERVED_STATES:
        mend = "Its reader has to confirm it first." if found.state == "unconfirmed" else "Subscribe once more."
        raise Conflict(f"{shown_id(found.id)} is {found.state}: it can have no private feed", mend=mend)


def _check_meant(db: Connection, subscription_id: int, was: int | None) -> None:
    present = db.execute(statements.PRIVATE_FEED_OF, {"subscription_id": subscription_id}).one_or_none()
    if was is not None and (present is None or present.id != was):
        raise Conflict(f"the private feed of {shown_id(subscription_id)} has changed since", where="feed")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Making subscriptions, one or many at once, in the caller's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from zonewire.delivery.endpoints import (
    CHANNELS_WITH_SECRET,
    EndpointFound,
    EndpointWanted,
    find_or_make_endpoints,
)
from zonewire.delivery.endpoints import shown_id as shown_endpoint
from zonewire.delivery.owing import owe_service_mails
from zonewire.delivery.states import Kind
from zonewire.errors import Conflict
from zonewire.filters import Filter, intern_many
from zonewire.keys import KeyRing
from zonewire.store import as_rows
from zonewire.subscriptions import lifecycle
from zonewire.subscriptions.erasing import erased_among, refused
from zonewire.subscriptions.names import shown_id
from zonewire.subscriptions.request import TEMPLATE, SubscriptionRequest
from zonewire.subscriptions.statements import ADD, KNOWN, REVIVE
from zonewire.subscriptions.windows import openings

NOBODY = EndpointFound(id=0, subscriber_id=0)
"""Stands for the endpoint of somebody who was erased: none is made."""


class Key(NamedTuple):
    """What makes two subscriptions the same."""

    filter_id: int
    endpoint_id: int
    cadence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The subscription that a request made or found."""

    id: int
    endpoint_id: int
    channel: str
    to: str
    cadence: str
    state: str
    is_new: bool
    is_asked: bool = False  # a mail that asks for its reader's word is owed by this very call
    secret: str | None = None  # `whsec_…`, only from the call that made a webhook's endpoint

    def as_json(self) -> dict[str, str]:
        """As `subscribe --json` prints it (rules.md, Shapes)."""
        shape = {
            "id": shown_id(self.id),
            "endpoint": shown_endpoint(self.endpoint_id),
            "channel": self.channel,
            "to": self.to,
            "cadence": self.cadence,
            "state": self.state,
        }
        return shape | ({"secret": self.secret} if self.secret else {})


def subscribe(db: Connection, request: SubscriptionRequest, *, keys: KeyRing, now: int) -> Subscribed:
    """Make the subscription of *request*, or find it: the same one again (filter, endpoint, cadence) is the first.

    One that had ended begins anew; one that waited for its reader's word is active if the request brings it. Raises
    Conflict where the endpoint has another secret, or the address was erased.
    """
    taken = take_in(db, [request], keys=keys, now=now)
    (one,) = taken.placed
    if one.refusal is not None:
        raise one.refusal
    if one.key in taken.new:
        return _subscribed(one, Known(taken.new[one.key], request.state), was="")
    known = _known(db, one.key)
    return _subscribed(one, _revived(db, request, known, now=now), was=known.state)


@dataclass(frozen=True, slots=True)
class Placed:
    """A request with the filter and the endpoint that it leads to."""

    request: SubscriptionRequest
    key: Key
    endpoint: EndpointFound
    refusal: Conflict | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of many requests, in their order; `new` holds the ids of the subscriptions that were not there."""

    placed: list[Placed]
    new: dict[Key, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A subscription that is there."""

    id: int
    state: str


def take_in(
    db: Connection,
    requests: Sequence[SubscriptionRequest],
    *,
    keys: KeyRing,
    now: int,
    filter_ids: dict[Filter, int] | None = None,
) -> Taken:
    """Make the subscriptions of *requests* that are not there, by a score of statements however many they are.

    What is there stays as it is: an import brings nobody back who has unsubscribed. *filter_ids* carries what was
    interned from one call to the next, of transactions that have ended well.
    """
    placed = _placed(db, requests, keys=keys, now=now, filter_ids={} if filter_ids is None else filter_ids)
    first: dict[Key, Placed] = {}
    for one in placed:
        if one.refusal is None:
            first.setdefault(one.key, one)
    return Taken(placed, _add(db, list(first.values()), now=now))


def _placed(
    db: Connection,
    requests: Sequence[SubscriptionRequest],
    *,
    keys: KeyRing,
    now: int,
    filter_ids: dict[Filter, int],
) -> list[Placed]:
    filter_ids |= intern_many(db, [request.wanted for request in requests if request.wanted not in filter_ids])
    erased = erased_among(db, {request.address.owner for request in requests}, keys=keys)
    welcome = [request for request in requests if request.address.owner not in erased]
    wanted = [EndpointWanted(request.address, request.secret) for request in welcome]
    found = find_or_make_endpoints(db, wanted, keys=keys, now=now)
    placed = []
    for request in requests:
        endpoint = found.get(request.address, NOBODY)
        key = Key(filter_ids[request.wanted], endpoint.id, request.cadence)
        placed.append(Placed(request, key, endpoint, _refusal(request, endpoint, keys)))
    return placed


def _refusal(request: SubscriptionRequest, endpoint: EndpointFound, keys: KeyRing) -> Conflict | None:
    if endpoint is NOBODY:
        return refused(request.address.owner)
    if request.secret is None or endpoint.has_secret(keys, request.secret):
        return None
    return Conflict(
        f"secret: {shown_endpoint(endpoint.id)} has {'another one already' if endpoint.sealed_secret else 'none'}",
        where=request.address.shown,
        mend="Leave it out: a subscription more does not change how its endpoint is signed. "
        f"`zonewire endpoints rotate {shown_endpoint(endpoint.id)}` does.",
    )


def _add(db: Connection, asked: Sequence[Placed], *, now: int) -> dict[Key, int]:
    """Insert those that are new; their ids. Who must confirm is owed a mail that asks."""
    opening = openings(db, now=now)
    rows = [_row(one, opening, now) for one in asked]
    parameters = {"rows": as_rows(rows), "template": TEMPLATE, "now": now}
    ids = {Key(row.filter_id, row.endpoint_id, row.cadence): row.id for row in db.execute(ADD.on(db), parameters)}
    unconfirmed = [ids[one.key] for one in asked if one.key in ids and one.request.state == "unconfirmed"]
    owe_service_mails(db, kind=Kind.CONFIRMATION, subscription_ids=unconfirmed, now=now)
    return ids


def _row(one: Placed, opening: Callable[[str], int], now: int) -> tuple[str | int | None, ...]:
    request = one.request
    active = request.state == "active"
    return (
        one.endpoint.subscriber_id,
        *one.key,
        request.state,
        request.locale,
        request.timezone,
        request.at_minute,
        request.weekday,
        _opens_after(request, opening),
        request.next_cut(now) if active else None,
        request.paused_until if request.state == "paused" else None,
        int(request.submit),
    )


def _opens_after(request: SubscriptionRequest, opening: Callable[[str], int]) -> int:
    """Where its window opens: one that rests from the start has missed nothing yet."""
    match request.state:
        case "active":
            return opening(request.cadence)
        case "paused":
            return opening("instant")
    return 0  # it opens when its reader confirms


def _known(db: Connection, key: Key) -> Known:
    row = db.execute(KNOWN, key._asdict()).one()
    return Known(row.id, row.state)


def _revived(db: Connection, request: SubscriptionRequest, was: Known, *, now: int) -> Known:
    """Let what had ended begin anew, and let what waited for a word that *request* brings begin."""
    active = request.state == "active"
    if was.state == "unconfirmed" and active:
        lifecycle.confirm(db, was.id, now)
        return Known(was.id, "active")
    if was.state != "ended":
        return was
    parameters = {
        "subscription_id": was.id,
        "was": was.state,
        "becomes": request.state,
        "opens_after": _opens_after(request, openings(db, now=now)),
        "due_at": request.next_cut(now) if active else None,
        "skips_after": None,
        "rests_until": None,
        "moved_at": now,
        "at": request.at_minute,
        "day": request.weekday,
        "zone": request.timezone,
        "language": request.locale,
    }
    db.execute(REVIVE, parameters)
    if not active:
        owe_service_mails(db, kind=Kind.CONFIRMATION, subscription_ids=[was.id], now=now)
    return Known(was.id, request.state)


def _subscribed(one: Placed, known: Known, *, was: str) -> Subscribed:
    """*was* is the state before this call, "" where there was none."""
    return Subscribed(
        id=known.id,
        endpoint_id=one.endpoint.id,
        channel=one.request.channel,
        to=one.request.address.shown,
        cadence=one.request.cadence,
        state=known.state,
        is_new=not was,
        is_asked=known.state == "unconfirmed" and was in {"", "ended"},
        secret=one.endpoint.secret if one.request.channel in CHANNELS_WITH_SECRET else None,
    )

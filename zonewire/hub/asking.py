"""What somebody asks of the hub: read, limited, written down with a challenge, and owed a question (WebSub §5.1, §5.3).

Nothing comes of a request by itself: the callback has to answer its challenge first (intents.py).
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from zonewire.delivery import counts, enabling, health, owing
from zonewire.delivery.addresses import Address, normalised
from zonewire.delivery.counts import Moves
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.states import Kind
from zonewire.errors import AddressRefused, TooMany, WrongUsage
from zonewire.hub.topics import find_topic, refuse_unknown
from zonewire.hub.which import IS_ACTIVE, IS_THAT
from zonewire.keys import KeyRing
from zonewire.store import SECOND
from zonewire.store.tables import endpoints, hub_requests, hub_subscriptions

SUBSCRIBE, UNSUBSCRIBE = "subscribe", "unsubscribe"
PENDING = "pending"
UNDECIDED = 15 * 60 * SECOND
"""By then a request is decided, or nobody will."""
LEASE_S, LONGEST_LEASE_S = 10 * 24 * 3600, 30 * 24 * 3600
SECRET_BYTES = 200  # a secret is shorter (WebSub §5.1)
A_MINUTE, MOST_OPEN = 120, 1_000
"""New requests in a minute, and open subscriptions, of one requesting address."""
MINUTE = 60 * SECOND

_ASKED = select(func.count(), func.min(hub_requests.c.created_at)).where(
    hub_requests.c.requested_by == bindparam("asker"), hub_requests.c.created_at > bindparam("since")
)
_OPEN = select(func.count()).where(hub_subscriptions.c.requested_by == bindparam("asker"), IS_ACTIVE)
_SUBSCRIBED = select(hub_subscriptions.c.id).where(
    hub_subscriptions.c.endpoint_id == hub_requests.c.endpoint_id,
    hub_subscriptions.c.feed_id == hub_requests.c.feed_id,
    hub_subscriptions.c.format == hub_requests.c.format,
    IS_ACTIVE,
)
# New subscriptions that wait for their callback's word; renewals are open already.
_WAITING = select(func.count()).where(
    hub_requests.c.requested_by == bindparam("asker"),
    hub_requests.c.created_at > bindparam("since"),
    hub_requests.c.state == PENDING,
    hub_requests.c.mode == SUBSCRIBE,
    ~_SUBSCRIBED.exists(),
)
# The same wish of the same asker. Another's stays: whoever may speak for the callback is told by its answer alone.
_REPLACE = (
    update(hub_requests)
    .where(
        hub_requests.c.endpoint_id == bindparam("of_endpoint"),
        hub_requests.c.feed_id == bindparam("of_feed"),
        hub_requests.c.format == bindparam("of_format"),
        hub_requests.c.mode == bindparam("of_mode"),
        hub_requests.c.requested_by == bindparam("asker"),
        hub_requests.c.state == PENDING,
    )
    .values(state="replaced", reason="asked anew", state_at=bindparam("moment"))
    .returning(hub_requests.c.delivery_id)
)
_ADD = insert(hub_requests).returning(hub_requests.c.id)
_VERIFIED_BY = (
    update(hub_requests)
    .where(hub_requests.c.id == bindparam("request_id"))
    .values(delivery_id=bindparam("verified_by"))
)
_STATE_OF = select(endpoints.c.state, endpoints.c.gone, endpoints.c.reason).where(
    endpoints.c.id == bindparam("endpoint_id")
)
_IS_SUBSCRIBED = select(hub_subscriptions.c.id).where(IS_THAT, IS_ACTIVE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came, its form checked."""

    mode: str
    callback: Address
    topic: str
    lease_s: int
    secret: str | None


def read_request(fields: Mapping[str, str], *, check_url: Callable[[str], None], is_secret_taken: bool = True) -> Asked:
    """The request that a form's *fields* make; unknown ones are ignored (WebSub §5.1).

    *check_url* is the guard's word on the callback. Raises WrongUsage for what cannot be meant, AddressRefused for a
    callback that leads inside.
    """
    mode = fields.get("hub.mode", "")
    if mode not in (SUBSCRIBE, UNSUBSCRIBE):
        raise WrongUsage(
            f"{mode[:40]!r} is no mode" if mode else "is missing",
            where="hub.mode",
            mend="It is subscribe or unsubscribe.",
        )
    for name in ("hub.callback", "hub.topic"):
        if not fields.get(name, "").strip():
            raise WrongUsage("is missing", where=name)
    return Asked(
        mode=mode,
        callback=_callback(fields["hub.callback"], check_url),
        topic=fields["hub.topic"].strip(),
        lease_s=_lease_s(fields.get("hub.lease_seconds", "").strip()) if mode == SUBSCRIBE else 0,
        secret=_secret(fields.get("hub.secret", ""), is_taken=is_secret_taken) if mode == SUBSCRIBE else None,
    )


def _callback(given: str, check_url: Callable[[str], None]) -> Address:
    try:
        address = normalised("websub", given)
        check_url(address.text)
    except (WrongUsage, AddressRefused) as error:
        # Without its mend: how the guard is switched off is no stranger's affair.
        raise type(error)(error.what, where="hub.callback") from error
    return address


def _lease_s(given: str) -> int:
    if not given:
        return LEASE_S
    if not (given.isascii() and given.isdecimal()) or len(given) > 12 or not int(given):
        raise WrongUsage(
            f"{given[:40]!r} is no number of seconds", where="hub.lease_seconds", mend="Leave it out for ten days."
        )
    return min(int(given), LONGEST_LEASE_S)


def _secret(given: str, *, is_taken: bool) -> str | None:
    if not given:
        return None
    if len(given.encode()) >= SECRET_BYTES:
        raise WrongUsage(f"must be shorter than {SECRET_BYTES} bytes", where="hub.secret")
    if not is_taken:
        raise WrongUsage("is taken over https alone", where="hub.secret", mend="Ask again at the hub's https address.")
    return given


def check(db: Connection, asked: Asked, *, requested_by: str, base_url: str, now: int) -> None:
    """Refuse, by reading alone, what `ask` would refuse. Raises NotFound and TooMany."""
    refuse_unknown(db, asked.topic, base_url=base_url)
    _limit_rate(db, requested_by, now=now)


def ask(db: Connection, asked: Asked, *, requested_by: str, base_url: str, keys: KeyRing, now: int) -> int:
    """Write *asked* down and owe its callback the question whether it was meant; the request's id.

    The same wish of the same asker takes an open one's place. Raises NotFound for a topic that is not ours, TooMany
    beyond what one address may ask for, AddressRefused for a callback that an operator turned off.
    """
    topic = find_topic(db, asked.topic, base_url=base_url)
    _limit_rate(db, requested_by, now=now)
    wanted = EndpointWanted(asked.callback)
    endpoint_id = find_or_make_endpoints(db, [wanted], keys=keys, now=now)[asked.callback].id
    that = {"of_endpoint": endpoint_id, "of_feed": topic.feed_id, "of_format": topic.form}
    if asked.mode == SUBSCRIBE and db.execute(_IS_SUBSCRIBED, that).first() is None:
        _limit_open(db, requested_by, now=now)
    _wake(db, endpoint_id)
    moves: Moves = Counter()
    mine = {"of_mode": asked.mode, "asker": requested_by, "moment": now}
    replaced = db.execute(_REPLACE, that | mine).scalars().all()
    owing.cancel(db, [ident for ident in replaced if ident], why="asked anew", now=now, moves=moves)
    row = {
        "endpoint_id": endpoint_id,
        "feed_id": topic.feed_id,
        "feed": topic.name,
        "format": topic.form,
        "mode": asked.mode,
        "secret": keys.seal(asked.secret.encode()) if asked.secret else None,
        "lease_s": asked.lease_s,
        "challenge": secrets.token_urlsafe(32),
        "tag": topic.tag,
        "requested_by": requested_by,
        "state": PENDING,
        "created_at": now,
        "state_at": now,
    }
    request_id: int = db.execute(_ADD, row).scalar_one()
    owed = owing.owe_for(db, Kind.VERIFICATION, {request_id: endpoint_id}, now=now, moves=moves)
    db.execute(_VERIFIED_BY, {"request_id": request_id, "verified_by": owed.get(request_id)})
    counts.record(db, moves)
    return request_id


def _limit_rate(db: Connection, requested_by: str, *, now: int) -> None:
    n, first_at = db.execute(_ASKED, {"asker": requested_by, "since": now - MINUTE}).one()
    if n >= A_MINUTE:
        wait_s = max(1, (int(first_at) + MINUTE - now) // SECOND)
        raise TooMany(f"more than {A_MINUTE} requests in a minute from one address", retry_after_s=wait_s)


def _limit_open(db: Connection, requested_by: str, *, now: int) -> None:
    waiting = db.execute(_WAITING, {"asker": requested_by, "since": now - UNDECIDED}).scalar_one()
    if db.execute(_OPEN, {"asker": requested_by}).scalar_one() + waiting >= MOST_OPEN:
        raise TooMany(f"one address has at most {MOST_OPEN:,} open subscriptions here", retry_after_s=3600)


def _wake(db: Connection, endpoint_id: int) -> None:
    """Who asks again is there again, whatever was thought of its callback; unless an operator turned it off."""
    row = db.execute(_STATE_OF, {"endpoint_id": endpoint_id}).one()
    if row.state != "disabled":
        return
    if not row.gone and row.reason != health.TOO_LONG:
        raise AddressRefused("this callback was turned off by the hub's operator", where="hub.callback")
    enabling.revive(db, endpoint_id)

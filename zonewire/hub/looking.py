"""Why was I not notified? What the hub knows of a subscription, for its operator and for whoever subscribed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal_column, select

from zonewire.articles.model import rfc3339
from zonewire.delivery.addresses import Address
from zonewire.delivery.endpoints import find_endpoint, shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.listing import LAST_ERROR
from zonewire.errors import NotFound
from zonewire.hub.topics import name_and_form, topic_url
from zonewire.hub.which import IS_ACTIVE
from zonewire.keys import KeyRing
from zonewire.store import many, values_of
from zonewire.store.tables import attempts, deliveries, endpoints, hub_requests, hub_subscriptions

SHOWN = re.compile(r"h([1-9][0-9]{0,17})")
LATEST = 20

_SUBSCRIPTIONS = (
    select(hub_subscriptions, endpoints.c.address, endpoints.c.state.label("health"))
    .join(endpoints, endpoints.c.id == hub_subscriptions.c.endpoint_id)
    .order_by(hub_subscriptions.c.id)
)
_COUNT = select(func.count()).select_from(hub_subscriptions).where(IS_ACTIVE, ~hub_subscriptions.c.outside)
_BY_FEED = (
    select(hub_subscriptions.c.feed_id, func.count().label("n"))
    .where(IS_ACTIVE, hub_subscriptions.c.feed_id.in_(values_of(many("feed_ids"))), ~hub_subscriptions.c.outside)
    .group_by(hub_subscriptions.c.feed_id)
)
_REQUESTS = (
    select(hub_requests)
    .where(
        hub_requests.c.endpoint_id == bindparam("of_endpoint"),
        hub_requests.c.feed == bindparam("of_feed"),
        hub_requests.c.format == bindparam("of_format"),
    )
    .order_by(hub_requests.c.id.desc())
    .limit(LATEST)
)
_FAILURES = select(func.count()).where(attempts.c.delivery_id == deliveries.c.id).scalar_subquery()
# The latest notices of a subscription. By the index `hub`.
_NOTICES = (
    select(deliveries, _FAILURES.label("failures"), LAST_ERROR.label("last_error"))
    .where(
        deliveries.c.subscription_id == bindparam("of_subscription"),
        deliveries.c.kind.in_([literal_column("'notice'"), literal_column("'denial'")]),
    )
    .order_by(deliveries.c.id.desc())
    .limit(LATEST)
)


def list_subscriptions(
    db: Connection, *, base_url: str, everything: bool = False, feed_id: int | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """The hub's subscriptions, of one feed or of all, the oldest first; those that are over only with *everything*."""
    found = _SUBSCRIPTIONS if everything else _SUBSCRIPTIONS.where(IS_ACTIVE)
    if feed_id is not None:
        found = found.where(hub_subscriptions.c.feed_id == feed_id)
    return [_shape(row, base_url) for row in db.execute(found.limit(limit))]


def count_subscriptions(db: Connection) -> int:
    """How many are active, those to others' hubs not counted."""
    return int(db.execute(_COUNT).scalar_one())


def count_by_feed(db: Connection, feed_ids: Sequence[int]) -> dict[int, int]:
    """How many are told of each of some feeds; those to others' hubs are not counted."""
    return {row.feed_id: row.n for row in db.execute(_BY_FEED, {"feed_ids": list(feed_ids)})}


def show_subscription(db: Connection, shown: str, *, base_url: str, installation: int) -> dict[str, Any]:
    """One of them with its requests and its latest notices. Raises NotFound."""
    row = db.execute(_SUBSCRIPTIONS.where(hub_subscriptions.c.id == key_of(db, shown))).one()
    return _shape(row, base_url) | _log_of(db, row.endpoint_id, row.feed, row.format, row.id, installation)


def what_is_known(
    db: Connection, callback: Address, topic_address: str, *, base_url: str, keys: KeyRing, installation: int
) -> dict[str, Any]:
    """What whoever knows callback and topic may know: state, lease, requests and latest notices; no address, no secret.

    Raises NotFound for a topic or a callback that was never asked for.
    """
    feed, form = name_and_form(topic_address, base_url)
    endpoint_id = find_endpoint(db, callback, keys=keys)
    nothing = NotFound("nothing was ever asked for this callback and topic", where="hub.callback")
    if endpoint_id is None:
        raise nothing
    that = (hub_subscriptions.c.endpoint_id == endpoint_id, hub_subscriptions.c.feed == feed)
    # The last one: a feed may have been declared anew.
    row = db.execute(
        _SUBSCRIPTIONS.where(*that, hub_subscriptions.c.format == form)
        .order_by(None)
        .order_by(hub_subscriptions.c.id.desc())
    ).first()
    log = _log_of(db, endpoint_id, feed, form, row.id if row else 0, installation)
    if row is None and not log["requests"]:
        raise nothing
    shape = _shape(row, base_url) if row else _not_yet(topic_address, callback)
    return {key: value for key, value in shape.items() if key not in {"id", "endpoint", "requested_by"}} | log


def key_of(db: Connection, shown: str) -> int:
    """The key behind a shown id such as h12. Raises NotFound."""
    match = SHOWN.fullmatch(shown)
    key = int(match[1]) if match else 0
    if db.execute(select(hub_subscriptions.c.id).where(hub_subscriptions.c.id == key)).first() is None:
        raise NotFound(
            f"the hub has no subscription {shown[:40]!r}", mend="`zonewire hub list` shows them, with their ids."
        )
    return key


def _not_yet(topic_address: str, callback: Address) -> dict[str, Any]:
    """What can be said while there are requests only."""
    asked = {"state": "unknown", "topic": topic_address, "callback": callback.text}
    return asked | {"reason": None, "signed": False, "lease_until": None}


def _shape(row: Row[Any], base_url: str) -> dict[str, Any]:
    return {
        "id": f"h{row.id}",
        "endpoint": shown_id(row.endpoint_id),
        "callback": row.address,
        "topic": topic_url(base_url, row.feed, row.format),
        "state": row.state,
        "reason": row.reason,
        "signed": row.secret is not None,
        "outside": row.outside,
        "lease_until": None if row.lease_until is None else rfc3339(row.lease_until),
        "since": rfc3339(row.created_at),
        "changed": rfc3339(row.state_at),
        "health": row.health,
        "requested_by": row.requested_by,
    }


def _log_of(
    db: Connection, endpoint_id: int, feed: str, form: str, subscription_id: int, installation: int
) -> dict[str, Any]:
    that: Mapping[str, Any] = {"of_endpoint": endpoint_id, "of_feed": feed, "of_format": form}
    notices = {"of_subscription": subscription_id}
    return {
        "requests": [_request(row) for row in db.execute(_REQUESTS, that)],
        "notices": [_notice(row, installation) for row in db.execute(_NOTICES, notices)] if subscription_id else [],
    }


def _request(row: Row[Any]) -> dict[str, Any]:
    return {
        "at": rfc3339(row.created_at),
        "mode": row.mode,
        "state": row.state,
        "reason": row.reason,
        "decided": None if row.state == "pending" else rfc3339(row.state_at),
    }


def _notice(row: Row[Any], installation: int) -> dict[str, Any]:
    return {
        "id": delivery_uuid(installation, row.id, row.created_at),
        "kind": row.kind,
        "state": row.state,
        "owed": rfc3339(row.created_at),
        "settled": None if row.settled_at is None else rfc3339(row.settled_at),
        "next_try": None if row.due_at is None else rfc3339(row.due_at),
        "failures": row.failures,
        "last_error": row.last_error or row.reason,
    }

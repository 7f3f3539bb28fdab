"""Subscriptions as people and commands see them."""

from typing import Any

from sqlalchemy import Connection

from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id as shown_endpoint
from zonewire.filters import parse_written
from zonewire.store.tables import subscriptions
from zonewire.subscriptions import statements
from zonewire.subscriptions.lifecycle import Subscription
from zonewire.subscriptions.names import not_there, shown_id


def list_subscriptions(db: Connection, *, limit: int | None = None) -> list[dict[str, Any]]:
    """All of them, the oldest first, as `subscriptions list --json` prints them."""
    return [as_json(Subscription(**row)) for row in db.execute(statements.SHOWN.limit(limit)).mappings()]


def subscriptions_of(db: Connection, endpoint_id: int) -> list[dict[str, Any]]:
    """Those that lead to one endpoint, in the same shape. By the index on the endpoint."""
    found = statements.SHOWN.where(subscriptions.c.endpoint_id == endpoint_id)
    return [as_json(Subscription(**row)) for row in db.execute(found).mappings()]


def find(db: Connection, subscription_id: int) -> Subscription:
    """One of them. Raises NotFound."""
    row = db.execute(statements.SHOWN.where(subscriptions.c.id == subscription_id)).mappings().one_or_none()
    if row is None:
        raise not_there(shown_id(subscription_id))
    return Subscription(**row)


def as_json(subscription: Subscription) -> dict[str, Any]:
    """The shape that others rely on (rules.md, Shapes); the filter holds only the options that it has."""
    return {
        "id": shown_id(subscription.id),
        "endpoint": shown_endpoint(subscription.endpoint_id),
        "channel": subscription.channel,
        "to": subscription.address,
        "filter": parse_written(subscription.written),
        "cadence": subscription.cadence,
        "state": subscription.state,
        "next_at": rfc3339(subscription.next_at) if subscription.next_at is not None else None,
        "paused_until": rfc3339(subscription.paused_until) if subscription.paused_until is not None else None,
    }

"""Our own WebSub hub (https://www.w3.org/TR/websub/): who asked to be told of which feed document, and the telling.

Requests and notices travel through the ledger as every delivery does; the web face asks, the feeds lane tells, and
pushing settles. May import feeds, delivery, keys, store, telemetry and errors.
"""

from zonewire.hub.asking import Asked, ask, check, read_request
from zonewire.hub.ending import decide_overdue, end_by_operator, end_without_feed, expire, forget
from zonewire.hub.intents import follow
from zonewire.hub.looking import (
    count_by_feed,
    count_subscriptions,
    list_subscriptions,
    show_subscription,
    what_is_known,
)
from zonewire.hub.messages import hub_messages
from zonewire.hub.notices import tell_subscribers
from zonewire.hub.outside import outside_endpoints
from zonewire.hub.topics import topic_url

__all__ = [
    "Asked",
    "ask",
    "check",
    "count_by_feed",
    "count_subscriptions",
    "decide_overdue",
    "end_by_operator",
    "end_without_feed",
    "expire",
    "follow",
    "forget",
    "hub_messages",
    "list_subscriptions",
    "outside_endpoints",
    "read_request",
    "show_subscription",
    "tell_subscribers",
    "topic_url",
    "what_is_known",
]

"""Subscriptions: who gets what, where and when, and how that begins, rests and ends.

One at a time (`subscribe`) or in bulk (`read_chunks`, `import_chunk`), by the same rules (validate.py). Imports
delivery, filters, articles, keys, outbound and the store.
"""

from zonewire.subscriptions.changing import Rhythm, change, read_rhythm, rhythms_of
from zonewire.subscriptions.erasing import (
    deliveries_of,
    end_everything,
    forget,
    is_being_sent,
    subscriber_of,
    what_ends,
)
from zonewire.subscriptions.exporting import export_options
from zonewire.subscriptions.importing import Chunk, Imported, import_chunk, read_chunks
from zonewire.subscriptions.lifecycle import Subscription, confirm, pause, remove, resume, unsubscribe
from zonewire.subscriptions.listing import find, list_subscriptions, subscriptions_of
from zonewire.subscriptions.names import key_of, owner_of, shown_id
from zonewire.subscriptions.personal import export_subscriber
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import Subscribed, subscribe
from zonewire.subscriptions.validate import WEEKDAYS, read_options, timezones

__all__ = [
    "WEEKDAYS",
    "Chunk",
    "Imported",
    "Rhythm",
    "Subscribed",
    "Subscription",
    "SubscriptionRequest",
    "change",
    "confirm",
    "deliveries_of",
    "end_everything",
    "export_options",
    "export_subscriber",
    "find",
    "forget",
    "import_chunk",
    "is_being_sent",
    "key_of",
    "list_subscriptions",
    "owner_of",
    "pause",
    "read_chunks",
    "read_options",
    "read_rhythm",
    "remove",
    "resume",
    "rhythms_of",
    "shown_id",
    "subscribe",
    "subscriber_of",
    "subscriptions_of",
    "timezones",
    "unsubscribe",
    "what_ends",
]

"""Subscriptions: who gets what, where and when, and how that begins, rests and ends.

One at a time (`subscribe`) or in bulk (`read_chunks`, `import_chunk`), by the same rules (validate.py). Imports
delivery, filters, articles, keys, outbound and the store.
"""

from zonewire.subscriptions.exporting import export_options
from zonewire.subscriptions.importing import Chunk, Imported, import_chunk, read_chunks
from zonewire.subscriptions.lifecycle import Subscription, confirm, pause, remove, resume, unsubscribe
from zonewire.subscriptions.listing import find, list_subscriptions, subscriptions_of
from zonewire.subscriptions.names import key_of, shown_id
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import Subscribed, subscribe
from zonewire.subscriptions.validate import read_options

__all__ = [
    "Chunk",
    "Imported",
    "Subscribed",
    "Subscription",
    "SubscriptionRequest",
    "confirm",
    "export_options",
    "find",
    "import_chunk",
    "key_of",
    "list_subscriptions",
    "pause",
    "read_chunks",
    "read_options",
    "remove",
    "resume",
    "shown_id",
    "subscribe",
    "subscriptions_of",
    "unsubscribe",
]

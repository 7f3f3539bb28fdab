"""Subscriptions: who gets what, where and when, and how that begins, rests and ends.

One at a time (`subscribe`) or in bulk (`read_chunks`, `import_chunk`), by the same rules (validate.py). Imports
delivery, filters, articles, keys, outbound and the store.
"""

from zonewire.subscriptions.asking import Asker, ask_for_links, ask_to_subscribe, forget_asks
from zonewire.subscriptions.changing import Rhythm, change, read_rhythm, rhythms_of
from zonewire.subscriptions.consents import Act, Consent, consents_of, record
from zonewire.subscriptions.erasing import (
    being_erased,
    deliveries_of,
    end_everything,
    erased_before,
    finish_erasing,
    forget,
    is_being_sent,
    subscriber_of,
    what_ends,
)
from zonewire.subscriptions.exporting import export_options
from zonewire.subscriptions.finding import STATES, find_subscriptions, meant_by
from zonewire.subscriptions.finding import Wanted as SubscriptionsWanted
from zonewire.subscriptions.importing import Chunk, Imported, import_chunk, read_chunks
from zonewire.subscriptions.lifecycle import (
    Subscription,
    confirm,
    locked,
    pause,
    remove,
    resume,
    resume_rested,
    unsubscribe,
)
from zonewire.subscriptions.listing import find, list_subscriptions, subscriptions_of
from zonewire.subscriptions.names import key_of, owner_of, shown_id
from zonewire.subscriptions.personal import export_subscriber
from zonewire.subscriptions.private_feeds import (
    Fetched,
    PrivateFeed,
    count_private_feeds,
    fetched_by,
    make_private_feed,
    private_feed_of,
    reader_name,
    renew_private_feed,
    revoke_private_feed,
)
from zonewire.subscriptions.profiles import Profile, profile_of, subscriber_behind, was_sent_more_than
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import Subscribed, subscribe
from zonewire.subscriptions.unconfirmed import forget_unconfirmed
from zonewire.subscriptions.validate import read_filter, read_options, timezones
from zonewire.subscriptions.visits import count_visit, forget_visits, visits_by_page

__all__ = [
    "STATES",
    "Act",
    "Asker",
    "Chunk",
    "Consent",
    "Fetched",
    "Imported",
    "PrivateFeed",
    "Profile",
    "Rhythm",
    "Subscribed",
    "Subscription",
    "SubscriptionRequest",
    "SubscriptionsWanted",
    "ask_for_links",
    "ask_to_subscribe",
    "being_erased",
    "change",
    "confirm",
    "consents_of",
    "count_private_feeds",
    "count_visit",
    "deliveries_of",
    "end_everything",
    "erased_before",
    "export_options",
    "export_subscriber",
    "fetched_by",
    "find",
    "find_subscriptions",
    "finish_erasing",
    "forget",
    "forget_asks",
    "forget_unconfirmed",
    "forget_visits",
    "import_chunk",
    "is_being_sent",
    "key_of",
    "list_subscriptions",
    "locked",
    "make_private_feed",
    "meant_by",
    "owner_of",
    "pause",
    "private_feed_of",
    "profile_of",
    "read_chunks",
    "read_filter",
    "read_options",
    "read_rhythm",
    "reader_name",
    "record",
    "remove",
    "renew_private_feed",
    "resume",
    "resume_rested",
    "revoke_private_feed",
    "rhythms_of",
    "shown_id",
    "subscribe",
    "subscriber_behind",
    "subscriber_of",
    "subscriptions_of",
    "timezones",
    "unsubscribe",
    "visits_by_page",
    "was_sent_more_than",
    "what_ends",
]

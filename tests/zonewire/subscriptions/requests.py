"""Requests to subscribe, with good defaults."""

from typing import Any

from zonewire.keys import KeyRing
from zonewire.outbound.guard import Guard
from zonewire.subscriptions import SubscriptionRequest, read_options

RING = KeyRing(("a key",))
GUARD = Guard()


def a_request(**options: Any) -> SubscriptionRequest:
    """A webhook of a partner's, or a confirmed reader by email (`channel="email"`)."""
    email = options.get("channel") == "email"
    defaults = {
        "channel": "webhook",
        "to": "reader@mail.example" if email else "https://partner.example/hook",
        "confirmed": True,
    }
    return read_options(defaults | options, check_url=GUARD.check_literal)

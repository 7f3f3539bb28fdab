"""What a subscription is called outside."""

import re

from zonewire.errors import NotFound

SHOWN = re.compile(r"s([1-9][0-9]{0,17})")


def shown_id(subscription_id: int) -> str:
    """The id as everybody outside sees it."""
    return f"s{subscription_id}"


def key_of(shown: str) -> int:
    """The key behind a shown id. Raises NotFound where it can be none."""
    if match := SHOWN.fullmatch(shown):
        return int(match[1])
    raise not_there(shown[:40])


def not_there(shown: str) -> NotFound:
    """The error about a subscription that does not exist."""
    return NotFound(f"there is no subscription {shown!r}", mend="`zonewire subscriptions list` shows them, with ids.")

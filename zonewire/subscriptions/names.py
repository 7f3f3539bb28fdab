"""What a subscription is called outside, and a subscriber."""

import re

from zonewire.delivery.addresses import normalised
from zonewire.errors import NotFound, WrongUsage

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


def owner_of(given: str) -> str:
    """The subscriber's address as it is kept: an email address, or a partner's host, of which a URL is enough.

    Raises WrongUsage for what is neither.
    """
    is_mailbox = "@" in given and "://" not in given
    text = given if is_mailbox or "://" in given else f"https://{given}/"
    try:
        return normalised("email" if is_mailbox else "webhook", text).owner
    except WrongUsage as cause:
        mend = "Give one such as reader@example.com, or partner.example.com."
        raise WrongUsage(f"{given[:80]!r} is neither an email address nor a host", mend=mend) from cause

"""Addresses of people and receivers, and texts that may name one, as whoever looks may see them."""

import re

from web.console.visitor import Visitor
from zonewire.operators import Role
from zonewire.telemetry import masked

_QUERY = re.compile(r"(https?://[^\s?\"'<>]*\?)[^\s\"'<>]+")


def address_for(visitor: Visitor, address: str | None) -> str:
    """*address*, or a text that names one: whole for who may act; "" of nobody.

    Else a mailbox with its first letter and its domain, and a URL without its query, which may let somebody in.
    """
    if address is None:
        return ""
    return address if visitor.may(Role.OPERATE) else masked(_QUERY.sub(r"\1…", address))


def listed_for(visitor: Visitor, address: str | None) -> str:
    """The same for lists of many: where only looking is needed, nobody is shown a reader's mailbox in full."""
    return masked(address_for(visitor, address))

"""Addresses of people, as whoever looks may see them."""

from web.console.visitor import Visitor
from zonewire.operators import Role
from zonewire.telemetry import masked


def address_for(visitor: Visitor, address: str | None) -> str:
    """*address*, or a text that names one: whole for who may act, else with first letter and domain; "" of nobody."""
    if address is None:
        return ""
    return address if visitor.may(Role.OPERATE) else masked(address)

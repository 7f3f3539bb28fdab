"""Hubs of others that the catalogue names: each is an endpoint, told of every change beside our own."""

from collections.abc import Sequence

from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.keys import KeyRing
from zonewire.store import Store
from zonewire.store import now as clock


def outside_endpoints(store: Store, hubs: Sequence[str], *, keys: KeyRing) -> tuple[int, ...]:
    """The endpoints of *hubs*, made where they are new."""
    if not hubs:
        return ()
    wanted = [EndpointWanted(normalised("websub", hub)) for hub in hubs]
    with store.writing() as db:
        found = find_or_make_endpoints(db, wanted, keys=keys, now=clock(db))
    return tuple(sorted({endpoint.id for endpoint in found.values()}))

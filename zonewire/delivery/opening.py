"""Endpoints with their addresses and secrets open, for whoever sends something there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from zonewire.delivery.messages import Endpoint
from zonewire.errors import ZonewireError
from zonewire.keys import KeyRing, SigningKey
from zonewire.store import many, values_of
from zonewire.store.tables import endpoints, hosts

# By primary key.
ENDPOINTS = (
    select(
        endpoints.c.id,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.sealed_address,
        endpoints.c.secret,
        endpoints.c.previous_secret,
        endpoints.c.previous_until,
        hosts.c.name.label("host"),
    )
    .join_from(endpoints, hosts, hosts.c.id == endpoints.c.host_id)
    .where(endpoints.c.id.in_(values_of(many("endpoint_ids"))))
)


def opened(row: Any, *, keys: KeyRing, now: int) -> Endpoint:
    """A row of ENDPOINTS; a webhook signs with its previous secret too while that holds. Raises KeyMissing."""
    sealed = [row.secret] if row.secret is not None else []
    if row.previous_secret is not None and (row.previous_until or 0) > now:
        sealed.append(row.previous_secret)
    address = row.address if row.sealed_address is None else keys.open(row.sealed_address).decode()
    secrets = [keys.open(secret).decode() for secret in sealed]
    is_webhook = row.channel == "webhook"
    signing = tuple(map(SigningKey.of, secrets)) if is_webhook else ()
    secret = secrets[0] if secrets and not is_webhook else ""
    return Endpoint(row.id, row.channel, address or "", row.host, signing, secret)


def open_endpoints(
    db: Connection, ids: Sequence[int], *, keys: KeyRing, now: int
) -> dict[int, Endpoint | ZonewireError]:
    """Those of *ids* by id, or why one cannot be opened."""
    found: dict[int, Endpoint | ZonewireError] = {}
    for row in db.execute(ENDPOINTS, {"endpoint_ids": list(ids)}):
        try:
            found[row.id] = opened(row, keys=keys, now=now)
        except ZonewireError as error:
            found[row.id] = error
    return found

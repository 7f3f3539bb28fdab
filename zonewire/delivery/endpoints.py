"""Endpoints: found or made for addresses, each with its host, its subscriber and, for a webhook, its secret."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Text, bindparam, func, null, select, true

from zonewire.delivery.addresses import Address
from zonewire.errors import NotFound
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.store import each, insert, many, values_of
from zonewire.store.tables import deliveries, endpoints, hosts, subscribers

CHANNELS_WITH_SECRET = frozenset({"webhook"})
SHOWN = re.compile(r"e([1-9][0-9]{0,17})")

# Endpoints by the keyed hash of their addresses. By their unique key.
_KNOWN = select(
    endpoints.c.id, endpoints.c.channel, endpoints.c.address_key, endpoints.c.subscriber_id, endpoints.c.secret
).where(
    endpoints.c.channel == bindparam("of_channel"),
    endpoints.c.address_key.in_(bindparam("address_keys", expanding=True, type_=LargeBinary)),
)

# Hosts and subscribers by name, those that are new added first. By their unique keys.
_NAMES = each(many("names", Text)).c.value
_HOSTS = select(hosts.c.name, hosts.c.id).where(hosts.c.name.in_(values_of(many("names", Text))))
_ADD_HOSTS = insert(hosts).from_select(["name"], select(_NAMES).where(true())).on_conflict_do_nothing()
_OWNERS = select(subscribers.c.address, subscribers.c.id).where(
    subscribers.c.address.in_(values_of(many("names", Text)))
)
_ADD_OWNERS = (
    insert(subscribers)
    .from_select(
        ["address", "created_at"],
        select(_NAMES, bindparam("created", type_=subscribers.c.created_at.type)).where(true()),
    )
    .on_conflict_do_nothing()
)

_ADD = insert(endpoints).on_conflict_do_nothing().returning(endpoints.c.id, endpoints.c.address_key)

# How many deliveries each endpoint holds, by the partial index on held rows.
_HELD = (
    select(deliveries.c.endpoint_id, func.count().label("n"))
    .where(deliveries.c.due_at.is_(null()), deliveries.c.state.in_(["pending", "retrying"]))
    .group_by(deliveries.c.endpoint_id)
    .subquery("held")
)

# Every endpoint, the oldest first. By primary key.
_ALL = (
    select(
        endpoints.c.id,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.state,
        endpoints.c.reason,
        endpoints.c.last_error,
        func.coalesce(_HELD.c.n, 0).label("held"),
    )
    .outerjoin(_HELD, _HELD.c.endpoint_id == endpoints.c.id)
    .order_by(endpoints.c.id)
)


@dataclass(frozen=True, slots=True)
class EndpointWanted:
    """An address that somebody wants to be served at; *secret* (`whsec_…`) instead of one that we make."""

    address: Address
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFound:
    """The endpoint of an address."""

    id: int
    subscriber_id: int
    secret: str | None = None  # `whsec_…`, only where this very call made the endpoint
    sealed_secret: bytes | None = None  # where it was there already

    def has_secret(self, keys: KeyRing, secret: str) -> bool:
        """Whether deliveries to it are signed with *secret*."""
        return secret in (self.secret, keys.open(self.sealed_secret).decode() if self.sealed_secret else None)


def find_or_make_endpoints(
    db: Connection, wanted: Sequence[EndpointWanted], *, keys: KeyRing, now: int
) -> dict[Address, EndpointFound]:
    """The endpoint of each address, those that are new made; a dozen statements for the whole set.

    Where an address comes twice, the first one's secret counts.
    """
    by_address: dict[Address, EndpointWanted] = {}
    for one in wanted:
        by_address.setdefault(one.address, one)
    marks = {address: keys.marks(f"{address.channel} {address.text}".encode()) for address in by_address}
    found = _known(db, marks)
    missing = {address: by_address[address] for address in marks if address not in found}
    if missing:
        found |= _made(db, list(missing.values()), marks, keys=keys, now=now)
        # Another transaction may have been quicker with some of them.
        found |= _known(db, {address: marks[address] for address in missing if address not in found})
    return found


def list_endpoints(db: Connection, *, limit: int | None = None) -> list[dict[str, Any]]:
    """Every endpoint, as `endpoints list --json` prints it (rules.md, Shapes)."""
    return [_shape(row) for row in db.execute(_ALL.limit(limit))]


def shown_id(endpoint_id: int) -> str:
    """The id as everybody outside sees it."""
    return f"e{endpoint_id}"


def key_of(shown: str) -> int:
    """The key behind a shown id. Raises NotFound where it can be none."""
    if match := SHOWN.fullmatch(shown):
        return int(match[1])
    raise NotFound(f"there is no endpoint {shown[:40]!r}", mend="`zonewire endpoints list` shows them, with their ids.")


def _known(db: Connection, marks: Mapping[Address, tuple[bytes, ...]]) -> dict[Address, EndpointFound]:
    """Those that have an endpoint, marked under whichever key of the ring."""
    by_channel: dict[str, dict[bytes, Address]] = {}
    for address, mine in marks.items():
        by_channel.setdefault(address.channel, {}).update(dict.fromkeys(mine, address))
    found = {}
    for channel, addresses in by_channel.items():
        for row in db.execute(_KNOWN, {"of_channel": channel, "address_keys": list(addresses)}):
            endpoint = EndpointFound(id=row.id, subscriber_id=row.subscriber_id, sealed_secret=row.secret)
            found[addresses[bytes(row.address_key)]] = endpoint
    return found


def _made(
    db: Connection,
    missing: Sequence[EndpointWanted],
    marks: Mapping[Address, tuple[bytes, ...]],
    *,
    keys: KeyRing,
    now: int,
) -> dict[Address, EndpointFound]:
    # Names and rows in one order for everybody: two transactions then never wait for each other crosswise.
    names = {"names": sorted({one.address.host for one in missing})}
    db.execute(_ADD_HOSTS, names)
    host_ids = {row.name: row.id for row in db.execute(_HOSTS, names)}
    owners = {"names": sorted({one.address.owner for one in missing})}
    db.execute(_ADD_OWNERS, owners | {"created": now})
    owner_ids = {row.address: row.id for row in db.execute(_OWNERS, owners)}
    secrets = {one.address: _secret(one) for one in missing}
    new = {marks[address][0]: address for address in sorted(secrets, key=marks.__getitem__)}
    rows = [
        {
            "channel": address.channel,
            "address_key": mark,
            "address": address.text,
            "subscriber_id": owner_ids[address.owner],
            "host_id": host_ids[address.host],
            "secret": _sealed(secrets[address], keys),
            "created_at": now,
        }
        for mark, address in new.items()
    ]
    made = {}
    for row in db.execute(_ADD, rows):
        address = new[bytes(row.address_key)]
        made[address] = EndpointFound(id=row.id, subscriber_id=owner_ids[address.owner], secret=secrets[address])
    return made


def _secret(one: EndpointWanted) -> str | None:
    """What a new endpoint's deliveries are signed with."""
    return (one.secret or new_webhook_secret()) if one.address.channel in CHANNELS_WITH_SECRET else None


def _sealed(secret: str | None, keys: KeyRing) -> bytes | None:
    return keys.seal(secret.encode()) if secret else None


def _shape(row: Any) -> dict[str, Any]:
    return {
        "id": shown_id(row.id),
        "channel": row.channel,
        "to": row.address,
        "state": row.state,
        "reason": row.reason,
        "last_error": row.last_error,
        "held": row.held,
    }

"""Endpoints: found or made for addresses, each with its host, its subscriber and, for a webhook, its secret."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, bindparam, func, null, select, true

from zonewire.delivery.addresses import Address
from zonewire.delivery.channel_names import SEALED
from zonewire.errors import NotFound, WrongUsage
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.store import Spelled, as_rows, each, insert, many
from zonewire.store.tables import deliveries, endpoints, hosts, subscribers

CHANNELS_WITH_SECRET = frozenset({"webhook"})
"""Whose requests are always signed: a secret is made where none is given."""
CHANNELS_THAT_SIGN = frozenset({"webhook", "dingtalk", "feishu"})
"""Whose requests can be signed."""
SECRET_LEAST, SECRET_MOST = 6, 200
SHOWN = re.compile(r"e([1-9][0-9]{0,17})")

# Sealed secrets and keyed hashes are ASCII: they travel in JSON, and become bytes in the database.
_BLOB = {"sqlite": {"blob": "BLOB"}, "postgresql": {"blob": "bytea"}}

# Endpoints by the keyed hash of their addresses. By their unique key. Those that something is to lead to are kept
# from being forgotten meanwhile.
_FIND = """
    SELECT e.id, e.channel, e.address_key, e.subscriber_id, e.secret
    FROM {rows} AS w
    JOIN endpoints AS e ON e.channel = w.channel AND e.address_key = CAST(w.mark AS {blob})
"""
_KNOWN = Spelled(_FIND, columns=("channel text", "mark text"), **_BLOB)
_KEPT = Spelled(
    _FIND + "{keep}",
    columns=("channel text", "mark text"),
    sqlite=_BLOB["sqlite"] | {"keep": ""},
    postgresql=_BLOB["postgresql"] | {"keep": "FOR KEY SHARE OF e"},
)

# Hosts and subscribers that are new, in the order of their names. Those that are there stay, by their unique keys.
_NAMES = each(many("names", Text)).c.value
_ADD_HOSTS = insert(hosts).from_select(["name"], select(_NAMES).where(true())).on_conflict_do_nothing()
_ADD_OWNERS = (
    insert(subscribers)
    .from_select(["address", "created_at"], select(_NAMES, bindparam("created", type_=BigInteger)).where(true()))
    .on_conflict_do_nothing()
)

# New endpoints, with their hosts and subscribers found by name. In one order for everybody: two transactions then
# never wait for each other crosswise. One that came meanwhile stays and is not returned.
_ADD = Spelled(
    """
    INSERT INTO endpoints (channel, address_key, address, sealed_address, subscriber_id, host_id, secret, created_at)
    SELECT n.channel, CAST(n.mark AS {blob}), n.address, CAST(n.sealed AS {blob}), s.id, h.id,
        CAST(n.secret AS {blob}), :now
    FROM {rows} AS n JOIN subscribers AS s ON s.address = n.owner JOIN hosts AS h ON h.name = n.host
    WHERE true ORDER BY n.channel, n.mark
    ON CONFLICT (channel, address_key) DO NOTHING
    RETURNING id, channel, address_key, subscriber_id
    """,
    columns=(
        "channel text",
        "mark text",
        "address text",
        "sealed text",
        "owner text",
        "host text",
        "secret text",
    ),
    **_BLOB,
)

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
    """An address that somebody wants to be served at; *secret* is a robot's, or a webhook's instead of one of ours."""

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
    marks = {address: _marks(address, keys) for address in by_address}
    found = _known(db, marks, _KEPT)
    missing = {address: by_address[address] for address in marks if address not in found}
    if missing:
        found |= _made(db, list(missing.values()), marks, keys=keys, now=now)
        # Another transaction may have been quicker with some of them.
        found |= _known(db, {address: marks[address] for address in missing if address not in found}, _KEPT)
    return found


def find_endpoint(db: Connection, address: Address, *, keys: KeyRing) -> int | None:
    """The key of the endpoint of *address*; None where there is none."""
    found = _known(db, {address: _marks(address, keys)}, _KNOWN).get(address)
    return None if found is None else found.id


def robot_secret(given: str) -> str:
    """*given* as a robot's platform shows it. Raises WrongUsage for what can be none."""
    secret = given.strip()
    if not (SECRET_LEAST <= len(secret) <= SECRET_MOST) or not secret.isascii() or not secret.isprintable():
        raise WrongUsage(
            "secret: that can be none",
            mend="Copy it from the robot's page, from behind “signature”: SEC… at DingTalk.",
        )
    return secret


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
    raise _not_there(shown)


def existing_key(db: Connection, shown: str) -> int:
    """The key of an endpoint that is there. Raises NotFound."""
    key = key_of(shown)
    if db.execute(select(endpoints.c.id).where(endpoints.c.id == key)).first() is None:
        raise _not_there(shown)
    return key


def _not_there(shown: str) -> NotFound:
    return NotFound(
        f"there is no endpoint {shown[:40]!r}", mend="`zonewire endpoints list` shows them, with their ids."
    )


def marks_of(channel: str, text: str, keys: KeyRing) -> tuple[bytes, ...]:
    """The keyed hashes of a normalised address, under each key of the ring."""
    return keys.marks(f"{channel} {text}".encode())


def _marks(address: Address, keys: KeyRing) -> list[str]:
    return [mark.decode() for mark in marks_of(address.channel, address.text, keys)]


def _known(db: Connection, marks: Mapping[Address, Sequence[str]], statement: Spelled) -> dict[Address, EndpointFound]:
    """Those that have an endpoint, marked under whichever key of the ring."""
    addresses = {(address.channel, mark): address for address, mine in marks.items() for mark in mine}
    return {
        addresses[row.channel, bytes(row.address_key).decode()]: EndpointFound(
            id=row.id, subscriber_id=row.subscriber_id, sealed_secret=row.secret
        )
        for row in db.execute(statement.on(db), {"rows": as_rows(list(addresses))})
    }


def _made(
    db: Connection,
    missing: Sequence[EndpointWanted],
    marks: Mapping[Address, Sequence[str]],
    *,
    keys: KeyRing,
    now: int,
) -> dict[Address, EndpointFound]:
    db.execute(_ADD_HOSTS, {"names": sorted({one.address.host for one in missing})})
    db.execute(_ADD_OWNERS, {"names": sorted({one.address.owner for one in missing}), "created": now})
    new = {(one.address.channel, marks[one.address][0]): (one.address, _secret(one)) for one in missing}
    rows = [
        (
            channel,
            mark,
            address.shown,
            _sealed(address.text, keys) if channel in SEALED else None,
            address.owner,
            address.host,
            _sealed(secret, keys),
        )
        for (channel, mark), (address, secret) in new.items()
    ]
    made = {}
    for row in db.execute(_ADD.on(db), {"rows": as_rows(rows), "now": now}):
        address, secret = new[row.channel, bytes(row.address_key).decode()]
        made[address] = EndpointFound(id=row.id, subscriber_id=row.subscriber_id, secret=secret)
    return made


def _secret(one: EndpointWanted) -> str | None:
    """What a new endpoint's deliveries are signed with."""
    return one.secret or (new_webhook_secret() if one.address.channel in CHANNELS_WITH_SECRET else None)


def _sealed(secret: str | None, keys: KeyRing) -> str | None:
    return keys.seal(secret.encode()).decode() if secret else None


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

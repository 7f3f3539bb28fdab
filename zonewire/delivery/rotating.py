"""A secret is replaced: a webhook's old one signs beside the new one for a day (Standard Webhooks, key rotation).

A robot's is made by its platform, and there is one at a time: the old one ends at once.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, null, select, update

from zonewire.delivery.enabling import refuse_erased
from zonewire.delivery.endpoints import CHANNELS_THAT_SIGN, robot_secret, shown_id
from zonewire.errors import Conflict, WrongUsage
from zonewire.keys import KeyRing, new_webhook_secret, secret_bytes
from zonewire.store import SECOND
from zonewire.store.tables import endpoints

BOTH_FOR = 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Rotated:
    """A secret that was replaced."""

    secret: str  # whsec_…: shown once
    both_until: int  # the one before it signs until then, microseconds
    is_early: bool  # the day of the last rotation was not over: the secret before the last signs no more
    is_ours: bool = True  # and not a platform's, which needs no showing


_FOUND = select(endpoints.c.channel, endpoints.c.secret, endpoints.c.previous_until).where(
    endpoints.c.id == bindparam("of_endpoint")
)
_REPLACE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint_id"))
    .values(previous_secret=endpoints.c.secret, secret=bindparam("sealed"), previous_until=bindparam("until"))
)
_SET = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint_id"))
    .values(secret=bindparam("sealed"), previous_secret=null(), previous_until=null())
)


def rotate(db: Connection, endpoint_id: int, *, keys: KeyRing, secret: str | None, now: int) -> Rotated:
    """Give an endpoint *secret*, or a fresh one.

    Raises Conflict where its channel signs nothing or it was erased, InvalidInput and WrongUsage for what is no secret.
    """
    refuse_erased(db, endpoint_id)
    found = db.execute(_FOUND.with_for_update(), {"of_endpoint": endpoint_id}).one()
    if found.channel not in CHANNELS_THAT_SIGN:
        raise Conflict(
            f"{shown_id(endpoint_id)} is of the channel {found.channel}, where nothing is signed",
            mend="Only the secrets of webhooks, DingTalk's and Feishu's robots are replaced.",
        )
    if found.channel != "webhook":
        return _of_robot(db, endpoint_id, keys=keys, secret=secret, now=now)
    if secret is not None:
        secret_bytes(secret)
    fresh, until = secret or new_webhook_secret(), now + BOTH_FOR
    db.execute(_REPLACE, {"endpoint_id": endpoint_id, "sealed": keys.seal(fresh.encode()), "until": until})
    return Rotated(fresh, until, is_early=(found.previous_until or 0) > now)


def _of_robot(db: Connection, endpoint_id: int, *, keys: KeyRing, secret: str | None, now: int) -> Rotated:
    if secret is None:
        raise WrongUsage(
            "the secret of a robot is made by its platform", where="--secret", mend="Give the one that it shows."
        )
    given = robot_secret(secret)
    db.execute(_SET, {"endpoint_id": endpoint_id, "sealed": keys.seal(given.encode())})
    return Rotated(given, now, is_early=False, is_ours=False)

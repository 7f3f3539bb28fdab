"""What readers agreed to on our pages: when, from where, and to which words; kept as long as the subscription is known.

A subscription that an operator made, by command or import, has none: that its reader agreed is the operator's to show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from zonewire.store import many, values_of
from zonewire.store.tables import consents, subscriptions


class Act(StrEnum):
    """What somebody did."""

    ASKED = "asked"  # sent the form of /subscribe
    CONFIRMED = "confirmed"  # pressed the button behind the link of the mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One act of a reader."""

    act: str
    given_at: int  # microseconds
    given_from: str  # the network address that the request came from
    locale: str
    wording: str  # the sentences that stood above the button


_ADD = insert(consents)
_OF = select(
    consents.c.subscription_id,
    consents.c.act,
    consents.c.given_at,
    consents.c.given_from,
    consents.c.locale,
    consents.c.wording,
).order_by(consents.c.id)
_OF_ONE = _OF.where(consents.c.subscription_id == bindparam("subscription_id"))
# By the index on the subscriber.
_THEIRS = select(subscriptions.c.id).where(subscriptions.c.subscriber_id.in_(values_of(many("people"))))
_OF_ALL = _OF.where(consents.c.subscription_id.in_(_THEIRS))
_FORGET = delete(consents).where(consents.c.subscription_id.in_(_THEIRS))


def record(db: Connection, subscription_id: int, consent: Consent) -> None:
    """Keep *consent*."""
    row = {
        "subscription_id": subscription_id,
        "act": consent.act,
        "given_at": consent.given_at,
        "given_from": consent.given_from,
        "locale": consent.locale,
        "wording": consent.wording,
    }
    db.execute(_ADD, row)


def consents_of(db: Connection, subscription_id: int) -> list[Consent]:
    """What its reader agreed to, the oldest first."""
    return [_consent(row) for row in db.execute(_OF_ONE, {"subscription_id": subscription_id})]


def consents_of_people(db: Connection, people: Sequence[int]) -> dict[int, list[Consent]]:
    """The same of all subscriptions of some subscribers, by subscription."""
    found: dict[int, list[Consent]] = {}
    for row in db.execute(_OF_ALL, {"people": people}):
        found.setdefault(row.subscription_id, []).append(_consent(row))
    return found


def forget_consents(db: Connection, people: Sequence[int]) -> None:
    """Remove all of some subscribers'."""
    db.execute(_FORGET, {"people": people})


def _consent(row: Any) -> Consent:
    return Consent(
        act=row.act, given_at=row.given_at, given_from=row.given_from, locale=row.locale, wording=row.wording
    )

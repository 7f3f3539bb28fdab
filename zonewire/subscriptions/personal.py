"""All that is kept about one subscriber, for itself to have: subscriptions, endpoints, and what was sent where."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from zonewire.articles.model import rfc3339
from zonewire.delivery.listing import Wanted, list_deliveries
from zonewire.delivery.showing import show_endpoint
from zonewire.rendering.wording import WEEKDAYS
from zonewire.store import many, values_of
from zonewire.store.tables import endpoints, subscribers, subscriptions
from zonewire.subscriptions import statements
from zonewire.subscriptions.consents import consents_of_people
from zonewire.subscriptions.lifecycle import Subscription
from zonewire.subscriptions.listing import as_json
from zonewire.subscriptions.people import same_person
from zonewire.subscriptions.private_feeds import export_fetching, export_private_feeds

_PEOPLE = values_of(many("people"))
_ADDRESS = select(subscribers.c.address).where(subscribers.c.id == bindparam("subscriber"))
_KNOWN_SINCE = select(func.min(subscribers.c.created_at)).where(subscribers.c.id.in_(_PEOPLE))
# By the indices on subscribers.
_THEIRS = statements.SHOWN.where(subscriptions.c.subscriber_id.in_(_PEOPLE))
_SINCE = select(subscriptions.c.id, subscriptions.c.created_at, subscriptions.c.state_at).where(
    subscriptions.c.subscriber_id.in_(_PEOPLE)
)
_ENDPOINTS = select(endpoints.c.id).where(endpoints.c.subscriber_id.in_(_PEOPLE)).order_by(endpoints.c.id)


def export_subscriber(db: Connection, subscriber_id: int, *, installation: int, now: int) -> dict[str, Any]:
    """Everything but secrets, of all spellings of the address; deliveries as far back as the ledger goes."""
    people = same_person(db, subscriber_id)
    of = {"people": people}
    since = {row.id: row for row in db.execute(_SINCE, of)}
    theirs = [Subscription(**row) for row in db.execute(_THEIRS, of).mappings()]
    private_feeds = export_private_feeds(db, people)
    fetching = export_fetching(db, private_feeds)
    consents = consents_of_people(db, people)
    endpoint_ids = db.execute(_ENDPOINTS, of).scalars().all()
    return {
        "address": db.execute(_ADDRESS, {"subscriber": subscriber_id}).scalar_one(),
        "known_since": rfc3339(db.execute(_KNOWN_SINCE, of).scalar_one()),
        "subscriptions": [
            as_json(one)
            | {
                "at": f"{one.at_minute // 60:02}:{one.at_minute % 60:02}",
                "weekday": WEEKDAYS[one.weekday],
                "timezone": one.timezone,
                "locale": one.locale,
                "asked_for_at": rfc3339(since[one.id].created_at),
                "state_since": rfc3339(since[one.id].state_at),
                "last_digest_at": None if one.last_cut_at is None else rfc3339(one.last_cut_at),
                "consents": [
                    {
                        "act": each.act,
                        "given_at": rfc3339(each.given_at),
                        "from": each.given_from,
                        "locale": each.locale,
                        "wording": each.wording,
                    }
                    for each in consents.get(one.id, [])
                ],
                "private_feeds": private_feeds.get(one.id, []),
                "fetched_by": fetching.get(one.id, []),
            }
            for one in theirs
        ],
        "endpoints": [
            show_endpoint(db, endpoint_id, installation=installation, now=now, failures=None)
            for endpoint_id in endpoint_ids
        ],
        "deliveries": [
            delivery
            for endpoint_id in endpoint_ids
            for delivery in list_deliveries(db, Wanted(endpoint_id=endpoint_id), installation=installation)
        ],
    }

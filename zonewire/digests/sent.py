"""What a subscription was sent, for its reader to see: the newest first."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, literal_column, select

from zonewire.articles.model import unpack
from zonewire.delivery.states import State
from zonewire.store.tables import deliveries, edition_versions, editions, versions

MOST_SHOWN = 20
LOOKED_AT = 400
"""Versions of articles that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDigest:
    """One digest."""

    edition_id: int
    made_at: int  # microseconds
    stories: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNews:
    """One mail about one article."""

    number: int
    title: str
    sent_at: int  # microseconds; when it was owed, where it has not arrived
    state: State


# The newest digests of a subscription, by the partial index on readers' deliveries; then editions by primary key.
_LAST = (
    select(deliveries.c.id, deliveries.c.edition_id, deliveries.c.state)
    .where(
        literal_column("deliveries.kind").in_([literal_column("'digest'"), literal_column("'confirmation'")]),
        deliveries.c.kind == "digest",
        deliveries.c.subscription_id == bindparam("subscription_id"),
    )
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("most"))
    .subquery("last")
)
_STORIES = (
    select(func.count())
    .where(edition_versions.c.edition_id == editions.c.id, edition_versions.c.role == "story")
    .correlate(editions)
    .scalar_subquery()
)
_DIGESTS = (
    select(editions.c.id, editions.c.created_at, _LAST.c.state, _STORIES.label("stories"))
    .join(_LAST, _LAST.c.edition_id == editions.c.id)
    .order_by(_LAST.c.id.desc())
)
# The newest versions, by primary key; then the delivery by the unique key of article, endpoint, version and kind.
_NEWEST = (
    select(versions.c.number, versions.c.article_id, versions.c.content)
    .order_by(versions.c.number.desc())
    .limit(bindparam("looked_at"))
    .subquery()
)
_NEWS = (
    select(
        _NEWEST.c.number,
        _NEWEST.c.content,
        deliveries.c.state,
        func.coalesce(deliveries.c.settled_at, deliveries.c.created_at).label("sent_at"),
    )
    .join(
        deliveries,
        (deliveries.c.article_id == _NEWEST.c.article_id)
        & (deliveries.c.endpoint_id == bindparam("endpoint_id"))
        & (deliveries.c.number == _NEWEST.c.number),
    )
    .where(literal_column("deliveries.kind").in_([literal_column("'news'"), literal_column("'withdrawal'")]))
    .order_by(_NEWEST.c.number.desc())
    .limit(bindparam("most"))
)


def digests_sent(db: Connection, subscription_id: int) -> list[SentDigest]:
    """The digests of a subscription, MOST_SHOWN of them."""
    parameters = {"subscription_id": subscription_id, "most": MOST_SHOWN}
    return [
        SentDigest(edition_id=row.id, made_at=row.created_at, stories=row.stories, state=State(row.state))
        for row in db.execute(_DIGESTS, parameters)
    ]


def news_sent(db: Connection, endpoint_id: int) -> list[SentNews]:
    """The instant news of an endpoint, MOST_SHOWN of them."""
    rows = db.execute(_NEWS, {"endpoint_id": endpoint_id, "looked_at": LOOKED_AT, "most": MOST_SHOWN})
    return [
        SentNews(number=row.number, title=unpack(row.content).title, sent_at=row.sent_at, state=State(row.state))
        for row in rows
    ]

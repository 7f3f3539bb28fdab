"""The trail itself, put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from zonewire.articles import Version, rfc3339
from zonewire.articles.listing import known_article, version_rows, version_shape
from zonewire.delivery.bulk import resent_editions
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.states import State
from zonewire.filters import MATCHING, facts_of, keyword_index, parse_written
from zonewire.store import SECOND
from zonewire.store.tables import deliveries, subscriptions
from zonewire.subscriptions import shown_id as shown_subscription
from zonewire.trail import reasons, statements
from zonewire.trail.deliveries import History, Shape, View, had_older, shapes_of
from zonewire.trail.reasons import IN_ENGLISH, Telling
from zonewire.trail.receivers import Receiver

DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What became of an article, as `articles trail --json` prints it: lists of plain objects."""

    guid: str
    title: str
    version: int
    withdrawn: bool
    versions: list[Shape]
    feeds: list[Shape]
    editions: list[Shape]
    deliveries: list[Shape]
    waiting: list[Shape] = field(default_factory=list)  # receivers that are owed nothing (yet), and why
    had_older: list[Shape] = field(default_factory=list)  # who had, or may have, an older text


def trail_of(
    db: Connection,
    guid: str,
    *,
    installation: int,
    now: int,
    retention_days: int,
    to: Receiver | None = None,
    tell: Telling = IN_ENGLISH,
) -> Trail:
    """The trail of the article *guid*, of the receiver *to* alone where one is given. Raises NotFound.

    What was settled more than *retention_days* ago may have been pruned: then its reason is that.
    """
    version = known_article(db, guid)
    history = history_of(db, guid)
    rows = deliveries_of(db, version, history, to)
    made = shapes_of(db, rows, history, View(installation=installation, now=now, tell=tell))
    return Trail(
        guid=guid,
        title=version.article.title,
        version=version.version,
        withdrawn=version.withdrawn,
        versions=history.shapes,
        feeds=feeds_with(db, version),
        editions=history.editions,
        deliveries=made,
        waiting=_waiting(db, version, made, to, kept_from=now - retention_days * DAY, tell=tell),
        had_older=had_older(made, version),
    )


def history_of(db: Connection, guid: str) -> History:
    """Its versions, each with the events that made it, and the editions that carry one.

    An event that changed nothing stands with the version that stood.
    """
    events: dict[int | None, list[Shape]] = {}
    for event in db.execute(statements.EVENTS, {"guid": guid}):
        shape = {"source": event.source, "id": event.event_id, "accepted_at": rfc3339(event.accepted_at)}
        events.setdefault(event.version, []).append(shape)
    rows = version_rows(db, guid)
    version_of = {row.number: row.version for row in rows}
    found = db.execute(statements.EDITIONS, {"numbers": list(version_of)}).all()
    editions = [_edition(row, version_of[row.number]) for row in found]
    carried: dict[int, list[Shape]] = {}
    for row, shape in zip(found, editions, strict=True):
        carried.setdefault(row.id, []).append(shape)
    return History(
        shapes=[version_shape(row) | {"events": events.get(row.version, [])} for row in rows],
        version_of=version_of,
        accepted_at={row.version: row.accepted_at for row in rows},
        editions=editions,
        carried=carried,
    )


def deliveries_of(db: Connection, version: Version, history: History, to: Receiver | None = None) -> list[Any]:
    """The deliveries of the article and of the editions that carry it, to the receiver *to* alone if one is given."""
    only = () if to is None else (deliveries.c.endpoint_id.in_(to),)
    rows = [*db.execute(statements.NEWS.where(*only), {"article_id": version.article_id})]
    if history.carried:
        rows += db.execute(statements.DIGESTS.where(*only), {"edition_ids": list(history.carried)})
        if again := sorted(history.carried.keys() & resent_editions(db)):
            rows += db.execute(statements.RESENDS.where(*only), {"edition_ids": again})
    return rows


def feeds_with(db: Connection, version: Version) -> list[Shape]:
    """The feeds that the article stands in."""
    return [_feed(row, version) for row in db.execute(statements.FEEDS, {"article_id": version.article_id})]


def _feed(row: Any, version: Version) -> Shape:
    state = "listed" if row.number == version.number else "being brought up to date"
    published = row.published_to >= row.number
    return {
        "name": row.name,
        "title": row.title,
        "state": "tombstone" if row.withdrawn else state,
        "published": published,
    }


def _edition(row: Any, version: int) -> Shape:
    return {
        "id": f"d{row.id}",
        "role": row.role,
        "version": version,
        "filter": parse_written(row.written),
        "window": [row.after, row.up_to],
        "cut_at": rfc3339(row.created_at),
    }


# --- who is owed nothing ---------------------------------------------------------------------------------------------


def _waiting(
    db: Connection,
    version: Version,
    deliveries: Sequence[Shape],
    to: Receiver | None,
    *,
    kept_from: int,
    tell: Telling,
) -> list[Shape]:
    """Digests that will carry it, and, for one receiver, why each of its subscriptions owes it nothing."""
    index = keyword_index(db)
    facts = facts_of(version.article, index)
    if to is None:
        if version.withdrawn:
            return []
        pairs = {"dimensions": facts.dimensions, "values": facts.values}
        matching = list(db.execute(MATCHING, pairs).scalars())
        found = db.execute(statements.OPEN_WINDOWS, {"filter_ids": matching, "number": version.number}).all()
    else:
        found = db.execute(statements.SUBSCRIPTIONS.where(subscriptions.c.endpoint_id.in_(to))).all()
    asked = reasons.Asked(
        version=version,
        facts=frozenset(zip(facts.dimensions, facts.values, strict=True)),
        first_at=db.execute(statements.FIRST_ACCEPTED, {"article_id": version.article_id}).scalar_one(),
        is_unreacted=db.execute(statements.UNREACTED, {"number": version.number}).first() is not None,
        kept_from=kept_from,
    )
    holders = _holders(deliveries, version)
    return [
        {
            "subscription": shown_subscription(row.id),
            "endpoint": shown_id(row.endpoint_id),
            "to": row.address,
            "why": reasons.of_subscription(row, asked, had=_place(row) in holders, tell=tell),
        }
        for row in _owed_nothing(found, deliveries, version)
    ]


def _owed_nothing(found: Iterable[Any], deliveries: Sequence[Shape], version: Version) -> list[Any]:
    """Those of the subscriptions *found* that no delivery of the newest version was made for."""
    newest_to = {one["endpoint"] for one in deliveries if one["version"] == version.version and "edition" not in one}
    edition_of = {one.get("subscription") for one in deliveries if one["version"] == version.version}
    return [
        row
        for row in found
        if not (row.cadence == "instant" and shown_id(row.endpoint_id) in newest_to)
        and shown_subscription(row.id) not in edition_of
    ]


def _holders(deliveries: Iterable[Shape], version: Version) -> set[str]:
    """Who is told of a newer version whatever its filter says, as the reaction and the digests decide it.

    Endpoints that have, or may have, older news; and subscriptions of whose editions one carries it.
    """
    has = {State.DELIVERED, State.SENDING}
    older = [one for one in deliveries if one["version"] < version.version]
    return {
        one["subscription"] or "" if "edition" in one else one["endpoint"]
        for one in older
        if (one["role"] == "story" if "edition" in one else one["state"] in has or one["may_have_it"])
    }


def _place(row: Any) -> str:
    """What `_holders` calls the subscription *row*."""
    return shown_id(row.endpoint_id) if row.cadence == "instant" else shown_subscription(row.id)

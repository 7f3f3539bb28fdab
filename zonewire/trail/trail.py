"""The trail itself, put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from zonewire.articles import Version, newest, rfc3339
from zonewire.articles.listing import no_article, versions_of
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.states import State
from zonewire.filters import MATCHING, facts_of, keyword_index, parse_written
from zonewire.store import SECOND
from zonewire.store.tables import subscriptions
from zonewire.subscriptions import shown_id as shown_subscription
from zonewire.trail import reasons, statements
from zonewire.trail.reasons import IN_ENGLISH, Telling
from zonewire.trail.receivers import Receiver

Shape = dict[str, Any]
DAY = 86_400 * SECOND

_BEST_FIRST = [State.DELIVERED, State.SENDING, State.RETRYING, State.PENDING, State.DEAD, State.CANCELLED]


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
    version = newest(db, guid)
    if version is None:
        raise no_article(guid)
    history = _versions(db, guid)
    accepted = {one["number"]: one for one in history}
    found = db.execute(statements.EDITIONS, {"numbers": list(accepted)}).all()
    editions = [_edition(row, accepted) for row in found]
    carried: dict[int, list[Shape]] = {}
    for row, shape in zip(found, editions, strict=True):
        carried.setdefault(row.id, []).append(shape)
    rows = [*db.execute(statements.NEWS, {"article_id": version.article_id}).all()]
    if carried:
        rows += db.execute(statements.DIGESTS, {"edition_ids": list(carried)}).all()
    rows = [row for row in rows if to is None or row.endpoint_id in to]
    deliveries = _deliveries(db, rows, accepted, carried, installation=installation, now=now, tell=tell)
    return Trail(
        guid=guid,
        title=version.article.title,
        version=version.version,
        withdrawn=version.withdrawn,
        versions=history,
        feeds=[_feed(row, version) for row in db.execute(statements.FEEDS, {"article_id": version.article_id})],
        editions=editions,
        deliveries=deliveries,
        waiting=_waiting(db, version, deliveries, to, kept_from=now - retention_days * DAY, tell=tell),
        had_older=_had_older(deliveries, version),
    )


def _versions(db: Connection, guid: str) -> list[Shape]:
    """Each version with the events that made it; an event that changed nothing stands with the version that stood."""
    events: dict[int | None, list[Shape]] = {}
    for row in db.execute(statements.EVENTS, {"guid": guid}):
        shape = {"source": row.source, "id": row.event_id, "accepted_at": rfc3339(row.accepted_at)}
        events.setdefault(row.version, []).append(shape)
    return [one | {"events": events.get(one["version"], [])} for one in versions_of(db, guid)]


def _feed(row: Any, version: Version) -> Shape:
    state = "listed" if row.number == version.number else "being brought up to date"
    published = row.published_to >= row.number
    return {
        "name": row.name,
        "title": row.title,
        "state": "tombstone" if row.withdrawn else state,
        "published": published,
    }


def _edition(row: Any, accepted: Mapping[int, Shape]) -> Shape:
    return {
        "id": f"d{row.id}",
        "role": row.role,
        "version": accepted[row.number]["version"],
        "filter": parse_written(row.written),
        "window": [row.after, row.up_to],
        "cut_at": rfc3339(row.created_at),
    }


# --- deliveries ------------------------------------------------------------------------------------------------------


def _deliveries(
    db: Connection,
    rows: Sequence[Any],
    accepted: Mapping[int, Shape],
    carried: Mapping[int, Sequence[Shape]],
    *,
    installation: int,
    now: int,
    tell: Telling,
) -> list[Shape]:
    tries: dict[int, list[Shape]] = {}
    failed = [row.id for row in rows if row.attempts or row.waits or row.state != State.DELIVERED]
    for one in db.execute(statements.ATTEMPTS, {"of_ids": failed}) if failed else ():
        shape = {"at": rfc3339(one.at), "outcome": one.outcome, "status": one.status, "error": one.error}
        tries.setdefault(one.delivery_id, []).append(shape | {"answer": one.answer, "took_ms": one.took_ms})
    made = []
    for row in rows:
        mine = tries.get(row.id, [])
        about = _about(row, accepted, carried)
        made.append(
            {
                "id": delivery_uuid(installation, row.id, row.created_at),
                "endpoint": shown_id(row.endpoint_id),
                "channel": row.channel,
                "to": row.address,
                "kind": row.kind,
                **about,
                "state": row.state,
                "why": reasons.of_delivery(row, mine[-1]["error"] if mine else "", now=now, tell=tell),
                "may_have_it": bool(row.unknowns) and row.state != State.DELIVERED,
                "created_at": rfc3339(row.created_at),
                "settled_at": None if row.settled_at is None else rfc3339(row.settled_at),
                "seconds": _seconds(row),
                "attempts": row.attempts,
                "failed_attempts": mine,
            }
        )
    return made


def _about(row: Any, accepted: Mapping[int, Shape], carried: Mapping[int, Sequence[Shape]]) -> Shape:
    """Which version a delivery is about: its own, or those that its edition carries."""
    if row.edition_id is None:
        return {"version": accepted[row.number]["version"], "event_type": row.event_type}
    inside = carried[row.edition_id]
    subscription = shown_subscription(row.subscription_id) if row.subscription_id else None
    return {
        "version": max(one["version"] for one in inside),
        "edition": inside[0]["id"],
        "role": inside[0]["role"],
        "subscription": subscription,
    }


def _seconds(row: Any) -> float | None:
    """From when it was owed until it was delivered."""
    if row.state != State.DELIVERED or row.settled_at is None:
        return None
    return round(float(row.settled_at - row.created_at) / SECOND, 3)


def _had_older(deliveries: Iterable[Shape], version: Version) -> list[Shape]:
    """Who had, or may have, a version before the newest, and whether the newest has reached them since."""
    had: dict[str, Shape] = {}
    told: dict[str, str] = {}
    for one in deliveries:
        has = one["state"] == State.DELIVERED or one["may_have_it"]
        if one["version"] == version.version:  # an endpoint may be owed it as news and in an edition: the best counts
            told[one["endpoint"]] = min(told.get(one["endpoint"], one["state"]), one["state"], key=_BEST_FIRST.index)
        elif has and one.get("role") != "withdrawal":
            older = {"endpoint": one["endpoint"], "channel": one["channel"], "to": one["to"], "version": one["version"]}
            had[one["endpoint"]] = older | {"surely": one["state"] == State.DELIVERED}
    return [one | {"newest": told.get(name, "not yet owed")} for name, one in had.items()]


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

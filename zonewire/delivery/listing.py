"""Looking at the ledger: deliveries listed, shown, and found by name or as dead letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, select

from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_key, delivery_uuid
from zonewire.delivery.states import Kind, State
from zonewire.errors import NotFound
from zonewire.store import many, values_of
from zonewire.store.tables import articles, attempts, deliveries, endpoints, versions, wechat_drafts

LAST_ERROR = (
    select(attempts.c.error)
    .where(attempts.c.delivery_id == deliveries.c.id)
    .order_by(attempts.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_LISTED = (
    select(
        deliveries,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.state.label("endpoint_state"),
        endpoints.c.reason.label("why_disabled"),
        articles.c.guid,
        LAST_ERROR.label("last_error"),
    )
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .join(articles, articles.c.id == deliveries.c.article_id, isouter=True)
)
_ATTEMPTS = select(attempts).where(attempts.c.delivery_id.in_(values_of(many("of_ids")))).order_by(attempts.c.id)


_DRAFT = select(wechat_drafts).where(wechat_drafts.c.delivery_id == bindparam("of_delivery"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries to list."""

    state: str | None = None
    channel: str | None = None
    since: int | None = None  # made at or after, microseconds
    endpoint_id: int | None = None
    limit: int | None = None


def list_deliveries(db: Connection, wanted: Wanted, *, installation: int) -> list[dict[str, Any]]:
    """The newest first, in the shape of `deliveries list --json` (rules.md)."""
    found = _LISTED.where(*_conditions(wanted)).order_by(deliveries.c.id.desc())
    if wanted.limit is not None:
        found = found.limit(wanted.limit)
    return [_as_json(row, installation) for row in db.execute(found)]


def row_of(db: Connection, name: str, *, installation: int) -> Row[Any]:
    """The row of one delivery, with its endpoint's channel, address and state, and its article's guid.

    Raises NotFound.
    """
    row = db.execute(_LISTED.where(deliveries.c.id == delivery_key(installation, name))).first()
    if row is None:
        raise NotFound(
            f"no delivery {name}", mend="It may have been pruned; `zonewire deliveries list` prints the rest."
        )
    return row


def tries_of(db: Connection, key: int) -> Sequence[Row[Any]]:
    """The tries of a delivery that failed, the first first."""
    return db.execute(_ATTEMPTS, {"of_ids": [key]}).all()


def title_of(db: Connection, row: Row[Any]) -> str:
    """The title of the article that a delivery is about, in the version that it carries; "" where it is about none."""
    if row.number is None:
        return ""
    return str(db.execute(select(versions.c.title).where(versions.c.number == row.number)).scalar() or "")


def show_delivery(db: Connection, name: str, *, installation: int) -> dict[str, Any]:
    """One delivery with its failed attempts. Raises NotFound."""
    row = row_of(db, name, installation=installation)
    tries = [
        {
            "at": rfc3339(a.at),
            "took_ms": a.took_ms,
            "outcome": a.outcome,
            "status": a.status,
            "error": a.error,
            "head": (a.headers or "").splitlines(),
            "answer": a.answer,
        }
        for a in tries_of(db, row.id)
    ]
    return _as_json(row, installation) | {
        "kind": row.kind,
        "lane": row.lane,
        "created_at": rfc3339(row.created_at),
        "settled_at": None if row.settled_at is None else rfc3339(row.settled_at),
        "event_type": row.event_type,
        "sequence": row.sequence,
        "reason": row.reason,
        "draft": _draft(db, row.id),
        "failed_attempts": tries,
    }


def _draft(db: Connection, key: int) -> dict[str, Any] | None:
    """What a delivery made in an Official Account's box, and what became of it."""
    row = db.execute(_DRAFT, {"of_delivery": key}).one_or_none()
    if row is None:
        return None
    return {
        "media_id": row.media_id,
        "state": row.state,
        "since": rfc3339(row.state_at),
        "detail": row.detail,
        "addresses": orjson.loads(row.addresses) if row.addresses else [],
    }


def keys_of(db: Connection, names: Sequence[str], *, installation: int) -> list[int]:
    """The keys of deliveries by their names, each once. Raises NotFound for the first that is not there."""
    named = {delivery_key(installation, name): name for name in names}
    keys = list(named)
    there = set(
        db.execute(select(deliveries.c.id).where(deliveries.c.id.in_(values_of(many("of_ids")))), {"of_ids": keys})
        .scalars()
        .all()
    )
    for key, name in named.items():
        if key not in there:
            raise NotFound(
                f"no delivery {name}", mend="It may have been pruned; `zonewire deliveries list` prints the rest."
            )
    return keys


def dead_keys(db: Connection, wanted: Wanted) -> list[int]:
    """Every dead letter that *wanted* asks for, oldest first."""
    found = select(deliveries.c.id).where(*_conditions(wanted), deliveries.c.state == State.DEAD)
    return list(db.execute(found.order_by(deliveries.c.id)).scalars())


def _conditions(wanted: Wanted) -> list[Any]:
    return [
        condition
        for value, condition in (
            (wanted.state, deliveries.c.state == wanted.state),
            (wanted.channel, endpoints.c.channel == wanted.channel),
            (wanted.since, deliveries.c.created_at >= (wanted.since or 0)),
            (wanted.endpoint_id, deliveries.c.endpoint_id == wanted.endpoint_id),
        )
        if value is not None
    ]


def _as_json(row: Row[Any], installation: int) -> dict[str, Any]:
    about: Mapping[str, Any]
    if row.article_id is not None:
        about = {"article": row.guid}
    elif row.kind in {Kind.NOTICE, Kind.DENIAL}:
        about = {"hub": f"h{row.subscription_id}"}
    else:
        about = {"edition": f"d{row.edition_id}" if row.edition_id else None}
    return {
        "id": delivery_uuid(installation, row.id, row.created_at),
        "state": row.state,
        "channel": row.channel,
        "endpoint": shown_id(row.endpoint_id),
        "to": row.address,
        **about,
        "attempts": row.attempts,
        "due_at": None if row.due_at is None else rfc3339(row.due_at),
        "last_error": row.last_error or row.reason,
    }

"""How far articles got, at one look: the feeds that have them, and the deliveries of each by how they stand.

Every delivery of an article is looked at, by its index; so only some of them are, and only for a moment. Digests, which
carry many articles, are not counted here.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select

from zonewire.delivery.states import ARTICLE_KINDS, State
from zonewire.store import many, values_of
from zonewire.store.tables import deliveries, feed_entries, feeds, outbox

LOOKS_FOR_S = 0.12
MOST = 100_000
"""An article with more deliveries is not counted beside others."""

_KINDS = literal_column("deliveries.kind").in_([literal_column(f"'{kind}'") for kind in ARTICLE_KINDS])
_OWED = select(deliveries.c.id).where(_KINDS, deliveries.c.article_id == bindparam("article_id"))
# How many there are, up to a bound: by the unique key of an article's deliveries, alone.
_SIZE = select(func.count()).select_from(_OWED.limit(MOST + 1).subquery())
IS_HELD = deliveries.c.due_at.is_(None) & deliveries.c.state.in_([State.PENDING, State.RETRYING])
# By the same key, and each row.
_BY_STATE = (
    select(deliveries.c.state, IS_HELD.label("held"), func.count().label("n"))
    .where(_KINDS, deliveries.c.article_id == bindparam("article_id"))
    .group_by(deliveries.c.state, IS_HELD)
)
# By the index on the article.
_FEEDS = (
    select(
        feed_entries.c.article_id,
        func.count().label("n"),
        func.count().filter(feeds.c.published_to >= feed_entries.c.number).label("published"),
    )
    .join(feeds, feeds.c.id == feed_entries.c.feed_id)
    .where(feed_entries.c.article_id.in_(values_of(many("article_ids"))))
    .group_by(feed_entries.c.article_id)
)
# The outbox is as short as the lane is in time.
_UNREACTED = select(outbox.c.number).where(outbox.c.number.in_(values_of(many("numbers"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far one article got."""

    feeds: int = 0  # that it stands in
    published: int = 0  # of these, whose documents have its newest version
    is_unreacted: bool = False  # feeds and deliveries are still to come
    counted: Mapping[str, int] | None = None  # deliveries: delivered, waiting, dead, held, cancelled; None: too many


def reach_of(db: Connection, newest: Mapping[int, int], *, looks_for_s: float = LOOKS_FOR_S) -> dict[int, Reach]:
    """How far each article got: by its key in *newest*, which has the acceptance number of its newest version."""
    in_feeds = {row.article_id: row for row in db.execute(_FEEDS, {"article_ids": list(newest)})}
    unreacted = set(db.execute(_UNREACTED, {"numbers": list(newest.values())}).scalars())
    counted = _counted(db, newest, looks_for_s)
    return {
        key: Reach(
            feeds=in_feeds[key].n if key in in_feeds else 0,
            published=in_feeds[key].published if key in in_feeds else 0,
            is_unreacted=number in unreacted,
            counted=counted.get(key),
        )
        for key, number in newest.items()
    }


def _counted(db: Connection, keys: Iterable[int], looks_for_s: float) -> dict[int, dict[str, int]]:
    """The deliveries of as many of the articles as there is time for."""
    deadline = time.monotonic() + looks_for_s
    found: dict[int, dict[str, int]] = {}
    for key in keys:
        if time.monotonic() > deadline:
            break
        if db.execute(_SIZE, {"article_id": key}).scalar_one() <= MOST:
            found[key] = summed(db.execute(_BY_STATE, {"article_id": key}))
    return found


def summed(rows: Iterable[Any]) -> dict[str, int]:
    """Rows of state, held and n as a page says them: what is owed is either held, or waits."""
    found = dict.fromkeys(("delivered", "waiting", "dead", "held", "cancelled"), 0)
    for row in rows:
        settled = row.state in {State.DELIVERED, State.DEAD, State.CANCELLED}
        found["held" if row.held else row.state if settled else "waiting"] += row.n
    return found

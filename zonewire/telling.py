"""What the log tells of a turn's tries: each with the event that it goes back to, so that one id leads through them.

Delivered tries have a line at level debug only, and then cost a read a turn; without it, a turn in which nothing failed
reads nothing here.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from zonewire import tracing
from zonewire.articles.origins import Origin, event_ids, origins_of, stories_of
from zonewire.channels.verdicts import answer_of
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.ledger import Batch, Claimed, Settlement, Tally
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.states import Kind
from zonewire.errors import ZonewireError
from zonewire.store import Store, many, values_of
from zonewire.store.tables import feed_entries, hub_subscriptions
from zonewire.telemetry import masked, told_of
from zonewire.tracing import Place

log = structlog.get_logger()

FAILURES_TOLD = 20
"""Of a turn's failed tries, so many have a line in the log, and of its dead letters."""
TRIES_TRACED = 20
"""Of a turn's tries, so many have a span: a trace of twenty thousand would show nobody anything."""
ORIGINS_KEPT = 2_048

# The feeds of some subscriptions at the hub, each with the version that it has taken in last. By primary key, and the
# index on feed and number.
_NEWEST = select(func.max(feed_entries.c.number)).where(feed_entries.c.feed_id == hub_subscriptions.c.feed_id)
_TOPICS = select(hub_subscriptions.c.id, hub_subscriptions.c.feed, _NEWEST.scalar_subquery().label("number")).where(
    hub_subscriptions.c.id.in_(values_of(many("of_ids")))
)


def _trace_of(row: Claimed) -> Place | None:
    """The trace that a try of *row* belongs to: that of its article, or of its edition."""
    if row.number is not None:
        return tracing.of_article(row.number)
    return None if row.edition_id is None else tracing.of_edition(row.edition_id)


class Telling:
    """One lane's tries in one process."""

    def __init__(self, store: Store, *, lane: str, installation: int) -> None:
        self._store, self._lane, self._installation = store, lane, installation
        self._origins: dict[int, Origin] = {}
        self._stories: dict[int, list[int]] = {}  # by edition
        self._topics: dict[int, tuple[str, int | None]] = {}  # by subscription at the hub; of this turn alone

    def tell(self, settlements: Sequence[Settlement], dead: Mapping[int, str]) -> None:
        """A line for each try that failed, up to FAILURES_TOLD; for each dead letter; and at debug for all others.

        *dead* are the rows that were buried, and why.
        """
        failed = [s for s in settlements if not isinstance(s.outcome, Delivered)]
        told = failed[:FAILURES_TOLD]
        drafts = [s for s in settlements if s.row.channel == "wechat_oa"] if self._lane == "push.robot" else []
        all_of_them = log.is_enabled_for(logging.DEBUG)
        if not told and not drafts and not all_of_them:
            return
        self._read(s.row for s in (settlements if all_of_them else (*told, *drafts)))
        if all_of_them:
            self._tell_delivered(settlements)
        for s in told:
            self._tell_failed(s, dead)
        for s in drafts:
            self._tell_draft(s)
        if len(failed) > FAILURES_TOLD:
            log.info("attempts.failed", lane=self._lane, more=len(failed) - FAILURES_TOLD)

    def trace(self, settlements: Sequence[Settlement], tally: Tally, batch: Batch, *, begun: int) -> None:
        """A span for the turn, and for the first tries that it has settled: those that failed before the others."""
        rows = (*(s.row for s in settlements), *batch.rows)
        about: dict[str, tracing.Value | None] = {
            "lane": self._lane,
            "claimed": len(batch.rows),
            "delivered": tally.delivered,
        }
        about |= {"retried": tally.retried, "buried": tally.buried}
        carried = list(dict.fromkeys(filter(None, map(_trace_of, rows))))[: tracing.MOST_LINKS]
        turn = tracing.tell("push.turn", begun or tracing.moment(), about, links=carried)
        tried = sorted(settlements, key=lambda s: isinstance(s.outcome, Delivered))[:TRIES_TRACED]
        for s in tried:
            self._trace_try(s, turn)

    def _trace_try(self, s: Settlement, turn: Place) -> None:
        error = told_of(s.row.channel, getattr(s.outcome, "error", ""))
        about: dict[str, tracing.Value | None] = {
            "channel": s.row.channel,
            "delivery_id": delivery_uuid(self._installation, s.row.id, s.row.created_at),
            "endpoint_id": shown_id(s.row.endpoint_id),
            "outcome": type(s.outcome).__name__.lower(),
            "status": getattr(s.outcome, "status", 0) or None,
            "try": s.row.attempts + 1,
        }
        begun = tracing.moment() - s.took_ms * 1_000_000
        tracing.tell("attempt", begun, about, parent=_trace_of(s.row) or turn, links=[turn], error=error)

    def tell_unbuildable(self, row: Claimed, error: Exception) -> None:
        """A row that no request can be made of."""
        self._read([row])
        ours = isinstance(error, ZonewireError)  # then its words say it all, and it names whom it is about
        why = {"error": masked(str(error))} if ours else {"exc_info": error}
        log.error("delivery.unbuildable", **self._about(row), channel=row.channel, **why)

    def _tell_delivered(self, settlements: Iterable[Settlement]) -> None:
        for s in settlements:
            if isinstance(s.outcome, Delivered):
                log.debug("attempt.delivered", **self._about(s.row), status=s.outcome.status, took_ms=s.took_ms)

    def _tell_failed(self, s: Settlement, dead: Mapping[int, str]) -> None:
        outcome, error = type(s.outcome).__name__.lower(), told_of(s.row.channel, getattr(s.outcome, "error", ""))
        log.info("attempt.failed", **self._about(s.row), outcome=outcome, error=error)
        if s.row.id in dead:
            reason = told_of(s.row.channel, dead[s.row.id])
            log.warning("delivery.buried", **self._about(s.row), channel=s.row.channel, reason=reason)

    def _tell_draft(self, s: Settlement) -> None:
        """What was done about a draft: seldom enough for a line each."""
        if isinstance(s.outcome, Delivered):
            log.info("draft.changed", **self._about(s.row), act=answer_of(s.note.encode()).get("act"))

    def _about(self, row: Claimed) -> dict[str, Any]:
        """Which delivery, to whom, and which event or events it goes back to."""
        ident = delivery_uuid(self._installation, row.id, row.created_at)
        about: dict[str, Any] = {"lane": self._lane, "delivery_id": ident, "endpoint_id": shown_id(row.endpoint_id)}
        if row.number is not None:
            return about | self._of_version(row.number)
        if row.edition_id is not None:
            events = event_ids(self._origins, self._stories.get(row.edition_id, ()))
            return about | {"edition_id": f"d{row.edition_id}", "event_ids": events}
        if row.kind == Kind.NOTICE and (topic := self._topics.get(row.subscription_id or 0)):
            feed, newest = topic
            return about | {"feed": feed} | self._of_version(newest)
        return about | {"kind": row.kind}

    def _of_version(self, number: int | None) -> dict[str, str]:
        origin = self._origins.get(number or 0)
        return origin.told if origin else {}

    def _read(self, rows: Iterable[Claimed]) -> None:
        """What the lines about *rows* will name; a database that has gone away since costs them that alone."""
        some = list(rows)
        if len(self._origins) + len(self._stories) > ORIGINS_KEPT:
            self._origins.clear()
            self._stories.clear()
        numbers = {row.number for row in some if row.number is not None} - self._origins.keys()
        editions = {row.edition_id for row in some if row.edition_id is not None} - self._stories.keys()
        topics = {row.subscription_id for row in some if row.kind == Kind.NOTICE and row.subscription_id is not None}
        self._topics.clear()
        if numbers or editions or topics:
            with suppress(ZonewireError), self._store.reading() as db:
                self._read_more(db, numbers, editions, topics)

    def _read_more(self, db: Connection, numbers: set[int], editions: set[int], topics: set[int]) -> None:
        if topics:
            found = db.execute(_TOPICS, {"of_ids": sorted(topics)})
            self._topics.update({row.id: (row.feed, row.number) for row in found})
        self._stories |= stories_of(db, editions)
        numbers |= {number for edition in editions for number in self._stories.get(edition, ())}
        numbers |= {number for _, number in self._topics.values() if number is not None}
        self._origins |= origins_of(db, numbers - self._origins.keys())

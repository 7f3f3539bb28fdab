"""How fast an endpoint may be sent to: sliding windows over all workers, and rests that its platform asked for.

Kept in the database, beside the ledger: a claim looks here in its own transaction, so that no two workers spend the
same place, and an emptied Redis lets nobody run into a mute of ten minutes. A request counts from the moment at which
its answer came, which is never before the platform counted it; while it is out it counts as made in the future.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from zonewire.store import SECOND, Spelled, as_ids, as_rows, read_rows

OUT_FOR = 20 * SECOND
"""A request that nobody has settled by then is out no more: its worker died."""


class Rate(NamedTuple):
    """At most so many requests in any so many seconds."""

    most: int
    per_s: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a channel's platform lets one endpoint have."""

    rates: tuple[Rate, ...] = ()
    merged: int = 1  # so many deliveries may share one request
    sorts: bool = True  # news and changes of it are different messages; else all alike, and the newest goes first
    singles: int = 3  # so few have a request each; more are merged


@dataclass(slots=True)
class Pace:
    """What is known of one endpoint's requests."""

    endpoint_id: int
    channel: str
    own_rate: int | None = None  # requests a minute; instead of its channel's
    sent: list[int] = field(default_factory=list)  # moments, rising
    not_before: int = 0

    def rates(self, terms: Terms) -> tuple[Rate, ...]:
        """Those that hold for it."""
        return terms.rates if self.own_rate is None else (Rate(self.own_rate, 60), *terms.rates[1:])

    def free(self, terms: Terms, now: int) -> int:
        """How many more requests may begin now; 0 while one is out, so that messages come in their order."""
        if now < self.not_before or self.is_out(now):
            return 0
        room = [rate.most - self._within(rate, now) for rate in self.rates(terms)]
        return max(0, min(room, default=1_000_000))

    @property
    def last_sent(self) -> int:
        """When its last request was, or will have been, made; 0 where there was none."""
        return self.sent[-1] if self.sent else 0

    def is_out(self, now: int) -> bool:
        """Whether a request of it is under way. A mark from long after now is of a clock that was set back."""
        return now < self.last_sent <= now + OUT_FOR

    def free_at(self, terms: Terms, now: int) -> int:
        """When the next request may begin, at the latest."""
        full = [rate for rate in self.rates(terms) if self._within(rate, now) >= rate.most]
        out_until = self.sent[-1] if self.is_out(now) else 0
        return max(now, self.not_before, out_until, *(self.sent[-rate.most] + rate.per_s * SECOND + 1 for rate in full))

    def reserve(self, terms: Terms, now: int) -> int:
        """Count a request that begins now; the mark to settle it by."""
        mark = max(now + OUT_FOR, self.sent[-1] + 1 if self.sent else 0)
        longest = max((rate.per_s for rate in self.rates(terms)), default=0)
        self.sent = [moment for moment in self.sent if moment > now - longest * SECOND] + [mark]
        return mark

    def _within(self, rate: Rate, now: int) -> int:
        return sum(1 for moment in self.sent if now - rate.per_s * SECOND < moment <= now + OUT_FOR)


class Ended(NamedTuple):
    """A request that is over."""

    endpoint_id: int
    mark: int
    was_sent: bool
    rests_s: int = 0  # the platform asked for a rest


# Endpoints that no request has gone to yet.
_ADD = Spelled("INSERT INTO paces (endpoint_id) SELECT r.id FROM {ids} AS r WHERE true ON CONFLICT DO NOTHING")

_READ = """
    SELECT {collect}({array}(p.endpoint_id, p.channel, p.per_minute, p.sent, p.not_before)) FROM (
        SELECT p.endpoint_id, e.channel, e.per_minute, p.sent, p.not_before
        FROM paces p JOIN endpoints e ON e.id = p.endpoint_id WHERE p.endpoint_id IN {ids}
        ORDER BY p.endpoint_id {lock}) AS p
"""
# By primary key. A claim passes over those that another worker claims from, or settles, right now: their turn comes.
_TO_SETTLE = Spelled(_READ, sqlite={"lock": ""}, postgresql={"lock": "FOR UPDATE OF p"})
_TO_CLAIM = Spelled(_READ, sqlite={"lock": ""}, postgresql={"lock": "FOR UPDATE OF p SKIP LOCKED"})
_WRITE = Spelled(
    """
    UPDATE paces SET sent = r.sent, not_before = r.not_before FROM {rows} AS r
    WHERE paces.endpoint_id = r.endpoint_id
    """,
    columns=("endpoint_id bigint", "sent text", "not_before bigint"),
)


def to_claim(db: Connection, endpoint_ids: Iterable[int]) -> dict[int, Pace]:
    """The paces of *endpoint_ids*, for this transaction alone to change; without those that another one holds."""
    ids = as_ids(sorted(set(endpoint_ids)))
    db.execute(_ADD.on(db), {"ids": ids})
    return _read(db, _TO_CLAIM, ids)


def settle(db: Connection, ended: Sequence[Ended], *, now: int) -> None:
    """Count requests that are over as made *now*; those that were never sent, not at all."""
    if not ended:
        return
    paces = _read(db, _TO_SETTLE, as_ids(sorted({one.endpoint_id for one in ended})))
    for one in ended:
        if pace := paces.get(one.endpoint_id):
            kept = [moment for moment in pace.sent if moment != one.mark]
            pace.sent = sorted([*kept, now] if one.was_sent else kept)
            pace.not_before = max(pace.not_before, now + one.rests_s * SECOND if one.rests_s else 0)
    write(db, paces)


def write(db: Connection, paces: Mapping[int, Pace]) -> None:
    """Keep *paces* as they are now."""
    rows = [(key, orjson.dumps(pace.sent).decode(), pace.not_before or None) for key, pace in sorted(paces.items())]
    if rows:
        db.execute(_WRITE.on(db), {"rows": as_rows(rows)})


def _read(db: Connection, statement: Spelled, ids: str) -> dict[int, Pace]:
    return {row[0]: _pace(*row) for row in read_rows(db, statement.on(db), {"ids": ids})}


def _pace(endpoint_id: int, channel: str, own_rate: int | None, sent: Any, not_before: int | None) -> Pace:
    return Pace(endpoint_id, channel, own_rate, orjson.loads(sent), not_before or 0)

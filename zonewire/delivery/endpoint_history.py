"""How an endpoint has fared: trouble by the hour, and what its newest deliveries say of success, time and errors.

All of it in a bounded time, however much it was sent: so many of its newest deliveries are looked at, and where it
holds some, so many of those before them, and of the oldest held, whose tries say why.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, select

from zonewire.delivery.lanes import lane_of
from zonewire.delivery.states import State
from zonewire.store import SECOND, many, values_of
from zonewire.store.tables import attempts, deliveries, endpoint_hours, endpoints, hosts

DAYS = 7
HOURS = 24 * DAYS
HOUR = 3600 * SECOND
NEWEST, OLDEST_HELD = 500, 100
TRIES = 2_000
"""Failed tries that are looked at for what they died of."""
KINDS = 6
ANSWERS = 5
MANY = 1_000

_ENDPOINT = (
    select(endpoints, hosts.c.name.label("host"))
    .join(hosts, hosts.c.id == endpoints.c.host_id)
    .where(endpoints.c.id == bindparam("of_endpoint"))
)
_HOURS = (
    select(endpoint_hours)
    .where(endpoint_hours.c.endpoint_id == bindparam("of_endpoint"), endpoint_hours.c.hour >= bindparam("since_hour"))
    .order_by(endpoint_hours.c.hour)
)
_OF_ENDPOINT = (
    select(
        deliveries.c.id,
        deliveries.c.created_at,
        deliveries.c.state,
        deliveries.c.settled_at,
        deliveries.c.attempts,
        deliveries.c.waits,
    )
    .where(deliveries.c.endpoint_id == bindparam("of_endpoint"))
    .limit(bindparam("most"))
)
# By the index on the endpoint, backwards.
_NEWEST = _OF_ENDPOINT.order_by(deliveries.c.id.desc())
_BEFORE = _NEWEST.where(deliveries.c.id < bindparam("before_id"))
_IS_HELD = (
    literal_column("deliveries.due_at").is_(None),
    literal_column("deliveries.state").in_([literal_column("'pending'"), literal_column("'retrying'")]),
)
_HELD = _OF_ENDPOINT.where(*_IS_HELD).order_by(deliveries.c.id)
_FAILED = (
    select(attempts, deliveries.c.created_at)
    .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    .where(attempts.c.delivery_id.in_(values_of(many("of_ids"))))
    .order_by(attempts.c.id.desc())
    .limit(TRIES)
)


@dataclass(frozen=True, slots=True)
class Hour:
    """Trouble of one hour; hours without any have none of these rows, and are made up here."""

    began_at: int
    failed: int = 0
    slow: int = 0
    longest_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What the newest settled deliveries say; times are in seconds, from owed to delivered."""

    delivered: int
    dead: int
    at_once: int  # delivered by the first try
    median_s: float
    nearly_all_s: float  # 19 of 20 took no longer
    since: int | None  # when the oldest of them was made

    @property
    def settled(self) -> int:
        """How many there were."""
        return self.delivered + self.dead

    @property
    def success(self) -> float:
        """The part that was delivered, of 1."""
        return self.delivered / self.settled if self.settled else 1.0


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """What so many of the failed tries ended with."""

    error: str
    n: int
    last_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of it."""

    hours: Sequence[Hour]  # HOURS of them, the oldest first
    lately: Lately
    errors: Sequence[ErrorKind]  # the most frequent first
    answers: Sequence[Row[Any]]  # the last failed tries, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What an endpoint has waiting, held and buried; counted up to one more than MANY."""

    due: int
    held: int
    dead: int


def row_of(db: Connection, endpoint_id: int) -> Row[Any]:
    """The endpoint itself, which is there, and its host."""
    return db.execute(_ENDPOINT, {"of_endpoint": endpoint_id}).one()


def owed(db: Connection, row: Row[Any]) -> Owed:
    """What is open and dead for the endpoint *row*, each by its partial index."""
    ready = (
        deliveries.c.lane == lane_of(row.channel).value,
        literal_column("deliveries.ready") == literal_column("1"),
        deliveries.c.host_id == row.host_id,
    )
    dead = literal_column("deliveries.state") == literal_column("'dead'")
    return Owed(due=_n(db, row.id, *ready), held=_n(db, row.id, *_IS_HELD), dead=_n(db, row.id, dead))


def _n(db: Connection, endpoint_id: int, *conditions: Any) -> int:
    some: Select[Any] = select(deliveries.c.id).where(*conditions, deliveries.c.endpoint_id == endpoint_id)
    return int(db.execute(select(func.count()).select_from(some.limit(MANY + 1).subquery())).scalar_one())


def history(db: Connection, endpoint_id: int, *, now: int) -> History:
    """How the endpoint has fared until *now*."""
    sample = _sample(db, endpoint_id)
    tried = [row.id for row in sample if row.attempts + row.waits > (row.state == State.DELIVERED)]
    failed = db.execute(_FAILED, {"of_ids": tried}).all() if tried else []
    return History(
        hours=_hours(db, endpoint_id, now // HOUR),
        lately=_lately(sample),
        errors=_kinds(failed),
        answers=failed[:ANSWERS],
    )


def _sample(db: Connection, endpoint_id: int) -> list[Row[Any]]:
    of = {"of_endpoint": endpoint_id}
    held = db.execute(_HELD, of | {"most": OLDEST_HELD}).all()
    found = [*held, *db.execute(_NEWEST, of | {"most": NEWEST})]
    if held:
        found += db.execute(_BEFORE, of | {"before_id": held[0].id, "most": NEWEST})
    return sorted(set(found), key=lambda row: int(row.id), reverse=True)


def _hours(db: Connection, endpoint_id: int, this_hour: int) -> list[Hour]:
    first = this_hour - HOURS + 1
    found = {row.hour: row for row in db.execute(_HOURS, {"of_endpoint": endpoint_id, "since_hour": first})}
    return [
        Hour(hour * HOUR, row.failed, row.slow, row.longest_ms) if (row := found.get(hour)) else Hour(hour * HOUR)
        for hour in range(first, this_hour + 1)
    ]


def _lately(sample: Sequence[Row[Any]]) -> Lately:
    settled = [row for row in sample if row.state in (State.DELIVERED, State.DEAD)][:NEWEST]
    took = sorted(row.settled_at - row.created_at for row in settled if row.state == State.DELIVERED)
    return Lately(
        delivered=len(took),
        dead=len(settled) - len(took),
        at_once=sum(row.state == State.DELIVERED and row.attempts == 1 and not row.waits for row in settled),
        median_s=_quantile(took, 0.5) / SECOND,
        nearly_all_s=_quantile(took, 0.95) / SECOND,
        since=min((row.created_at for row in settled), default=None),
    )


def _quantile(values: Sequence[int], part: float) -> int:
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0


def _kinds(failed: Sequence[Row[Any]]) -> list[ErrorKind]:
    n = Counter(row.error for row in failed)
    last: dict[str, int] = {}
    for row in failed:
        last.setdefault(row.error, row.at)
    return [ErrorKind(error, times, last[error]) for error, times in n.most_common(KINDS)]

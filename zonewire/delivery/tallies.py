"""Tallies: how often something happened, ever and by the minute, added by the very transactions in which it happens.

`/metrics`, the console's charts and the alarms read them, so every process says the same and a restart loses nothing.
On PostgreSQL each connection adds to a shard of its own, as with the counts (counts.py). What is charted is kept by the
minute for a day and by the hour for 40 days; upkeep rolls it up.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_

from zonewire.store import SECOND, Spelled, as_rows, insert, is_postgresql
from zonewire.store.tables import tallies

SHARDS = 32

LANE_IN, LANE_OUT = "lane_in", "lane_out"  # label: the lane; what came to be owed or due, and what is done with
DEAD = "dead"  # the lane; deliveries that became dead letters
TRIES = "tries"  # "channel outcome"
DELIVERY_S, ATTEMPT_S = "delivery_s", "attempt_s"  # "channel le": histograms, see histograms.py
ARTICLE_S = "article_s"  # "le"
EVENTS = "events"  # the result
EDITIONS, DIGESTS = "editions", "digests"  # ""
FEED_REQUESTS = "feed_requests"  # "format status"
TASK_FAILURES = "task_failures"  # the lane
WRITES = "writes"  # "n": the watch's small writes; "us": how long they took together

CHARTED = frozenset({LANE_IN, LANE_OUT, DEAD, TRIES, EVENTS, FEED_REQUESTS, WRITES})
"""Kept by the minute as well."""

MINUTE = 60 * SECOND
AN_HOUR = 60
MINUTES_FOR, HOURS_FOR = 25 * AN_HOUR, 40 * 24 * AN_HOUR
"""In minutes: so long each minute stands alone, and each hour."""

Span = Literal["m", "h"]
Changes = Counter[tuple[str, str]]
"""How much each tally grows, by its name and label."""

# One row for each tally and span; the minute is the database's own, unless it is told.
_ADD = Spelled(
    """
    INSERT INTO tallies (span, at, name, label, shard, n)
    SELECT r.span, CASE r.span WHEN 'all' THEN 0 ELSE {minute} END, r.name, r.label, {shard}, r.n
    FROM {rows} AS r WHERE true {in_order}
    ON CONFLICT (span, at, name, label, shard) DO UPDATE SET n = tallies.n + excluded.n
    """,
    columns=("span text", "name text", "label text", "n bigint"),
    sqlite={"minute": ":minute", "shard": "0", "in_order": ""},
    postgresql={
        "minute": "COALESCE(CAST(:minute AS bigint), floor(extract(epoch FROM clock_timestamp()) / 60)::bigint)",
        "shard": f"pg_backend_pid() % {SHARDS}",
        "in_order": "ORDER BY r.span, r.name, r.label",  # no two transactions lock them crosswise
    },
)

_KEY = (tallies.c.span, tallies.c.at, tallies.c.name, tallies.c.label, tallies.c.shard)
_OF_SPAN = tallies.c.span == bindparam("of_span")
_N = func.sum(tallies.c.n)

# By the primary key, each of them: span, then time.
_TOTALS = (
    select(tallies.c.name, tallies.c.label, _N)
    .where(tallies.c.span == "all", tallies.c.at == 0)
    .group_by(tallies.c.name, tallies.c.label)
)
_SERIES = (
    select(tallies.c.label, tallies.c.at, _N)
    .where(
        _OF_SPAN,
        tallies.c.at >= bindparam("since"),
        tallies.c.at < bindparam("up_to"),
        tallies.c.name == bindparam("of_name"),
    )
    .group_by(tallies.c.label, tallies.c.at)
)
_SUMS = (
    select(tallies.c.label, _N)
    .where(_OF_SPAN, tallies.c.at >= bindparam("since"), tallies.c.name == bindparam("of_name"))
    .group_by(tallies.c.label)
)
_TAKE_OLD = (
    delete(tallies)
    .where(
        tuple_(*_KEY).in_(
            select(*_KEY).where(_OF_SPAN, tallies.c.at < bindparam("before")).order_by(*_KEY).limit(bindparam("most"))
        )
    )
    .returning(tallies.c.at, tallies.c.name, tallies.c.label, tallies.c.n)
)
_TO_HOURS = insert(tallies)
_TO_HOURS = _TO_HOURS.on_conflict_do_update(index_elements=[*_KEY], set_={"n": tallies.c.n + _TO_HOURS.excluded.n})


def add(db: Connection, changes: Mapping[tuple[str, str], int], *, now: int | None = None) -> None:
    """Add *changes*; as `counts.record`, which does it with its own: once, last in a transaction."""
    rows = [("all", name, label, n) for (name, label), n in changes.items() if n]
    if not rows:
        return
    rows += [("m", name, label, n) for _, name, label, n in rows if name in CHARTED]
    if now is None and not is_postgresql(db):
        now = time.time_ns() // 1000
    db.execute(_ADD.on(db), {"rows": as_rows(rows), "minute": None if now is None else now // MINUTE})


def totals(db: Connection) -> dict[tuple[str, str], int]:
    """Every tally since the beginning, by name and label."""
    return {(name, label): int(n) for name, label, n in db.execute(_TOTALS)}


def sums(db: Connection, name: str, *, since: int) -> dict[str, int]:
    """By label, how often *name* happened since a minute of the last day."""
    return {label: int(n) for label, n in db.execute(_SUMS, {"of_span": "m", "of_name": name, "since": since})}


def series(db: Connection, name: str, *, span: Span = "m", since: int, up_to: int) -> dict[str, dict[int, int]]:
    """By label, how often *name* happened in each minute or hour; one in which it never did is missing.

    All times are minutes since 1970, *up_to* is not in it. Hours have their first minute; the last of them, which stand
    as minutes still, are put together here.
    """
    of: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in ("h", "m") if span == "h" else ("m",):
        wanted = {"of_span": part, "of_name": name, "since": since, "up_to": up_to}
        for label, at, n in db.execute(_SERIES, wanted):
            of[label][at - at % AN_HOUR if span == "h" else at] += int(n)
    return {label: dict(sorted(by_time.items())) for label, by_time in of.items()}


def roll_up(db: Connection, most: int, now: int) -> int:
    """Make hours of up to *most* rows of minutes that are a day old, and drop hours after 40 days; rows touched."""
    minute = now // MINUTE
    old = db.execute(_TAKE_OLD, {"of_span": "m", "before": minute - MINUTES_FOR, "most": most}).all()
    hours: Counter[tuple[int, str, str]] = Counter()
    for at, name, label, n in old:
        hours[at - at % AN_HOUR, name, label] += n
    if hours:
        common = {"span": "h", "shard": 0}
        rows = [{**common, "at": at, "name": name, "label": label, "n": n} for (at, name, label), n in hours.items()]
        db.execute(_TO_HOURS, sorted(rows, key=lambda row: (row["at"], row["name"], row["label"])))
    gone = db.execute(_TAKE_OLD, {"of_span": "h", "before": minute - HOURS_FOR, "most": most}).all()
    return max(len(old), len(gone))

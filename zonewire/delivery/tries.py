"""What tries come to, in sum: how many ended how, how long they took, and where there was trouble.

Part of the transaction that settles them. Each try whose outcome came back counts, also one whose lease ran out before.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, select, tuple_

from zonewire.delivery import histograms
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.states import INTENT_KINDS
from zonewire.delivery.tallies import ATTEMPT_S, DELIVERY_S, TRIES, Changes
from zonewire.store import SECOND, Spelled, as_rows
from zonewire.store.tables import endpoint_hours

if TYPE_CHECKING:
    from zonewire.delivery.ledger import Settlement

_CHANNEL, _CREATED_AT = attrgetter("row.channel"), attrgetter("row.created_at")
_OUTCOME, _TOOK_MS = attrgetter("outcome"), attrgetter("took_ms")
HOUR = 3600 * SECOND
SLOW_MS = 1_000
"""A try that took so long is noted with its endpoint, as one that failed."""

# By the primary key, in its order, as every transaction locks them.
_TROUBLE = Spelled(
    """
    INSERT INTO endpoint_hours (endpoint_id, hour, failed, slow, took_ms, longest_ms)
    SELECT r.endpoint_id, CAST(:hour AS bigint), r.failed, r.slow, r.took_ms, r.longest_ms
    FROM {rows} AS r WHERE true {in_order}
    ON CONFLICT (endpoint_id, hour) DO UPDATE SET failed = endpoint_hours.failed + excluded.failed,
        slow = endpoint_hours.slow + excluded.slow, took_ms = endpoint_hours.took_ms + excluded.took_ms,
        longest_ms = CASE WHEN excluded.longest_ms > endpoint_hours.longest_ms
            THEN excluded.longest_ms ELSE endpoint_hours.longest_ms END
    """,
    columns=("endpoint_id bigint", "failed bigint", "slow bigint", "took_ms bigint", "longest_ms bigint"),
    sqlite={"in_order": ""},
    postgresql={"in_order": "ORDER BY r.endpoint_id"},
)
_HOURS_KEY = (endpoint_hours.c.endpoint_id, endpoint_hours.c.hour)
# By the index on hours.
_FORGET = delete(endpoint_hours).where(
    tuple_(*_HOURS_KEY).in_(
        select(*_HOURS_KEY)
        .where(endpoint_hours.c.hour < bindparam("before"))
        .order_by(endpoint_hours.c.hour)
        .limit(bindparam("most"))
    )
)


def tally(
    changes: Changes, settlements: Sequence["Settlement"], delivered: Sequence["Settlement"], *, now: int
) -> None:
    """Put into *changes* how *settlements* ended, and how old those of them were that are *delivered* now.

    It stands in the hottest transaction of all: what is counted is not looked at row by row in Python.
    """
    channels = set(map(_CHANNEL, settlements))
    for channel in sorted(channels):
        some, theirs = settlements, delivered
        if len(channels) > 1:  # seldom
            some, theirs = _of_channel(settlements, channel), _of_channel(delivered, channel)
        for outcome, n in Counter(map(type, map(_OUTCOME, some))).items():
            changes[TRIES, f"{channel} {outcome.__name__.lower()}"] += n
        took = {ms * 1_000: n for ms, n in Counter(map(_TOOK_MS, some)).items()}
        histograms.observe(changes, ATTEMPT_S, channel, took)
        if theirs:
            ages = {now - made: n for made, n in Counter(map(_CREATED_AT, theirs)).items()}
            histograms.observe(changes, DELIVERY_S, channel, ages)


def _of_channel(settlements: Sequence["Settlement"], channel: str) -> list["Settlement"]:
    return [s for s in settlements if s.row.channel == channel]


def note_trouble(db: Connection, settlements: Sequence["Settlement"], *, now: int) -> None:
    """Write down with its endpoint what failed or was slow. The hub's questions say nothing of an endpoint."""
    failed, slow, took, longest = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for s in [s for s in settlements if type(s.outcome) is not Delivered or s.took_ms >= SLOW_MS]:
        if s.row.kind not in INTENT_KINDS:
            key = s.row.endpoint_id
            failed[key] += type(s.outcome) is not Delivered
            slow[key] += s.took_ms >= SLOW_MS
            took[key] += s.took_ms
            longest[key] = max(longest[key], s.took_ms)
    if took:
        rows = [(key, failed[key], slow[key], took[key], longest[key]) for key in sorted(took)]
        db.execute(_TROUBLE.on(db), {"rows": as_rows(rows), "hour": now // HOUR})


def forget_trouble(db: Connection, most: int, before: int) -> int:
    """Drop up to *most* hours of endpoints that lie before *before*; how many."""
    return db.execute(_FORGET, {"before": before // HOUR, "most": most}).rowcount

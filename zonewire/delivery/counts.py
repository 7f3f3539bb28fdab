"""Counts of deliveries by lane and state, moved by the very transactions that move the rows.

Counting three million rows takes most of a second; reading these takes a tenth of a millisecond. On PostgreSQL each
connection adds to a shard of its own, so that workers do not wait for each other's commits.

The flow through each lane follows from the same moves, and is added to the tallies (tallies.py).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from zonewire.delivery import tallies
from zonewire.delivery.states import State
from zonewire.delivery.tallies import SHARDS, Changes
from zonewire.store import Spelled, as_rows
from zonewire.store.tables import delivery_counts

_SETTLED = frozenset({State.DELIVERED, State.DEAD, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Slot:
    """One counter."""

    lane: str
    state: State
    held: bool = False


Moves = Counter[Slot]
"""How much each counter changes: a row that moves takes one from a slot and gives one to another."""

_ADD = Spelled(
    """
    INSERT INTO delivery_counts (lane, state, held, shard, n)
    SELECT r.lane, r.state, r.held = 1, {shard}, r.n FROM {rows} AS r WHERE true {in_order}
    ON CONFLICT (lane, state, held, shard) DO UPDATE SET n = delivery_counts.n + excluded.n
    """,
    columns=("lane text", "state text", "held bigint", "n bigint"),
    sqlite={"shard": "0", "in_order": ""},
    postgresql={"shard": f"pg_backend_pid() % {SHARDS}", "in_order": "ORDER BY r.lane, r.state, r.held"},
)
_READ = select(
    delivery_counts.c.lane, delivery_counts.c.state, delivery_counts.c.held, func.sum(delivery_counts.c.n)
).group_by(delivery_counts.c.lane, delivery_counts.c.state, delivery_counts.c.held)


def record(db: Connection, moves: Mapping[Slot, int], tallied: Mapping[tuple[str, str], int] | None = None) -> None:
    """Add *moves*, what flowed by them, and what else the transaction has *tallied*.

    Call it once, last in a transaction: then no two transactions lock counters crosswise.
    """
    rows = [(s.lane, s.state.value, int(s.held), n) for s, n in moves.items() if n]
    changes = flows(moves)
    changes.update(tallied or {})
    tallies.add(db, changes)
    if rows:
        db.execute(_ADD.on(db), {"rows": as_rows(rows)})


def flows(moves: Mapping[Slot, int]) -> Changes:
    """What *moves* brought into each lane and took out of it, and what became a dead letter.

    A lane's deliveries are those that are open and not held: whatever comes to be held is out, and what is let go comes
    in. So in less out is how their number changed; pruning and what happens to held ones is neither.
    """
    opened, settled, held, dead = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for slot, n in moves.items():
        kind = settled if slot.state in _SETTLED else held if slot.held else opened
        kind[slot.lane] += n
        if slot.state is State.DEAD:
            dead[slot.lane] += n
    changes: Changes = Counter()
    for lane in {slot.lane for slot in moves}:
        out = max(settled[lane] + min(0, held[lane]), -opened[lane], 0)
        changes[tallies.LANE_IN, lane] = opened[lane] + out
        changes[tallies.LANE_OUT, lane] = out
        changes[tallies.DEAD, lane] = max(0, dead[lane])
    return changes


def read(db: Connection) -> dict[Slot, int]:
    """Every counter that is not nought."""
    return {Slot(lane, State(state), bool(held)): int(n) for lane, state, held, n in db.execute(_READ) if n}

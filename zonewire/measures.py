"""Measures: all that /metrics tells of the database, in one reading."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from zonewire.alarms import Alarm, alarms_seen, blind_since
from zonewire.delivery import counts, heartbeats, pauses, readings, tallies
from zonewire.delivery.counts import Slot
from zonewire.delivery.lanes import Lane
from zonewire.hub import count_subscriptions
from zonewire.status import status
from zonewire.store import SECOND, is_postgresql
from zonewire.store import now as clock
from zonewire.subscriptions.visits import visits_by_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How things are, and how often everything happened; ages in seconds."""

    now_s: float  # Unix seconds, by the database's clock
    database: str
    status: dict[str, Any]  # status.status
    counts: dict[Slot, int]
    tallies: dict[tuple[str, str], int]
    readings: dict[tuple[str, str], int]
    turned_s: dict[str, float]  # by lane, since a worker completed a turn
    paused_s: dict[str, float]  # by lane, for how long it rests
    is_blind: bool  # the watch gets no write through
    beat_s: float | None  # since a beat has hinted
    alarms: dict[str, int]  # how many of each name are on
    at_hub: int
    visits: dict[tuple[str, str], int]


def measure(db: Connection) -> Measures:
    """Everything as it is now."""
    now = clock(db)
    turns = {lane.value: heartbeats.last_turn(db, lane) for lane in Lane}
    beat_at = heartbeats.last_beat(db)
    on = Counter(one.name for one in alarms_seen(db))
    return Measures(
        now_s=now / SECOND,
        database="postgresql" if is_postgresql(db) else "sqlite",
        status=status(db),
        counts=counts.read(db),
        tallies=tallies.totals(db),
        readings=readings.read(db),
        turned_s={lane: max(0, now - at) / SECOND for lane, at in turns.items() if at is not None},
        paused_s={lane.value: (now - one.began_at) / SECOND for lane, one in pauses.paused(db, now=now).items()},
        is_blind=blind_since(db, now=now) is not None,
        beat_s=None if beat_at is None else max(0, now - beat_at) / SECOND,
        alarms={alarm.value: on[alarm.value] for alarm in Alarm},
        at_hub=count_subscriptions(db),
        visits=visits_by_page(db),
    )

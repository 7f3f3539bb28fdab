"""Takes the picture that symptoms are judged by: a dozen small selects."""

from collections import Counter

from sqlalchemy import Connection

from zonewire.alarms import LaneSeen, Picture, Surroundings, Tries
from zonewire.alarms.symptoms import DEAD_MINUTES, FLOW_MINUTES, TRIES_MINUTES, WRITE_MINUTES
from zonewire.delivery import heartbeats, pauses, readings, tallies
from zonewire.delivery.lanes import Lane
from zonewire.status import waiting
from zonewire.store import SECOND
from zonewire.store import now as clock

DELIVERED = "delivered"


def take_picture(db: Connection, around: Surroundings, *, base_url: str, now: int | None = None) -> Picture:
    """How things are at *now* (microseconds; unset: by the database's clock), and *around* it."""
    now = clock(db) if now is None else now
    noted, beat_at = readings.read(db), heartbeats.last_beat(db)
    until_s = noted.get((readings.CERTIFICATE_UNTIL_S, base_url))
    return Picture(
        lanes=_lanes(db, now),
        tries=_tries(db, now),
        beat_s=None if beat_at is None else max(0, now - beat_at) / SECOND,
        write_s=write_s(db, now=now),
        tokens_refused={account: n for (name, account), n in noted.items() if name == readings.TOKEN_REFUSED},
        certificate_s=None if until_s is None else until_s - now / SECOND,
        around=around,
    )


def _lanes(db: Connection, now: int) -> dict[Lane, LaneSeen]:
    workers, resting = heartbeats.workers_by_lane(db), pauses.paused(db, now=now)
    came_in = _lately(db, tallies.LANE_IN, FLOW_MINUTES, now)
    went_out = _lately(db, tallies.LANE_OUT, FLOW_MINUTES, now)
    died = _lately(db, tallies.DEAD, DEAD_MINUTES, now)
    seen = {}
    for lane in Lane:
        work, pause = waiting(db, lane, now=now), resting.get(lane)
        seen[lane] = LaneSeen(
            lane=lane,
            waiting=work.items,
            age_s=work.age_s(now),
            workers=workers[lane],
            paused_s=None if pause is None else (now - pause.began_at) / SECOND,
            came_in=came_in[lane],
            went_out=went_out[lane],
            died=died[lane],
        )
    return seen


def _tries(db: Connection, now: int) -> dict[str, Tries]:
    ends: dict[str, Counter[str]] = {}
    for label, n in _lately(db, tallies.TRIES, TRIES_MINUTES, now).items():
        channel, _, outcome = label.partition(" ")
        ends.setdefault(channel, Counter())[outcome] += n
    return {channel: Tries(of.total(), of.total() - of[DELIVERED]) for channel, of in ends.items()}


def write_s(db: Connection, *, now: int) -> float | None:
    """How long a small write took, on average over the last minutes; None where nobody has watched."""
    of = _lately(db, tallies.WRITES, WRITE_MINUTES, now)
    return of["us"] / of["n"] / SECOND if of["n"] else None


def _lately(db: Connection, name: str, minutes: int, now: int) -> Counter[str]:
    """By label, how often *name* happened within so many whole minutes and the present one."""
    minute = now // tallies.MINUTE
    of = tallies.series(db, name, since=minute - minutes, up_to=minute + 1)
    return Counter({label: sum(by_minute.values()) for label, by_minute in of.items()})

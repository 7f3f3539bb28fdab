"""How much flows through each lane, by the minute: what comes in, what goes out, and how long the rest will take."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.delivery import tallies
from zonewire.delivery.lanes import Lane
from zonewire.delivery.tallies import MINUTE

SHOWN = 60
"""Minutes that a chart has."""
LATELY = 5
"""Minutes that a rate is taken from, the present one among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a lane took in and was done with; the last minute is the present one, which is not over."""

    came: tuple[int, ...]  # SHOWN minutes
    went: tuple[int, ...]
    lately_s: float  # the seconds that the rates are taken from

    @property
    def in_a_second(self) -> float:
        """Items that came in, lately."""
        return sum(self.came[-LATELY:]) / self.lately_s

    @property
    def out_a_second(self) -> float:
        """Items that it was done with, lately."""
        return sum(self.went[-LATELY:]) / self.lately_s

    def drains_in_s(self, waiting: int) -> float | None:
        """How long *waiting* items will take at this rate; None while no fewer come in than go out."""
        if not waiting:
            return 0.0
        falls = self.out_a_second - self.in_a_second
        return waiting / falls if falls > 0 else None


def flows_of(db: Connection, *, now: int) -> dict[Lane, Flow]:
    """The last hour of every lane."""
    minute = now // MINUTE
    since = minute - SHOWN + 1
    came, went = (
        tallies.series(db, name, since=since, up_to=minute + 1) for name in (tallies.LANE_IN, tallies.LANE_OUT)
    )
    lately_s = (LATELY - 1) * 60 + max(1.0, now % MINUTE / 1_000_000)
    return {
        lane: Flow(came=_line(came.get(lane, {}), since), went=_line(went.get(lane, {}), since), lately_s=lately_s)
        for lane in Lane
    }


def _line(by_minute: Mapping[int, int], since: int) -> tuple[int, ...]:
    return tuple(by_minute.get(since + i, 0) for i in range(SHOWN))


def tries_of(db: Connection, *, now: int) -> dict[str, Counter[str]]:
    """By channel, how many tries of the last hour ended how: delivered, later, never, unknown."""
    minute = now // MINUTE
    by_channel: dict[str, Counter[str]] = {}
    found = tallies.series(db, tallies.TRIES, since=minute - SHOWN + 1, up_to=minute + 1)
    for label, by_minute in sorted(found.items()):
        channel, _, outcome = label.partition(" ")
        by_channel.setdefault(channel, Counter())[outcome] = sum(by_minute.values())
    return by_channel

"""Every lane as it is now: read once for a page, which shows it above and, maybe, in full."""

from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.delivery import heartbeats, pauses
from zonewire.delivery.heartbeats import Worker
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.status import Waiting, waiting
from zonewire.store import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One lane, as the page shows it."""

    lane: Lane
    work: Waiting
    age_s: float
    budget_s: int
    pause: pauses.Pause | None
    workers: list[Worker]

    @property
    def tone(self) -> str:
        """How it looks: paused, gone, late, or well."""
        if self.pause:
            return "warn"
        return "seal" if not self.workers or self.age_s > self.budget_s else "ok"

    @property
    def word(self) -> str:
        """The word beside it: a key of `console.lanes`."""
        if self.pause:
            return "paused"
        if not self.workers:
            return "idle"
        return "late" if self.age_s > self.budget_s else "well"


def rows_of(db: Connection) -> list[Row]:
    """Every lane as it is now."""
    moment = now(db)
    resting, workers = pauses.paused(db, now=moment), heartbeats.list_workers(db)
    return [
        Row(
            lane=lane,
            work=(work := waiting(db, lane, now=moment)),
            age_s=work.age_s(moment),
            budget_s=BUDGET_S[lane],
            pause=resting.get(lane),
            workers=[worker for worker in workers if worker.lane == lane],
        )
        for lane in Lane
    ]

"""The sentinel: the child of `up` that holds the database for it.

`up` writes a line for each worker that died, and the sentinel returns its leases at once. The sentinel writes a line
for each lane that stands still: over its budget with work that could be taken now, while no worker's heart has
completed a turn for STILL_S. A lane that is merely late is reported and never restarted.
"""

import os
import selectors
import signal
import time
from collections.abc import Sequence
from contextlib import closing

import structlog

from config.settings import load
from tasks.process import lane_of_worker
from zonewire.delivery import heartbeats, ledger, pauses
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.errors import ZonewireError
from zonewire.reaction import release_taken
from zonewire.status import waiting
from zonewire.store import SECOND, Store, open_store
from zonewire.store import now as clock

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
STILL_S = 15
GIVE_TIME_S = 30.0
"""After it has named a lane, the sentinel gives the new worker so long before it names it again."""


def run_sentinel(heard: int, say: int, *, gone: Sequence[str]) -> None:
    """Read deaths from the descriptor *heard*, write lanes that stand still to *say*. Ends with SIGTERM.

    *gone* are workers of an earlier life, whose leases go back first.
    """
    stopping: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    awake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)  # a signal ends the select, and what was heard before it is still done
    # It is the last to close the database, and SQLite clears its journal then.
    with closing(open_store(load().database, pool_size=1)) as store:
        _watch(store, heard, say, awake, stopping, gone)


def _watch(store: Store, heard: int, say: int, awake: int, stopping: list[bool], gone: Sequence[str]) -> None:
    ears = selectors.DefaultSelector()
    ears.register(heard, selectors.EVENT_READ)
    ears.register(awake, selectors.EVENT_READ)
    unheard = b""
    undone = [f"ordered {name}" for name in gone]  # whatever ended them all at once, no row of theirs did
    named: dict[Lane, float] = {}
    looked = 0.0
    began_at = time.time_ns() // 1000
    while True:
        for key, _ in ears.select(0.0 if undone else LOOK_EVERY_S):
            data = os.read(key.fd, 65_536)
            if key.fd == heard:
                *lines, unheard = (unheard + data).split(b"\n")
                undone += [line.decode() for line in lines]
        if stopping and not undone:
            return
        try:
            while undone:
                _bury(store, undone[0])
                undone.pop(0)
            if time.monotonic() - looked >= LOOK_EVERY_S:
                looked = time.monotonic()
                for lane in standing_still(store, since=began_at):
                    if time.monotonic() - named.get(lane, -GIVE_TIME_S) >= GIVE_TIME_S:
                        named[lane] = time.monotonic()
                        os.write(say, f"{lane.value}\n".encode())
        except ZonewireError as error:
            log.warning("sentinel.blind", error=str(error))
            time.sleep(0.2)


def _bury(store: Store, line: str) -> None:
    """*line* is a worker's name, behind "ordered " where `up` itself ended it. What it had goes back."""
    worker = line.removeprefix("ordered ")
    with store.settling() as db:
        returned = ledger.return_leases_of(db, worker, counted=worker == line, now=clock(db))
        heartbeats.forget(db, worker)
        if lane_of_worker(worker) == Lane.EVENTS:
            release_taken(db)
    if returned:
        log.warning("leases.returned", worker=worker, deliveries=returned)


def standing_still(store: Store, *, since: int) -> list[Lane]:
    """The lanes that a restart would help. Nobody is expected to have turned before *since*, when all was started."""
    still = []
    with store.reading() as db:
        now = clock(db)
        resting = pauses.paused(db, now=now)
        for lane in (lane for lane in Lane if lane not in resting):
            work = waiting(db, lane, now=now)
            if work.age_s(now) <= BUDGET_S[lane]:
                continue
            turned_at = max(heartbeats.last_turn(db, lane) or 0, since)
            if now - turned_at > STILL_S * SECOND:
                still.append(lane)
                log.error("lane.stood_still", lane=lane, waiting=work.items, oldest_due_s=round(work.age_s(now)))
            else:
                log.warning("lane.late", lane=lane, waiting=work.items, oldest_due_s=round(work.age_s(now)))
    return still

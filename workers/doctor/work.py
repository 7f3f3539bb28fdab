"""What the doctor looks at of those who work: workers, beat, and lanes that rest."""

from collections.abc import Iterator
from datetime import UTC, datetime

from workers.doctor.findings import Finding, Result
from zonewire.alarms import Receiver, receivers
from zonewire.delivery import heartbeats, pauses
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, Store
from zonewire.store import now as clock

HINTED_WITHIN = 15 * SECOND
STARTS_WITHIN = 30 * SECOND


def examine_work(store: Store) -> Iterator[Finding]:
    """Who beats in the database of *store*."""
    with store.reading() as db:
        now, living = clock(db), heartbeats.list_workers(db)
        resting, told = pauses.paused(db, now=now), receivers(db)
    yield _workers({worker.lane for worker in living}, len(living))
    yield from _beat(living, now)
    yield _told(told)
    for lane, pause in resting.items():
        since = datetime.fromtimestamp(pause.began_at / SECOND, UTC)
        why = f": {pause.reason}" if pause.reason else ""
        found = f"{lane} rests since {since:%Y-%m-%d %H:%M} UTC, by {pause.operator}{why}"
        yield Finding("lanes", Result.WARN, found, f"`zonewire lanes resume {lane}`, if it was forgotten.")


def _workers(lanes: set[str], count: int) -> Finding:
    idle = [lane.value for lane in Lane if lane not in lanes]
    if len(idle) == len(Lane):
        return Finding("workers", Result.WARN, "none runs", "Start `zonewire up`, or `zonewire worker`.")
    if idle:
        mend = f"Start `zonewire worker --lanes {','.join(idle)}`."
        return Finding("workers", Result.FAIL, f"none on {', '.join(idle)}", mend)
    return Finding("workers", Result.OK, f"{count} on {len(Lane)} lanes")


def _told(told: list[Receiver]) -> Finding:
    """Whether anybody hears when something goes wrong."""
    deaf = [shown_id(one.endpoint_id) for one in told if not one.is_on]
    if not told:
        found = "nobody is told of alarms"
        mend = "`zonewire alarms tell --channel email --to ADDRESS`; or let Prometheus tell, and leave it."
        return Finding("alarms", Result.WARN, found, mend)
    if deaf:
        found = f"{', '.join(deaf)} would be told of alarms, and is disabled"
        return Finding("alarms", Result.WARN, found, f"`zonewire endpoints enable {deaf[0]}`, or `alarms untell`.")
    return Finding("alarms", Result.OK, f"{len(told)} told of alarms; `zonewire alarms test` sends them one")


def _beat(living: list[heartbeats.Worker], now: int) -> Iterator[Finding]:
    """Beat hints every lane each second; a worker that has been there for a while and has no task hears none."""
    settled = [worker for worker in living if now - worker.started_at > STARTS_WITHIN]
    if all(worker.tasked_at is None and worker.version is None for worker in settled):
        return  # of a release that did not write it down: nothing is known
    deaf = sorted({w.lane for w in settled if w.tasked_at is None or now - w.tasked_at > HINTED_WITHIN})
    alone = {worker.lane for worker in settled} & set(heartbeats.HINTED_BY_BEAT) or {w.lane for w in settled}
    if alone <= set(deaf):
        mend = "If Redis answers, start `zonewire beat`. Until then workers find what is due a second later."
        yield Finding("beat", Result.FAIL, "no hint of a beat reaches workers: none runs, or not on this broker", mend)
    elif deaf:
        found = f"no hint reaches the workers of {', '.join(deaf)}"
        yield Finding("beat", Result.WARN, found, "Start them again: they have lost the broker, and do not know it.")
    else:
        yield Finding("beat", Result.OK, "every lane is hinted")

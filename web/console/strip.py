"""The strip of counts on every page, each a link to its list; below it a sentence on how things are, and the alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from web.console.lane_rows import Row
from zonewire.alarms import FULL, Alarm, AlarmOn, on_now
from zonewire.delivery import counts
from zonewire.delivery.states import State
from zonewire.rendering.translation import Words
from zonewire.status import endpoints_by_state

OPEN = (State.PENDING, State.RETRYING)
UNWRITTEN = {(Alarm.DATABASE_SLOW, ""), FULL}
"""Alarms under which workers may not show that they live."""


@dataclass(frozen=True, slots=True)
class Count:
    """One number: its name, where its list is, and whether it is one to look at."""

    name: str
    n: int
    path: str
    tone: str = ""  # seal, warn


@dataclass(frozen=True, slots=True)
class Strip:
    """All of them, and the sentence."""

    counts: tuple[Count, ...]
    sentence: str
    tone: str
    alarms: Sequence[AlarmOn]  # the worst first


def strip_of(db: Connection, t: Words, rows: Sequence[Row]) -> Strip:
    """How things are at this moment; *rows* are the lanes."""
    counted, endpoints = counts.read(db), endpoints_by_state(db)

    def n(*states: State, held: bool = False) -> int:
        return sum(found for slot, found in counted.items() if slot.state in states and slot.held == held)

    dead, failing, disabled = n(State.DEAD), endpoints["failing"], endpoints["disabled"]
    listed = "/console/deliveries?state="
    shown = (
        Count("waiting", sum(row.work.items for row in rows), "/console/lanes"),
        Count("sending", n(State.SENDING), f"{listed}sending"),
        Count("retrying", n(State.RETRYING), f"{listed}retrying"),
        Count("held", n(*OPEN, held=True), f"{listed}held"),
        Count("dead", dead, f"{listed}dead", "seal" if dead else ""),
        Count("failing", failing, "/console/endpoints?state=failing", "warn" if failing else ""),
        Count("disabled", disabled, "/console/endpoints?state=disabled", "warn" if disabled else ""),
    )
    alarms = on_now(db, t)
    tone, sentence = _sentence(rows, t)
    if alarms and tone == "ok":  # what is wrong is not at the lanes
        tone, sentence = "seal" if any(one.wakes for one in alarms) else "warn", t("console.state.alarms")
    if not any(row.workers for row in rows) and any((one.name, one.about) in UNWRITTEN for one in alarms):
        sentence = t("console.state.unseen")
    return Strip(shown, sentence, tone, alarms)


def _sentence(rows: Sequence[Row], t: Words) -> tuple[str, str]:
    """The worst first."""
    idle = [row.lane for row in rows if not row.workers]
    resting = [row.lane for row in rows if row.pause]
    late = [row.lane for row in rows if row.age_s > row.budget_s and not row.pause]
    if len(idle) == len(rows):
        return "seal", t("console.state.no_workers")
    said = []
    for key, of in (("idle", idle), ("late", late), ("paused", resting)):
        if of:
            said.append(t(f"console.state.{key}", lanes=t("common.and").join(t(f"console.lane.{lane}") for lane in of)))
    if not said:
        return "ok", t("console.state.well")
    return "seal" if idle or late else "warn", t("common.next_sentence").join(said)

"""The strip of counts on every page, each a link to its list; below it a sentence on how things are, and the alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from zonewire.alarms import AlarmOn, on_now
from zonewire.delivery import counts
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.delivery.states import State
from zonewire.rendering.translation import Words
from zonewire.status import endpoints_by_state, lanes_of

OPEN = (State.PENDING, State.RETRYING)


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


def strip_of(db: Connection, t: Words) -> Strip:
    """How things are at this moment."""
    counted, lanes, endpoints = counts.read(db), lanes_of(db), endpoints_by_state(db)

    def n(*states: State, held: bool = False) -> int:
        return sum(found for slot, found in counted.items() if slot.state in states and slot.held == held)

    dead, failing, disabled = n(State.DEAD), endpoints["failing"], endpoints["disabled"]
    listed = "/console/deliveries?state="
    shown = (
        Count("waiting", sum(lane["waiting"] for lane in lanes.values()), "/console/lanes"),
        Count("sending", n(State.SENDING), f"{listed}sending"),
        Count("retrying", n(State.RETRYING), f"{listed}retrying"),
        Count("held", n(*OPEN, held=True), f"{listed}held"),
        Count("dead", dead, f"{listed}dead", "seal" if dead else ""),
        Count("failing", failing, "/console/endpoints?state=failing", "warn" if failing else ""),
        Count("disabled", disabled, "/console/endpoints?state=disabled", "warn" if disabled else ""),
    )
    alarms = on_now(db, t)
    tone, sentence = _sentence(lanes, t)
    if alarms and tone == "ok":  # what is wrong is not at the lanes
        tone, sentence = "seal" if any(one.wakes for one in alarms) else "warn", t("console.state.alarms")
    return Strip(shown, sentence, tone, alarms)


def _sentence(lanes: dict[str, dict[str, Any]], t: Words) -> tuple[str, str]:
    """The worst first."""
    names = {name: t(f"console.lane.{name}") for name in lanes}
    idle = [name for name, lane in lanes.items() if not lane["workers"]]
    resting = [name for name, lane in lanes.items() if lane["paused"]]
    late = [
        name
        for name, lane in lanes.items()
        if lane["oldest_due_seconds"] > BUDGET_S[Lane(name)] and name not in resting
    ]
    if len(idle) == len(lanes):
        return "seal", t("console.state.no_workers")
    said = []
    for key, of in (("idle", idle), ("late", late), ("paused", resting)):
        if of:
            said.append(t(f"console.state.{key}", lanes=t("common.and").join(names[name] for name in of)))
    if not said:
        return "ok", t("console.state.well")
    return "seal" if idle or late else "warn", t("common.next_sentence").join(said)

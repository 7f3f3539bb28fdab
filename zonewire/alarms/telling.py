"""What is still to be told, and that it was: each receiver hears each beginning once, and each end once.

What begins or ends together and is of one name is one message. Who was never reached before it was over hears neither.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from sqlalchemy import Connection, bindparam, select

from zonewire.alarms.keeping import Known, Told, read, write
from zonewire.alarms.receivers import Receiver, receivers
from zonewire.store import SECOND, many, values_of
from zonewire.store.tables import alarms

TRIED_FOR = 24 * 3600 * SECOND
"""So long behind an alarm's end that is tried to be told."""
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 900
"""Between two tries at a receiver that cannot be reached: twice as long each time."""

_OPEN = (
    select(alarms)
    .where(alarms.c.is_told, (alarms.c.ended_at.is_(None)) | (alarms.c.ended_at > bindparam("since")))
    .order_by(alarms.c.id)
)
_THOSE = select(alarms).where(alarms.c.id.in_(values_of(many("of_ids")))).order_by(alarms.c.id).with_for_update()
_SPACE = UUID("5a0e77d5-5f0c-4c6e-9a55-0f9f3f3c2b0e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message that a receiver is to have."""

    receiver: Receiver
    is_over: bool
    alarms: tuple[Known, ...]  # of one name

    @property
    def was_tried(self) -> bool:
        """Whether a try to tell it has failed already."""
        return any(one.told[self.receiver.endpoint_id].tries for one in self.alarms)

    def ident(self, installation: str) -> str:
        """The same for every try: the Message-ID's left part, a webhook's id."""
        which = ",".join(str(one.id or one.began_at) for one in self.alarms)  # no row: it is told from memory
        return str(uuid5(_SPACE, f"{installation}/{which}/{self.receiver.endpoint_id}/{self.is_over}"))


def due(db: Connection, *, now: int) -> list[Telling]:
    """What is to be told at *now*, the oldest first."""
    places = {one.endpoint_id: one for one in receivers(db) if one.is_on}
    groups: dict[tuple[int, bool, str], list[Known]] = defaultdict(list)
    for one in read(db.execute(_OPEN, {"since": now - TRIED_FOR}).mappings()):
        for endpoint_id, told in one.told.items():
            if endpoint_id in places and _is_due(one, told, now):
                groups[endpoint_id, one.ended_at is not None, one.name].append(one)
    return [
        Telling(receiver=places[endpoint_id], is_over=is_over, alarms=tuple(some))
        for (endpoint_id, is_over, _), some in groups.items()
    ]


def was_told(db: Connection, telling: Telling) -> None:
    """The receiver has it."""
    done = {"ended": True} if telling.is_over else {"began": True}
    _note(db, telling, lambda told: replace(told, tries=0, next_at=0, **done))


def was_refused(db: Connection, telling: Telling) -> None:
    """The receiver will never take it: of these alarms it hears nothing more."""
    _note(db, telling, lambda told: replace(told, given_up=True))


def was_not_reached(db: Connection, telling: Telling, *, now: int, wait_s: float | None = None) -> None:
    """It is tried again: after *wait_s*, else later each time."""

    def later(told: Told) -> Told:
        wait = wait_s or min(FIRST_WAIT_S * 2**told.tries, LONGEST_WAIT_S)
        return replace(told, tries=min(told.tries + 1, 10), next_at=now + int(wait * SECOND))

    _note(db, telling, later)


def _is_due(one: Known, told: Told, now: int) -> bool:
    if told.given_up or told.next_at > now:
        return False
    return not told.began if one.ended_at is None else told.began and not told.ended


def _note(db: Connection, telling: Telling, change: Callable[[Told], Told]) -> None:
    endpoint_id = telling.receiver.endpoint_id
    for one in read(db.execute(_THOSE, {"of_ids": [one.id for one in telling.alarms]}).mappings()):
        if endpoint_id in one.told:
            write(db, replace(one, told={**one.told, endpoint_id: change(one.told[endpoint_id])}))

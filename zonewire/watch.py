"""The watch: looks how things are, keeps what is wrong, and tells operators of it.

One process at a time (alarms/turns.py), by itself: it needs no lane, no broker and no ledger, and where the database
takes no writes the process that watched last tells that from memory.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from zonewire.alarms import Alarm, Kept, Known, Picture, Receiver, Surroundings, forget, judge, keep, receivers, said
from zonewire.alarms.keeping import take_over
from zonewire.alarms.symptoms import LAST, MEBIBYTE, Detail
from zonewire.alarms.telling import Telling, due, was_not_reached, was_refused, was_told
from zonewire.alarms.turns import TELLING_S, hold, is_free, take, watched
from zonewire.delivery import readings, tallies
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.messages import Endpoint
from zonewire.delivery.opening import open_endpoints
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.errors import StoreBusy, StoreFull, StoreUnavailable, ZonewireError
from zonewire.herald import Herald
from zonewire.outbound.certificates import certificate_until
from zonewire.picturing import take_picture
from zonewire.rendering.translation import words
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.telemetry import told_of

log = structlog.get_logger()

PATIENCE_S = 15.0
"""Upkeep looks again so long after the last look."""
STAND_IN_S = 60.0
"""Whoever stands in for it, after so long."""
BLIND_S = 120
"""So long the database must take no writes before that is told from memory, and between two tries to tell it."""
TELLS_WITHIN_S = 60.0
HOLDS_AGAIN_S = 30.0  # while receivers are told: the slowest may need longer than the turn lasts
CERTIFICATE_EVERY_S, CERTIFICATE_AGAIN_S = 6 * 3_600.0, 600.0
FORGET_AFTER = 400 * 24 * 3_600 * SECOND
FORGET_AT_ONCE = 100
MOST_AT_ONCE = 8

LookAround = Callable[[], Surroundings]
Noted = dict[tuple[str, str], int]


@dataclass(slots=True)
class Blindness:
    """What was told while the database took no writes."""

    since: int
    name: Alarm
    about: str
    detail: Detail = field(default_factory=dict)  # what was seen when it was told
    told: set[int] = field(default_factory=set)  # endpoints
    tried_at: int = 0


class Watch:
    """The watch of one process."""

    def __init__(self, store: Store, herald: Herald, look_around: LookAround, *, patience_s: float) -> None:
        self._store, self._herald, self._look_around = store, herald, look_around
        self._patience_s = patience_s
        self._base_url = herald.mailing.base_url
        self._mine: int | None = None  # our turn, or what our last one left: while it stands, nobody else has watched
        self._holding = threading.Lock()  # over `_mine` and its row, while receivers are told
        self._places: list[tuple[Receiver, Endpoint]] = []
        self._blind: Blindness | None = None
        self._waited_us: list[int] = []  # writes that failed, and how long they took to
        self._certificate_at = float("-inf")  # by the monotonic clock: when it is looked at again

    def turn(self, *, now: int | None = None) -> Kept | None:
        """Look and tell, at *now* (microseconds; unset: by the database's clock); None where it is not our turn."""
        began = time.monotonic()
        try:
            return self._turn(now)
        except (StoreBusy, StoreFull, StoreUnavailable) as error:
            self._waited_us.append(_us_since(began))
            self._tell_from_memory(error, now if now is not None else time.time_ns() // 1_000)
            return None

    def _turn(self, given: int | None) -> Kept | None:
        with self._store.reading() as db:
            now = clock(db) if given is None else given
            if not is_free(db, patience_s=self._patience_s, now=now):
                self._mine = self._mine if watched(db) == self._mine else None
                return None
        began = time.monotonic()
        with self._store.writing() as db:
            mine = take(db, patience_s=self._patience_s, now=now)
        self._mine = mine
        self._waited_us.append(_us_since(began))
        if mine is None:
            return None
        around, noted = self._look_around(), self._certificate()
        with self._store.reading() as db:
            picture = take_picture(db, around, base_url=self._base_url, now=now)
        with self._store.writing() as db:
            mine = hold(db, mine, for_s=TELLING_S, now=now)
            kept = None if mine is None else self._keep(db, picture, noted, now)
        self._mine = mine
        if kept is None:
            return None  # we were too slow: it is another's turn
        self._blind = None
        self._waited_us.clear()
        _log(kept)
        self._tell(now)
        self._hold(for_s=0, now=now)
        return kept

    def _hold(self, *, for_s: float, now: int) -> None:
        """Our turn goes on for so long, where it is ours still; 0: it is over."""
        with self._holding:
            with self._store.writing() as db:
                mine = None if self._mine is None else hold(db, self._mine, for_s=for_s, now=now)
            self._mine = mine

    # --- looking -----------------------------------------------------------------------------------------------------

    def _keep(self, db: Connection, picture: Picture, noted: Noted, now: int) -> Kept:
        if (blind := self._blind) is not None and blind.told:
            take_over(db, (blind.name, blind.about), blind.since, blind.detail, blind.told, now=now)
        kept = keep(db, judge(picture), now=now)
        forget(db, FORGET_AT_ONCE, now - FORGET_AFTER)
        readings.note(db, noted | {(readings.DATABASE_WRITE_US, ""): self._waited_us[-1]})
        waited = {"n": len(self._waited_us), "us": sum(self._waited_us)}
        tallies.add(db, {(tallies.WRITES, label): n for label, n in waited.items()}, now=now)
        return kept

    def _certificate(self) -> Noted:
        """Until when BASE_URL's holds, looked at a few times a day."""
        if time.monotonic() < self._certificate_at:
            return {}
        until_s = certificate_until(self._base_url)
        wait_s = CERTIFICATE_AGAIN_S if until_s is None else CERTIFICATE_EVERY_S
        self._certificate_at = time.monotonic() + wait_s
        return {} if until_s is None else {(readings.CERTIFICATE_UNTIL_S, self._base_url): int(until_s)}

    # --- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, now: int) -> None:
        """Tell what is to be told, all receivers at once."""
        by_place: dict[int, list[Telling]] = defaultdict(list)
        with self._store.reading() as db:
            for telling in due(db, now=now):
                by_place[telling.receiver.endpoint_id].append(telling)
            known = {one.endpoint_id: one for one in receivers(db) if one.is_on}
            opened = open_endpoints(db, list(known), keys=self._herald.mailing.keys, now=now)
        self._places = [(known[ident], place) for ident, place in opened.items() if isinstance(place, Endpoint)]
        began = time.monotonic()
        if by_place:
            with ThreadPoolExecutor(min(MOST_AT_ONCE, len(by_place)), "herald") as pool:
                under_way = [
                    pool.submit(self._tell_one, some, opened[ident], until=began + TELLS_WITHIN_S, now=now)
                    for ident, some in by_place.items()
                ]
                while wait(under_way, HOLDS_AGAIN_S).not_done:
                    self._hold(for_s=TELLING_S, now=now + _us_since(began))
                for done in under_way:
                    done.result()

    def _tell_one(self, some: Sequence[Telling], place: Endpoint | ZonewireError, *, until: float, now: int) -> None:
        """One receiver hears one thing after the other."""
        for telling in some:
            if time.monotonic() > until:
                return  # the rest at the next look
            outcome = self._herald.carry(telling, place, now=now) if isinstance(place, Endpoint) else Later(place.what)
            _log_telling(telling, outcome)
            with self._holding, self._store.writing() as db:
                if watched(db) == self._mine:
                    _settle(db, telling, outcome, now)

    # --- where the database takes nothing -----------------------------------------------------------------------------

    def _tell_from_memory(self, error: ZonewireError, now: int) -> None:
        """Tell that the database takes no writes, if we watched last, and once it has lasted."""
        if self._mine is None:
            return
        if self._blind is None:
            is_full = isinstance(error, StoreFull)
            name, about = (Alarm.DISK_NEARLY_FULL, LAST) if is_full else (Alarm.DATABASE_SLOW, "")
            self._blind = Blindness(now, name, about)
            log.warning("watch.blind", error=error.what)
        blind = self._blind
        if now - blind.since < BLIND_S * SECOND or now - blind.tried_at < BLIND_S * SECOND:
            return
        blind.tried_at, blind.detail = now, self._seen(blind)
        alarm = Known(id=0, name=blind.name, about=blind.about, began_at=blind.since, seen_at=now, detail=blind.detail)
        for receiver, place in self._places:
            if place.id not in blind.told:
                telling = Telling(receiver=receiver, is_over=False, alarms=(alarm,))
                outcome = self._herald.carry(telling, place, now=now)
                _log_telling(telling, outcome)
                if not isinstance(outcome, Later):
                    blind.told.add(place.id)

    def _seen(self, blind: Blindness) -> Detail:
        around = self._look_around()
        if blind.name is not Alarm.DISK_NEARLY_FULL or around.disk_free is None or around.disk_size is None:
            return {}
        return {"free_mib": around.disk_free // MEBIBYTE, "size_mib": around.disk_size // MEBIBYTE}


def _settle(db: Connection, telling: Telling, outcome: Outcome, now: int) -> None:
    """Write down what became of it."""
    match outcome:
        case Delivered():
            was_told(db, telling)
        case Never():
            was_refused(db, telling)
        case Unknown() if telling.was_tried:
            was_told(db, telling)  # it may have come twice already
        case _:
            wait_s = outcome.wait_s if isinstance(outcome, Later) else None
            was_not_reached(db, telling, now=now, wait_s=wait_s)


def _log(kept: Kept) -> None:
    t = words("en")
    for one in kept.begun:
        say = log.error if one.symptom.wakes else log.warning
        say("alarm.began", alarm=one.name, about=one.about, seen=said([one], t).sentences[0])
    for one in kept.ended:
        lasted_s = ((one.ended_at or 0) - one.began_at) // SECOND
        log.info("alarm.ended", alarm=one.name, about=one.about, lasted_s=lasted_s)


def _log_telling(telling: Telling, outcome: Outcome) -> None:
    about = {
        "alarm": telling.alarms[0].name,
        "is_over": telling.is_over,
        "endpoint_id": shown_id(telling.receiver.endpoint_id),
        "channel": telling.receiver.channel,
    }
    if isinstance(outcome, Delivered):
        log.info("alarm.told", **about)
    else:
        error = told_of(telling.receiver.channel, outcome.error)
        log.warning("alarm.untold", **about, again=not isinstance(outcome, Never), error=error)


def _us_since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000_000)

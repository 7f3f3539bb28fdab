"""What each lane's turn does: the domain's functions with what the process opened, and whom to hint afterwards."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from config.catalogue import catalogue_of
from config.keys import ring_of
from config.settings import Settings
from tasks.failures import note_failure
from zonewire import digests, feeds, hub, subscriptions
from zonewire.delivery import pauses
from zonewire.delivery.lanes import Lane
from zonewire.delivery.ledger import Tally
from zonewire.delivery.task_failures import Failure
from zonewire.errors import CourierGone
from zonewire.old_files import Kept, forget_old_files
from zonewire.push import MOST_AT_ONCE, Pusher
from zonewire.reaction import react
from zonewire.store import SECOND, Store, now
from zonewire.store.pacing import Pace
from zonewire.upkeep import UpkeepPolicy, upkeep

log = structlog.get_logger()

Hint = Callable[[str], None]

UPKEEP_EVERY_S = 2.0
FILES_EVERY_S = 600.0
LOOK_EVERY_S = 1.0
POISON_AGAIN_S = 600.0
BATCH_FROM = 64
BATCH_EVERY_S = 0.03
"""With more than BATCH_FROM requests out, turns come no faster than this: a turn costs as much for 1 row as for 50."""


class Work(Protocol):
    """One lane's work in one process."""

    def turn(self) -> bool:
        """Do what is due, within about a second; whether something was done and more may be there at once."""

    def wait(self, timeout_s: float) -> None:
        """Until something may have come back, or *timeout_s* is over."""

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that a turn has to look after."""

    @property
    def has_news(self) -> bool:
        """Whether something came back that no turn has looked at yet."""

    turned: float
    """When the last turn was completed, by the monotonic clock: what the heartbeat tells."""

    tasked: float | None
    """When Celery last handed the process a task, by the monotonic clock."""

    is_attended: bool
    """Whether a task runs turns just now; the heart then leaves them to it."""

    @property
    def next_at(self) -> float | None:
        """Monotonic time of the next thing that is known to come due."""

    def renew(self) -> None:
        """Hold what is in flight for longer."""

    def close(self) -> None:
        """Finish what is in flight, for a moment, and settle it."""


class Resting:
    """Whether an operator lets a lane rest, as it was within the last second."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store, self._lane = store, lane
        self._looked = -LOOK_EVERY_S
        self._is_on = False

    def is_on(self) -> bool:
        """Ask the database at most once a second."""
        moment = time.monotonic()
        if moment - self._looked >= LOOK_EVERY_S:
            with self._store.reading() as db:
                self._is_on = pauses.is_paused(db, self._lane, now=now(db)) is not None
            self._looked = moment
        return self._is_on


class Idle:
    """What most lanes answer: nothing is ever in flight between two turns."""

    def __init__(self, resting: Resting) -> None:
        self._resting = resting

    def rests(self) -> bool:
        """Whether an operator lets the lane rest; nothing is waited for then."""
        if self._resting.is_on():
            self.next_at = None
            return True
        return False

    def wait(self, timeout_s: float) -> None:
        """Nothing comes back by itself."""
        time.sleep(timeout_s)

    is_busy = False
    has_news = False
    is_attended = False
    turned = 0.0
    tasked: float | None = None
    next_at: float | None = None

    def renew(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is open."""


class EventsWork(Idle):
    """Outbox rows become feeds marked and deliveries owed."""

    def __init__(self, store: Store, hint: Hint, worker: str) -> None:
        super().__init__(Resting(store, Lane.EVENTS))
        self._store, self._hint, self._worker = store, hint, worker
        self._poison: dict[str, float] = {}  # articles that failed, and when that was written down
        self._alone = threading.Lock()
        self._pace = Pace(pauses=not store.is_postgresql)

    def turn(self) -> bool:
        """React to what is in the outbox; hint whoever has work now."""
        if self.rests():
            return False
        if not self._alone.acquire(blocking=False):
            return False  # the heart and the task came at once
        try:
            reacted = react(self._store, self._pace, owed=self._hint_all, poison=self._note)
        finally:
            self._alone.release()
        if reacted.articles:
            self._hint(Lane.FEEDS)
        return reacted.more

    def _note(self, guid: str, error: Exception) -> None:
        """Write down, where operators look, which article it is: once in a while, since it fails each time."""
        moment = time.monotonic()
        if moment - self._poison.get(guid, -POISON_AGAIN_S) < POISON_AGAIN_S:
            return
        self._poison = {one: at for one, at in self._poison.items() if moment - at < POISON_AGAIN_S} | {guid: moment}
        about = f"article_guid={guid!r}"
        note_failure(self._store, Failure(lane=Lane.EVENTS, worker=self._worker, arguments=about, error=error))

    def _hint_all(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            self._hint(lane)


class FeedsWork(Idle):
    """Feeds whose burst is over are published, and the hub's subscribers told of them."""

    def __init__(self, store: Store, settings: Settings, hint: Hint) -> None:
        super().__init__(Resting(store, Lane.FEEDS))
        self._store, self._base_url, self._window_s = store, settings.base, settings.feed_window
        self._catalogue, self._keys, self._hint = catalogue_of(settings), ring_of(settings), hint
        self._pace = Pace(pauses=not store.is_postgresql)
        self._outside: tuple[int, ...] = ()  # endpoints of others' hubs
        self._is_declared = False

    def turn(self) -> bool:
        """Publish what is due; remember when the next feed comes due. First of all make true what is declared."""
        if self.rests():
            return False
        if not self._is_declared:
            feeds.declare(self._store, self._catalogue)
            with self._store.writing() as db:
                hub.end_without_feed(db, now=now(db))
            self._outside = hub.outside_endpoints(self._store, self._catalogue.hubs, keys=self._keys)
            self._is_declared = True
        is_filling = feeds.fill(self._store)
        published = feeds.publish_due(
            self._store, base_url=self._base_url, window_s=self._window_s, catalogue=self._catalogue
        )
        if hub.tell_subscribers(self._store, self._pace, outside=self._outside):
            self._hint(Lane.PUSH_HTTP)
        wait = None if published.next_due_at is None else published.next_due_at / SECOND - time.time()
        self.next_at = None if wait is None else time.monotonic() + max(0.0, wait)
        return is_filling or (published.count > 0 and wait is not None and wait <= 0)


class DigestsWork(Idle):
    """Due digests are cut."""

    def __init__(self, store: Store, hint: Hint) -> None:
        super().__init__(Resting(store, Lane.DIGESTS))
        self._store, self._hint = store, hint

    def turn(self) -> bool:
        """Resume what has rested, and cut what is due, by the database's clock."""
        if self.rests():
            return False
        subscriptions.resume_rested(self._store)
        cut = digests.cut_due(self._store)
        if cut.deliveries:
            self._hint(Lane.PUSH_EMAIL)
            self._hint(Lane.PUSH_ROBOT)
        return False


class UpkeepWork(Idle):
    """Leases back, deliveries held, old rows pruned."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._pace = Pace(pauses=not store.is_postgresql)
        outbox, logs = settings.data_dir / "outbox", settings.data_dir / "logs"
        self._policy = UpkeepPolicy(settings.retention_days, ring_of(settings), outbox)
        self._kept = Kept(outbox, settings.retention_days, logs, settings.log_days)
        self._last = 0.0
        self._files_at = float("-inf")

    def turn(self) -> bool:
        """Every job, within a second, every few seconds. It never rests: see pauses.pause."""
        if time.monotonic() - self._last < UPKEEP_EVERY_S:
            return False
        self._last = time.monotonic()
        upkeep(self._store, self._pace, self._policy)
        if time.monotonic() - self._files_at >= FILES_EVERY_S:
            self._files_at = time.monotonic()
            forget_old_files(self._kept, now_s=time.time())
        return False


class PushWork:
    """Deliveries over one kind of courier."""

    next_at: float | None = None
    is_attended = False
    turned = 0.0
    tasked: float | None = None

    def __init__(self, pusher: Pusher, lane: Lane, resting: Resting) -> None:
        self._pusher, self._lane, self._resting = pusher, lane, resting
        self._tally = Tally()
        self._began = 0.0  # the last turn that did something
        self._left_some = False  # it took as much as a turn may

    def turn(self) -> bool:
        """Settle and claim once; settle alone while the lane rests."""
        began = time.monotonic()
        self._left_some = False  # whatever comes of this one: a turn that fails is not tried again without a rest
        try:
            tally = self._pusher.turn(claims=not self._resting.is_on())
        except CourierGone as error:
            # The supervisor, or the container's, starts us again; what was under way comes back with its leases.
            log.critical("courier.gone", lane=self._lane, error=str(error))
            os._exit(1)
        if tally is None:
            return False
        self._began, self._left_some = began, tally.claimed >= MOST_AT_ONCE
        self._tally.add(tally)
        return tally.claimed > 0 or tally.put_off > 0

    def wait(self, timeout_s: float) -> None:
        """Until the courier has something; while much is out, until it has enough for a batch."""
        if self._left_some:
            return
        if self._pusher.courier.wait(timeout_s) and self._pusher.courier.in_flight > BATCH_FROM:
            time.sleep(max(0.0, self._began + BATCH_EVERY_S - time.monotonic()))

    @property
    def has_news(self) -> bool:
        """Whether the courier has replies."""
        return self._pusher.courier.wait(0)

    @property
    def is_busy(self) -> bool:
        """Whether requests are out."""
        return self._pusher.is_busy

    def renew(self) -> None:
        """Hold the leases of what is out."""
        self._pusher.renew()

    def told(self) -> Tally:
        """What the turns since the last call did."""
        tally, self._tally = self._tally, Tally()
        return tally

    def close(self) -> None:
        """Let the courier finish for a moment; settle what came back, hand back what did not go out."""
        self._pusher.close(grace_s=3.0)

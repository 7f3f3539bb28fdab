"""What goes wrong in a drill. Each fault is made and seen through, and names the sign by which it is got over.

Those inside are done to the installation, those outside to its receivers; the two go on beside each other.
"""

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from workers.drill.audience import HOOK_DOORS, HUB_DOOR, MAIL_DOOR, ROBOT_DOORS
from workers.drill.board import Board
from workers.drill.doors import Mood
from workers.drill.installation import REDIS, Installation
from workers.drill.mailbox import MailMood
from workers.drill.postgres import Postgres
from workers.drill.stand import Stand
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import Lane
from zonewire.errors import ZonewireError
from zonewire.store import Store
from zonewire.store import now as clock

FROZEN_S = 2.5
SHORT_LOCK_S, LONG_LOCK_S = 1.5, 6.0
"""A writer waits 5 s for the database: within the short one everything waits, the long one is told to whoever sends."""
CUT_S = (0.8, 2.0)
HANGS_S = (1.0, 4.5)
"""Shorter and longer than a push may take (plan.PUSH_TIMEOUT_S)."""


@dataclass(slots=True)
class Scene:
    """All that faults are done to."""

    installation: Installation
    board: Board
    stand: Stand
    store: Store
    chance: Random
    over: threading.Event  # somebody has no patience any more
    postgres: Postgres | None = None
    locks: int = 0  # how often the database was locked

    def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.over.wait(seconds)


@dataclass(frozen=True, slots=True)
class Sign:
    """By what it is seen that something is got over: *shows*, asked with the moment at which the fault had ended."""

    what: str
    shows: Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. *make* returns when it has ended, and something has to heal."""

    name: str
    make: Callable[[Scene], Sign]


# -- inside --


def inside(*, postgresql: bool) -> list[Fault]:
    """What is done to the installation itself."""
    found = [Fault(f"worker of {lane} killed", _kills_worker(lane)) for lane in Lane]
    found += [Fault(f"{name} killed", _kills(name)) for name in ("beat", "sentinel")]
    found += [
        Fault("web face killed", _kill_web),
        Fault("Redis killed", _kill_redis),
        Fault("Redis emptied", _empty_redis),
        Fault("a worker frozen", _freeze),
        Fault("everything killed", _kill_everything),
    ]
    return [*found, Fault("database restarted", _restart_database) if postgresql else Fault("database locked", _lock)]


def _kills_worker(lane: Lane) -> Callable[[Scene], Sign]:
    def make(scene: Scene) -> Sign:
        scene.installation.send(lane.value, signal.SIGKILL)
        return _sign_of(scene, lane)

    return make


def _kills(name: str) -> Callable[[Scene], Sign]:
    """A process of which nothing is seen outside: another has to come."""

    def make(scene: Scene) -> Sign:
        old = scene.installation.send(name, signal.SIGKILL)
        return Sign("process", lambda _: scene.installation.children().get(name, old) != old)

    return make


def _kill_web(scene: Scene) -> Sign:
    scene.installation.send("web", signal.SIGKILL)
    return Sign("answer 202", scene.board.answered_since)


def _kill_redis(scene: Scene) -> Sign:
    scene.installation.send(REDIS, signal.SIGKILL)
    return _sign_of(scene, Lane.PUSH_HTTP)


def _empty_redis(scene: Scene) -> Sign:
    with scene.installation.redis() as client:
        client.flushall()
    return _sign_of(scene, Lane.PUSH_HTTP)


def _freeze(scene: Scene) -> Sign:
    """Alive, and deaf."""
    lane = scene.chance.choice(list(Lane))
    pid = scene.installation.send(lane.value, signal.SIGSTOP)
    scene.rest(FROZEN_S)
    with contextlib.suppress(ProcessLookupError):  # the sentinel has no patience with one that stands still for long
        os.kill(pid, signal.SIGCONT)
    return _sign_of(scene, lane)


def _kill_everything(scene: Scene) -> Sign:
    """`up` and all below it, as when the plug is pulled; then it is started again."""
    scene.installation.kill()
    scene.installation.start()
    return _sign_of(scene, Lane.PUSH_HTTP)


def _lock(scene: Scene) -> Sign:
    """Somebody else writes, and takes his time."""
    scene.locks += 1
    path = scene.installation.data / "zonewire.db"
    lock = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        lock.execute("BEGIN IMMEDIATE")
        scene.rest(SHORT_LOCK_S if scene.locks % 2 else LONG_LOCK_S)
        lock.execute("ROLLBACK")
    finally:
        lock.close()
    return Sign("answer 202", scene.board.answered_since)


def _restart_database(scene: Scene) -> Sign:
    """In turn in order, and killed with -9: it recovers from its journal then."""
    assert scene.postgres is not None  # noqa: S101  # `inside` has asked
    scene.locks += 1
    scene.postgres.restart(kill=scene.locks % 2 == 0)
    return Sign("answer 202", scene.board.answered_since)


def _sign_of(scene: Scene, lane: Lane) -> Sign:
    """By what it is seen that *lane* works: what comes out of it, else that it turns."""
    match lane:
        case Lane.EVENTS | Lane.PUSH_HTTP:
            return Sign("new push", lambda since: scene.board.newer_came(HOOK_DOORS, since))
        case Lane.PUSH_EMAIL:
            return Sign("new mail", lambda since: scene.board.newer_came([MAIL_DOOR], since))
        case Lane.PUSH_ROBOT:
            return Sign("new card", lambda since: scene.board.newer_came(ROBOT_DOORS, since))
        case _:
            ended = _moment_of(scene.store)
            return Sign("turn", lambda _: _has_turned(scene.store, lane, since=ended))


def _moment_of(store: Store) -> int:
    with store.reading() as db:
        return clock(db)


def _has_turned(store: Store, lane: Lane, *, since: int) -> bool:
    try:
        with store.reading() as db:
            return (heartbeats.last_turn(db, lane) or 0) > since
    except ZonewireError:  # it is away
        return False


# -- outside --


def outside() -> list[Fault]:
    """What is done to receivers."""
    hooks = {
        "refuse": Mood.REFUSES,
        "do not answer": Mood.HANGS,
        "answer 500": Mood.FAILS,
        "break off": Mood.BREAKS_OFF,
    }
    robots = {"refuse": Mood.REFUSES, "answer 500": Mood.FAILS, "break off": Mood.BREAKS_OFF}
    mails = {
        "refuses": MailMood.REFUSES,
        "cuts a mail": MailMood.BREAKS_OFF,
        "loses its answer": MailMood.LOSES_ANSWER,
    }
    found = [Fault(f"webhooks {how}", _cuts(HOOK_DOORS, mood)) for how, mood in hooks.items()]
    found += [Fault(f"robots {how}", _cuts(ROBOT_DOORS, mood)) for how, mood in robots.items()]
    found += [Fault("callbacks refuse", _cuts((HUB_DOOR,), Mood.REFUSES))]
    return found + [Fault(f"SMTP server {how}", _cuts_mail(mood)) for how, mood in mails.items()]


def _cuts(doors: tuple[str, ...], mood: Mood) -> Callable[[Scene], Sign]:
    def make(scene: Scene) -> Sign:
        door = scene.chance.choice(doors)
        scene.stand.be(door, mood)
        scene.rest(scene.chance.uniform(*(HANGS_S if mood is Mood.HANGS else CUT_S)))
        scene.stand.be(door, Mood.OPEN)
        return Sign("anything", lambda since: scene.board.came_since([door], since))

    return make


def _cuts_mail(mood: MailMood) -> Callable[[Scene], Sign]:
    def make(scene: Scene) -> Sign:
        scene.stand.take_mails(mood)
        scene.rest(scene.chance.uniform(*CUT_S))
        scene.stand.take_mails(MailMood.OPEN)
        return Sign("anything", lambda since: scene.board.came_since([MAIL_DOOR], since))

    return make

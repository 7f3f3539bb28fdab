"""The drill, from beginning to end."""

import contextlib
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import orjson
import requests

from workers.drill import counting, faults, keeping
from workers.drill.audience import CALLBACKS, DIGEST, HTTP_DOORS, Receiver, audience_of
from workers.drill.board import Board
from workers.drill.faults import Fault, Scene
from workers.drill.installation import Installation, InstallationFailed
from workers.drill.judging import Judging
from workers.drill.newsroom import Newsroom
from workers.drill.plan import Plan
from workers.drill.portal import EventRefused, Portal
from workers.drill.ports import free_ports
from workers.drill.postgres import running_postgres
from workers.drill.report import Report
from workers.drill.stand import Stand, standing
from workers.drill.tracks import Made, Track

BEFORE_S, AFTER_S = 1.0, 1.5
"""It is published a little before the first fault, and after the last."""
HUB_WITHIN_S = 30.0
HEALED_WITHIN_S = 300.0
"""On a quiet machine the longest waits are a robot's, for its minute, and a lease's, of half a minute."""
QUIET_S = 1.0
"""Nothing is owed any more when the database has said so for so long."""
STEP_S = 0.1
FEWEST_ZONES, EVENTS_A_ZONE = 24, 16
"""A digest of one zone has room for all of its articles, however long the drill."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Told = Callable[[Report, str], None]
"""Called with the report as it is by then, and a line on how far it is."""


def run_drill(plan: Plan, *, told: Told) -> Report:
    """Do it. Raises InstallationFailed, EventRefused where nothing can be judged; what is kept then is told, too."""
    report = Report(seed=plan.seed, seconds=plan.seconds, database="PostgreSQL" if plan.postgresql else "SQLite")
    folder = Path(tempfile.mkdtemp(prefix="zonewire-drill-"))
    try:
        with _beginning(plan, folder, report, told) as drill:
            drill.run()
    except (InstallationFailed, EventRefused) as error:
        report.odd.append(str(error))
        raise keeping.with_folder(error, keeping.kept(folder, plan.keep)) from None
    except BaseException:
        keeping.removed(folder)
        raise
    report.kept = keeping.end(folder, plan.keep, is_clean=report.is_clean)
    return report


@contextlib.contextmanager
def _beginning(plan: Plan, folder: Path, report: Report, told: Told) -> "Iterator[_Drill]":
    """Everything opened that a drill needs; nothing of it is left behind."""
    ports = free_ports(Random().randrange(10_000))
    doors = {name: next(ports) for name in HTTP_DOORS}
    mail_port, web_port, database_port = next(ports), next(ports), next(ports)
    board = Board()
    with contextlib.ExitStack() as stack:
        stand = stack.enter_context(standing(board, doors, mail_port=mail_port))
        postgres = stack.enter_context(running_postgres(folder, port=database_port)) if plan.postgresql else None
        url = postgres.url if postgres else f"sqlite:///{folder / 'data' / 'zonewire.db'}"
        token = secrets.token_urlsafe(24)
        settings = {
            "ZONEWIRE_DATABASE_URL": url,
            "ZONEWIRE_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "ZONEWIRE_ALLOW_ENDPOINTS": ",".join(f"127.0.0.1:{port}" for port in doors.values()),
            "ZONEWIRE_EVENT_TOKEN": token,
        }
        installation = Installation(folder, web_port, settings, url)
        stack.callback(_end, installation, report)
        store = stack.enter_context(installation.store())
        scene = Scene(installation, board, stand, store, Random(f"{plan.seed} inside"), threading.Event(), postgres)
        zones = max(FEWEST_ZONES, int(plan.seconds * plan.per_s // EVENTS_A_ZONE))
        portal = Portal(Newsroom(Random(f"{plan.seed} news"), zones), board, installation.url, token, plan.per_s)
        stack.callback(portal.give_up)
        chance = Random(f"{plan.seed} audience")
        audience = audience_of(chance, doors, zones=zones, began=datetime.now(UTC))
        yield _Drill(plan, report, told, scene, portal, audience)


def _end(installation: Installation, report: Report) -> None:
    """Whatever happened, nothing of it goes on; whoever asks us to end is not heard meanwhile."""
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING} if is_main else {}
    try:
        if left := installation.end():
            report.odd.append(f"{left} processes were still there after it had stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Drill:
    """One drill that has everything that it needs."""

    plan: Plan
    report: Report
    told: Told
    scene: Scene
    portal: Portal
    audience: Sequence[Receiver]
    _began: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """All of it."""
        installation, stand, board = self.scene.installation, self.scene.stand, self.scene.board
        self.report.receivers = counting.kinds(self.audience)
        self.told(self.report, "an installation is started")
        installation.start()
        installation.wait_until_ready()
        self._subscribe(stand)
        self._began = time.monotonic()
        self.portal.begin()
        self.scene.rest(BEFORE_S)
        self._trouble()
        self.scene.rest(AFTER_S)
        self.portal.finish()
        ended = time.monotonic()
        installation.wait_until_ready()
        self._cut_digests()
        if self.plan.loses_one:
            board.deny_one(self.audience[0].name)
        self._judge(Judging(self.audience, stand.callbacks(), board, installation, self.scene.store), since=ended)
        self.report.stopped_in_s = installation.stop()
        self._look_at_the_rest()

    def _subscribe(self, stand: Stand) -> None:
        """Everybody, each the way that everybody goes."""
        stand.welcome(self.audience)
        installation = self.scene.installation
        lines = b"\n".join(orjson.dumps(one.line()) for one in self.audience)
        installation.command("subscriptions", "import", "-", given=lines)
        with requests.Session() as session:
            session.trust_env = False
            for callback in stand.callbacks():
                form = {"hub.mode": "subscribe", "hub.topic": f"{installation.url}/feeds/all.atom"}
                answer = session.post(f"{installation.url}/hub", data=form | {"hub.callback": callback}, timeout=30)
                if answer.status_code != 202:
                    raise InstallationFailed(f"its hub answered {answer.status_code}: {answer.text.strip()}")
        deadline = time.monotonic() + HUB_WITHIN_S
        while counting.subscribed_at_hub(self.scene.store) < CALLBACKS:
            if time.monotonic() > deadline:
                raise InstallationFailed(f"its hub did not verify all callbacks within {HUB_WITHIN_S:.0f} s")
            time.sleep(STEP_S)

    def _trouble(self) -> None:
        """Both tracks of faults, one of them in this thread: `up` dies with the thread that started it."""
        until = self._began + self.plan.seconds
        outside = replace(self.scene, chance=Random(f"{self.plan.seed} outside"))
        tracks = [
            Track(self._wanted(some), scene, self._began, until, told=self._tell)
            for some, scene in (
                (faults.inside(postgresql=self.plan.postgresql), self.scene),
                (faults.outside(), outside),
            )
        ]
        inside, beside = tracks
        inside.before = self.scene.installation.start_again_if_it_ended
        beside.run_beside()
        try:
            inside.run()
        except BaseException:
            self.scene.over.set()
            raise
        finally:
            beside.join()
        self.scene.stand.open_all()

    def _wanted(self, some: Sequence[Fault]) -> list[Fault]:
        only = self.plan.only
        return [fault for fault in some if not only or any(word in fault.name for word in only)]

    def _tell(self, made: Made) -> None:
        self.report.faults.append(made)
        passed = time.monotonic() - self._began
        events, came = self.scene.board.count()
        line = f"{passed:.0f} of {self.plan.seconds} s, {len(self.report.faults)} faults, "
        self.told(self.report, f"{line}{events:,} events, {came:,} things came; {made.name}")

    def _cut_digests(self) -> None:
        """A last article for each reader of digests, then all digests: what is left is in them."""
        for receiver in self.audience:
            if receiver.counted_as == DIGEST:
                self.portal.hand_over(self.portal.newsroom.new(receiver.zone[0]))
        tomorrow = datetime.now(UTC) + timedelta(days=2)
        self.scene.installation.command("digests", "run", "--at", tomorrow.isoformat(timespec="seconds"))

    def _judge(self, judging: Judging, *, since: float) -> None:
        """As soon as nothing is owed any more; or when it takes too long."""
        deadline = time.monotonic() + HEALED_WITHIN_S
        quiet_at: float | None = None
        while True:
            now, waiting = time.monotonic(), counting.waiting(self.scene.store)
            quiet_at = None if waiting else quiet_at or now
            if (quiet_at is not None and now - quiet_at > QUIET_S) or now > deadline:
                self.report.accounts = judging.accounts()
                is_final = now > deadline or now - (quiet_at or now) > self.plan.patience_s
                if self.report.is_clean or is_final:
                    break
            self.told(self.report, f"faults are over; {waiting} still wait")
            time.sleep(STEP_S)
        if quiet_at is None:
            self.report.odd.append(f"{waiting} were still owed {HEALED_WITHIN_S:.0f} s after the last fault")
        else:
            self.report.healed_in_s = round(max(0.0, quiet_at - since), 1)
        self.report.trails = judging.trails(self.report.total.findings)

    def _look_at_the_rest(self) -> None:
        report, installation = self.report, self.scene.installation
        if report.stopped_in_s is None:
            report.odd.append("it did not stop when it was asked to, and was killed")
        report.odd += [f"its `zonewire up` ended by itself with {code}" for code in installation.ended_by_itself]
        report.odd += [f"nobody could read what came: {said}" for said in self.scene.stand.odd]
        report.published = counting.acts(self.scene.board)
        report.refused = dict(self.portal.answers)

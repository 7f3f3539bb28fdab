"""The scene of one fault: an installation, those who send to it and receive from it, and an operator who watches."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import update

from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.rehearsals.pictures import photograph
from tests.rehearsals.portal import Portal
from tests.rehearsals.watching import Look, Seen, Watcher, how_it_is
from tests.servers.prometheus import running_prometheus
from tests.servers.receiver import Receiver
from tests.servers.smtp import SmtpServer, running_smtp
from tests.web.console.browsing import WORD, Browser
from zonewire.alarms.turns import watched
from zonewire.store import SECOND
from zonewire.store.tables import alarms

NIGHT = "night@desk.example"
WELL = "All is well"
OVER_WITHIN_S = 1_200.0
QUICK = {
    "retry_schedule": "2,5,10,20,20,20,20,20,20,20,20,20,20,20,20,20",
    "mail_retry_schedule": "5,10,20" + ",20" * 90,
}
"""So that what failed is tried again while we look; all else is as it comes."""

Start = Callable[[Installation], None]


@dataclass(slots=True)
class Scene:
    """What a fault is staged on, and what is written down of it."""

    ours: Installation
    post: SmtpServer
    hook: Receiver
    portal: Portal
    watcher: Watcher
    name: str
    pictures: Path | None = None
    staged_at: float = 0.0
    mended_at: float = 0.0
    reckoning: str = ""  # what became of the articles
    notes: list[str] = field(default_factory=list)

    def staged(self) -> None:
        """From now on the fault is there."""
        self.staged_at = time.monotonic()

    def mended(self, how: str) -> None:
        """From now on it is mended."""
        self.mended_at = time.monotonic()
        self.note(f"mended by: {how}")

    def note(self, text: str) -> None:
        """What the table says below its line."""
        since = f"{time.monotonic() - self.staged_at:.0f} s: " if self.staged_at else ""
        self.notes.append(f"{since}{text}")

    def until(self, where: str, *words: str, within_s: float, since: float | None = None) -> Seen:
        """Wait until *where* says any of *words*."""
        since = self.staged_at if since is None else since
        what = f"{self.name}: {where} says {words}"
        seen = eventually(lambda: self.watcher.first(where, *words, since=since), within_s=within_s, what=what)
        assert seen is not None
        return seen

    def until_well(self, *, within_s: float) -> None:
        """Wait until the console says that all is well."""
        what = f"{self.name}: the console says {WELL}"
        eventually(lambda: self.watcher.last("console").startswith(WELL), within_s=within_s, what=what)

    def until_over(self) -> None:
        """Wait until the console says that all is well, and the operator was told that it is over."""
        self.until_well(within_s=OVER_WITHIN_S)
        self.until("alarms", "Over:", within_s=OVER_WITHIN_S, since=self.mended_at)

    def nearer(self, alarm: str, seconds: float) -> None:
        """Let *alarm* have been seen for so long already: writes the moment into the database."""
        eventually(lambda: self._moved(alarm, seconds), within_s=120, what=f"{alarm} is seen")
        self.note(f"{alarm} was brought {seconds:.0f} s nearer, by writing its moment into the database")

    def look(self, *paths: str) -> None:
        """Photograph these pages, where somebody wants pictures."""
        if self.pictures is not None:
            photograph(self.ours.base_url, list(paths), self.pictures, name=self.name)

    def _moved(self, alarm: str, seconds: float) -> bool:
        earlier = update(alarms).where(alarms.c.name == alarm, alarms.c.ended_at.is_(None))
        with self.ours.store() as store, store.writing() as db:
            return db.execute(earlier.values(began_at=alarms.c.began_at - int(seconds * SECOND))).rowcount > 0


@contextlib.contextmanager
def a_scene(
    name: str, folder: Path, pictures: Path | None, *, start: Start | None = None, **settings: str
) -> Iterator[Scene]:
    """An installation that is well, with a portal that publishes and an operator who watches."""
    with (
        running_smtp() as post,
        Receiver() as hook,
        an_installation(folder / "data", **(QUICK | {"smtp_url": post.url} | settings)) as ours,
    ):
        (start or Installation.up)(ours)
        ours.cli("operators", "add", "chen", "--password", "-", stdin=f"{WORD}\n")
        ours.cli("alarms", "tell", "--channel", "email", "--to", NIGHT, "--locale", "en")
        ours.cli("alarms", "tell", "--channel", "webhook", "--to", hook.url("/alarms"), "--locale", "en")
        named_ms = time.time() * 1_000
        eventually(lambda: _looked(ours) > named_ms, within_s=120, what="the watch knows who is told")
        with running_prometheus(folder / "prometheus", ours.base_url.removeprefix("http://")) as prometheus:
            chen = Browser(ours.base_url)
            chen.post("/console/login", name="chen", password=WORD)
            looks: dict[str, Look] = {
                "console": lambda: [_console(ours, chen)],
                "readyz": lambda: [_ready(ours)],
                "alarms": lambda: _told(post),
                "webhook": lambda: [f"{one['type']} {one['data']['title']}" for one in _pushed(hook)],
            }
            looks |= {"prometheus": prometheus.firing} if prometheus else {}
            scene = Scene(ours, post, hook, Portal(ours, hook, post), Watcher(looks), name, pictures)
            scene.portal.start()
            scene.watcher.start()
            try:
                scene.until_well(within_s=120)
                yield scene
                scene.portal.stop()
                scene.reckoning = scene.portal.reckoned()
            finally:
                scene.portal.stop()
                scene.watcher.stop()


def _console(ours: Installation, chen: Browser) -> str:
    return how_it_is(chen.get("/console"))


def _looked(ours: Installation) -> int:
    with ours.store() as store, store.reading() as db:
        return watched(db) or 0


def _ready(ours: Installation) -> str:
    answer = ours.get("/readyz")
    return f"{answer.status_code} {answer.text[:200]}"


def _told(post: SmtpServer) -> list[str]:
    mails = [message_from_bytes(mail.content, policy=default) for mail in list(post.mails) if mail.recipient == NIGHT]
    return [f"{mail['Subject']} [{mail['Message-ID'].split('@')[0][1:9]}]" for mail in mails]


def _pushed(hook: Receiver) -> list[dict[str, Any]]:
    return [push.json() for push in hook.received("/alarms")]

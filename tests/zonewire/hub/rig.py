"""A hub with all that it stands on: a database, the web face, publishing, and a pusher with a real courier."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from config.guard import guard_of
from tests.builders import a_version, an_article
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from web.face import Face
from zonewire import hub
from zonewire.articles.model import Article
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.retries import RetryPolicy
from zonewire.feeds import mark_touched, publish_due
from zonewire.keys import KeyRing
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.push import Push, Pusher
from zonewire.store import SECOND, Store, migrate
from zonewire.store import now as clock
from zonewire.store.pacing import Pace


@dataclass(slots=True)
class Rig:
    """Moves everything by hand."""

    store: Store
    face: Face
    pusher: Pusher
    outside: tuple[int, ...] = ()

    @property
    def base(self) -> str:
        """Where it is served."""
        return self.face.settings.base

    @property
    def hub(self) -> str:
        """The hub's address."""
        return f"{self.base}/hub"

    def topic(self, name: str = "all", form: str = "atom") -> str:
        """A feed document's address."""
        return f"{self.base}/feeds/{name}.{form}"

    def publish(self, article: Article | None = None, *, withdrawn: bool = False, **over: Any) -> Article:
        """Accept an article, and publish its feeds."""
        article = replace(article, **over) if article else an_article(**over)
        self.publish_all([article], withdrawn=withdrawn)
        return article

    def publish_all(self, some: Sequence[Article], *, withdrawn: bool = False) -> None:
        """Accept articles in one transaction, and publish their feeds."""
        with self.store.writing() as db:
            now = clock(db)
            for n, article in enumerate(some):
                version = a_version(db, article, withdrawn=withdrawn, accepted_at=now + n)
                mark_touched(db, version, now=now)
        self.press()

    def press(self) -> None:
        """Publish what is dirty, whatever the window."""
        publish_due(self.store, base_url=self.base, window_s=0, catalogue=self.face.catalogue)

    def tell(self) -> int:
        """Let the hub owe its notices."""
        return hub.tell_subscribers(self.store, Pace(pauses=False), outside=self.outside)

    def push(self) -> None:
        """Push until nothing is due or under way."""

        def is_quiet() -> bool:
            tally = self.pusher.turn()
            return tally is None and not self.pusher.is_busy

        eventually(is_quiet, within_s=10, what="an end of pushing")

    def work(self) -> None:
        """All of it."""
        self.tell()
        self.push()

    def later(self, seconds: float) -> None:
        """Let what waits come due, as if *seconds* had passed."""
        with self.store.writing() as db:
            shift = int(seconds * SECOND)
            db.exec_driver_sql(f"UPDATE deliveries SET due_at = due_at - {shift} WHERE due_at IS NOT NULL")
            db.exec_driver_sql(f"UPDATE hub_subscriptions SET lease_until = lease_until - {shift}")
            db.exec_driver_sql(f"UPDATE deliveries SET settled_at = settled_at - {shift} WHERE settled_at IS NOT NULL")
            db.exec_driver_sql(f"UPDATE hub_outbox SET due_at = due_at - {shift}")

    def expire(self) -> int:
        """Let upkeep end what is over."""
        with self.store.settling() as db:
            return hub.expire(db, 100, clock(db))

    def subscriptions(self) -> list[dict[str, Any]]:
        """Those that are active."""
        with self.store.reading() as db:
            return hub.list_subscriptions(db, base_url=self.base)

    def get(self, topic: str) -> requests.Response:
        """The document of *topic*, without any negotiation, once memory has forgotten the one before."""
        return requests.get(topic, headers={"Accept-Encoding": "identity"}, timeout=10)


@contextlib.contextmanager
def a_rig(
    store: Store,
    tmp_path: Path,
    *,
    steps: tuple[int, ...] = (30, 30),
    port: int | None = None,
    keys: KeyRing | None = None,
    **over: Any,
) -> Iterator[Rig]:
    """A hub that is served under its own address, and lets callbacks be on this machine unless told."""
    port = port or free_port()
    settings: dict[str, Any] = {"base_url": f"http://127.0.0.1:{port}", "allow_private_endpoints": True} | over
    face = a_face(store, tmp_path, **settings)
    face = replace(face, keys=keys) if keys else face
    with store.reading() as db:
        installation = migrate.installation_number(db)
    push = Push(
        lane="push.http",
        worker="w1",
        installation=installation,
        policy=RetryPolicy(steps),
        disable_after_s=3600,
        mailing=Mailing(face.settings.base, "Zonewire <news@wire.example>", face.keys),
    )
    pusher = Pusher(store, HttpCourier(guard_of(face.settings), timeout_s=2.0), push)
    try:
        with serve(create_app(face), port=port):
            yield Rig(store, face, pusher)
    finally:
        pusher.close(grace_s=0.1)

"""What tests of the watch stand on: an operator's mailbox or chat, and the watches of some processes."""

import email
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import update

from tests.zonewire.alarms.pictures import WELL
from zonewire.alarms import Kept, Places, Surroundings, tell
from zonewire.delivery import heartbeats
from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.lanes import Lane
from zonewire.delivery.mailing import Mailing
from zonewire.herald import Herald, relay_of
from zonewire.keys import KeyRing
from zonewire.outbound.guard import Guard
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.store.tables import heartbeats as beats
from zonewire.watch import PATIENCE_S, Watch

KEYS = KeyRing(("a key for tests",))
BASE = "http://wire.example"
RUNBOOK = "https://wiki.example/runbook.md"
DAY = 86_400 * SECOND
OPERATOR = "night@ops.example"


@dataclass(slots=True, kw_only=True)
class Night:
    """An installation at night. All is well, but what a test changes; its time is *at_s* seconds behind the first."""

    store: Store
    outbox: Path
    smtp_url: str | None = None
    is_broker_up: bool = True
    first: int = 0
    at_s: int = 0
    looks: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        with self.store.writing() as db:
            self.first = clock(db)

    @property
    def now(self) -> int:
        """This moment."""
        return self.first + self.at_s * SECOND

    def receiver(self, channel: str = "email", to: str = OPERATOR, *, locale: str = "en", **over: Any) -> int:
        """Somebody who is told."""
        address = normalised(channel, to)
        with self.store.writing() as db:
            found = find_or_make_endpoints(db, [EndpointWanted(address, **over)], keys=KEYS, now=self.now)
            tell(db, found[address].id, locale=locale, now=self.now)
        return found[address].id

    def watch(self, patience_s: float = PATIENCE_S) -> Watch:
        """That of one process."""
        return Watch(self.store, self.herald(), self.around, patience_s=patience_s)

    def herald(self) -> Herald:
        """Whoever carries its alarms."""
        return Herald(
            mailing=Mailing(BASE, "Zonewire <wire@portal.example>", KEYS),
            places=Places(BASE, RUNBOOK),
            guard=Guard(allow_private=True),
            relay=relay_of(self.smtp_url),
            outbox=self.outbox,
        )

    def around(self) -> Surroundings:
        """What stands in no database."""
        return Surroundings(
            disk_free=WELL.around.disk_free, disk_size=WELL.around.disk_size, is_broker_up=self.is_broker_up
        )

    def passes(self, seconds: int, *watches: Watch, every_s: int = 60) -> list[Kept]:
        """So much time, in which each of *watches* looks again and again."""
        kept = []
        self._beat()
        for _ in range(0, seconds, every_s):
            self.at_s += every_s
            kept += [look for watch in watches if (look := watch.turn(now=self.now)) is not None]
        return kept

    def _beat(self) -> None:
        """Every lane has a worker, and beat hints it for as long as the night lasts."""
        with self.store.settling() as db:
            for lane in Lane:
                heartbeats.beat(db, worker=f"{lane}@here", lane=lane, tasked_ago_s=0.0)
            db.execute(update(beats).values(tasked_at=self.first + DAY))


def mails(contents: Sequence[bytes]) -> Iterator[EmailMessage]:
    """Mails as they came."""
    for content in contents:
        yield email.message_from_bytes(content, policy=default)

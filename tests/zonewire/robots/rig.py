"""What tests of robots stand on: a pusher of the lane push.robot, a platform, and robots that are subscribed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from tests.builders import (
    a_delivery,
    a_filter,
    a_subscription,
    a_version,
    an_article,
    an_edition,
)
from tests.eventually import eventually
from tests.simulators.dingtalk import DingTalk
from tests.simulators.feishu import Feishu
from tests.simulators.robots import Robots
from tests.simulators.serving import Simulator
from tests.simulators.slack import Slack
from tests.simulators.wecom import WeCom
from zonewire.articles.model import Article, Version
from zonewire.delivery import counts
from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.owing import owe_test
from zonewire.delivery.retries import RetryPolicy
from zonewire.keys import KeyRing
from zonewire.loading import Services
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.guard import Guard
from zonewire.push import Push, Pusher
from zonewire.store import SECOND, Store, migrate, now
from zonewire.store.tables import attempts, deliveries, edition_versions, endpoints, paces
from zonewire.subscriptions.request import TEMPLATE

KEYS = KeyRing(("a key for tests",))
BASE = "https://news.example"
PLATFORMS: dict[str, type[Robots]] = {"wecom": WeCom, "dingtalk": DingTalk, "feishu": Feishu, "slack": Slack}
EACH = [pytest.param(name, marks=() if name in {"wecom", "feishu"} else pytest.mark.slow) for name in sorted(PLATFORMS)]
"""For tests that hold for each of them: two platforms are enough where time is short."""
KEY_OF = {
    "wecom": "0f7d0a52-6f2e-4b57-9c0b-2d6a1f3b8e90",
    "dingtalk": "9d1f" * 16,
    "feishu": "b7a2c1d0-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
    "slack": "T01234567/B01234567/abcdefghijklmnopqrstuvwx",
}
SERVICES = Services()


@dataclass(slots=True)
class Chat:
    """A platform, a pusher for it, and what is owed there."""

    store: Store
    channel: str
    platform: Any  # the simulator: of robots, or a search engine
    services: Services = SERVICES
    made: list[Pusher] = field(default_factory=list)

    @property
    def key(self) -> str:
        return KEY_OF[self.channel]

    def pusher(self, *, steps: tuple[int, ...] = (0, 0), worker: str = "w1", timeout_s: float = 2.0) -> Pusher:
        with self.store.reading() as db:
            installation = migrate.installation_number(db)
        push = Push(
            lane="push.robot",
            worker=worker,
            installation=installation,
            policy=RetryPolicy(steps),
            disable_after_s=3600,
            mailing=Mailing(BASE, "Zonewire <digest@news.example>", KEYS),
            services=self.services,
        )
        courier = HttpCourier(Guard(allow_private=True), timeout_s=timeout_s, wait_header=b"x-ogw-ratelimit-reset")
        self.made.append(Pusher(self.store, courier, push))
        return self.made[-1]

    def robot(self, key: str | None = None, *, secret: str | None = None, **options: Any) -> int:
        """An endpoint for a robot that the platform knows, with a subscription to everything as it happens."""
        address = self.platform.add(key or self.key, secret=secret, **options)
        with self.store.writing() as db:
            wanted = EndpointWanted(normalised(self.channel, address), secret)
            ((_, found),) = find_or_make_endpoints(db, [wanted], keys=KEYS, now=now(db)).items()
            a_subscription(db, endpoint_id=found.id)
            return found.id

    def site(self, host: str) -> int:
        """An endpoint for a search engine that is told of the site *host*."""
        with self.store.writing() as db:
            wanted = EndpointWanted(normalised(self.channel, host))
            ((_, found),) = find_or_make_endpoints(db, [wanted], keys=KEYS, now=now(db)).items()
            return found.id

    def owe(self, endpoint: int, *articles: Article, kind: str = "news") -> list[int]:
        """News of *articles*, due now."""
        with self.store.writing() as db:
            moment = now(db)
            versions = [a_version(db, one, withdrawn=kind == "withdrawal") for one in articles]
            return [
                a_delivery(db, endpoint_id=endpoint, version=one, kind=kind, created_at=moment, due_at=moment - 1)
                for one in versions
            ]

    def owe_digest(self, endpoint: int, articles: Sequence[Article]) -> tuple[int, list[Version]]:
        """An edition with *articles*, owed now."""
        with self.store.writing() as db:
            versions = [a_version(db, one) for one in articles]
            edition = an_edition(db, up_to=versions[-1].number, filter_id=a_filter(db), template=TEMPLATE)
            rows = [{"edition_id": edition, "number": one.number, "role": "story"} for one in versions]
            db.execute(insert(edition_versions), rows)
            subscription = a_subscription(db, endpoint_id=endpoint, cadence="daily", next_at=None)
            moment = now(db)
            delivery = a_delivery(
                db,
                endpoint_id=endpoint,
                kind="digest",
                edition_id=edition,
                subscription_id=subscription,
                created_at=moment,
                due_at=moment - 1,
            )
            return delivery, versions

    def owe_test(self, endpoint: int) -> None:
        with self.store.writing() as db:
            owe_test(db, endpoint, now=now(db))

    def states(self) -> dict[str, int]:
        with self.store.reading() as db:
            rows = db.execute(select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)).all()
            assert {slot.state.value: n for slot, n in counts.read(db).items()} == {row.state: row.n for row in rows}
            return {row.state: row.n for row in rows}

    def until(self, states: dict[str, int], *pushers: Pusher, within_s: float = 10) -> None:
        def reached() -> bool:
            for pusher in pushers:
                pusher.turn()
            return self.states() == states

        eventually(reached, within_s=within_s, what=str(states))

    def row(self, key: int) -> Any:
        with self.store.reading() as db:
            return db.execute(select(deliveries).where(deliveries.c.id == key)).one()

    def endpoint(self, key: int) -> Any:
        with self.store.reading() as db:
            return db.execute(select(endpoints).where(endpoints.c.id == key)).one()

    def errors(self) -> list[str]:
        with self.store.reading() as db:
            return list(db.execute(select(attempts.c.error).order_by(attempts.c.id)).scalars())

    def is_clean(self) -> bool:
        """Whether nothing was refused, overrun, cut in silence, or done as a good client does not."""
        platform = self.platform
        assert not platform.refusals, platform.refusals
        assert not platform.faults, platform.faults
        assert not platform.silent_cuts, platform.silent_cuts
        assert not platform.overruns
        return True


@contextmanager
def chatting(store: Store, channel: str, **options: Any) -> Iterator[Chat]:
    """A platform that runs, with its pushers closed at the end."""
    with PLATFORMS[channel](**options) as platform:
        chat = Chat(store, channel, platform)
        yield chat
        for pusher in chat.made:
            pusher.courier.close(grace_s=0)


@contextmanager
def telling(store: Store, channel: str, engine: Simulator, services: Services) -> Iterator[Chat]:
    """A search engine that runs, with its pushers closed at the end."""
    chat = Chat(store, channel, engine, services)
    yield chat
    for pusher in chat.made:
        pusher.courier.close(grace_s=0)


def some_articles(n: int, **over: Any) -> list[Article]:
    """So many, none with the title of another."""
    return [an_article(**over) for _ in range(n)]


def leave_room(chat: Chat, endpoint: int, free: int) -> None:
    """Let the robot have been sent so much that only *free* messages more go in this minute."""
    with chat.store.writing() as db:
        sent = [now(db) - 11 * SECOND - n for n in range(18 - free, 0, -1)]
        db.execute(paces.insert().values(endpoint_id=endpoint, sent=str(sent)))


def let_a_minute_pass(chat: Chat) -> None:
    """Let everything that waits be due, and every robot have its whole minute."""
    with chat.store.writing() as db:
        db.execute(paces.delete())
        db.execute(update(deliveries).where(deliveries.c.ready == 0).values(due_at=now(db)))

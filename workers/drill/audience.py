"""Who receives: webhooks, readers of mails as news happens, robots of chats, readers of digests, callbacks of the hub.

Each with a filter of its own, and each at a *door*: what is cut is a door, with everybody behind it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from workers.drill.newsroom import CITIES, News, zone_name
from zonewire.keys import new_webhook_secret

HOOK_DOORS = ("webhooks A", "webhooks B", "webhooks C")
ROBOT_DOORS = ("robots A", "robots B")
HUB_DOOR = "callbacks"
MAIL_DOOR = "SMTP server"
HTTP_DOORS = (*HOOK_DOORS, *ROBOT_DOORS, HUB_DOOR)

ROBOTS = {
    "wecom": "/cgi-bin/webhook/send?key={key}",
    "dingtalk": "/robot/send?access_token={key}",
    "feishu": "/open-apis/bot/v2/hook/{key}",
    "slack": "/services/{key}",
}
"""Where each platform's robots listen, as the vendor has it."""

WEBHOOKS, MAILS, DIGESTS, CALLBACKS = 24, 24, 12, 6
TO_ALL = 6
"""Of the webhooks, and of the mails, so many want everything."""

DIGEST = "digest"
"""What a reader of digests is counted as, beside the channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One endpoint with its one subscription."""

    name: str  # what it is called in what we print, and no other is
    channel: str
    to: str
    door: str
    cadence: str = "instant"
    at: str = "08:00"
    city: tuple[str, ...] = ()
    not_city: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    secret: str = ""

    @property
    def counted_as(self) -> str:
        """The line of the report that it stands in."""
        return self.channel if self.cadence == "instant" else DIGEST

    def wants(self, news: News) -> bool:
        """Whether its filter passes *news*: the whole of our model of a filter."""
        if self.city and news.city not in self.city:
            return False
        if self.zone and news.zone not in self.zone:
            return False
        return news.city not in self.not_city

    def line(self) -> dict[str, Any]:
        """For `subscriptions import`."""
        options: dict[str, Any] = {"channel": self.channel, "to": self.to, "cadence": self.cadence}
        options |= {name: list(some) for name in ("city", "not_city", "zone") if (some := getattr(self, name))}
        if self.secret:
            options["secret"] = self.secret
        if self.channel == "email":
            options |= {"confirmed": True, "at": self.at, "timezone": "UTC"}
        return options


def audience_of(chance: random.Random, ports: Mapping[str, int], *, zones: int, began: datetime) -> list[Receiver]:
    """Everybody but the hub's callbacks, who subscribe themselves. *ports* are the doors'; *began* is in UTC."""
    return [*_webhooks(chance, ports), *_mails(chance), *_robots(ports), *_digests(chance, zones, began)]


def _webhooks(chance: random.Random, ports: Mapping[str, int]) -> list[Receiver]:
    found = []
    for n in range(WEBHOOKS):
        door = HOOK_DOORS[n % len(HOOK_DOORS)]
        to, secret = f"http://127.0.0.1:{ports[door]}/hooks/{n + 1}", new_webhook_secret()
        one = Receiver(name=f"webhook {n + 1}", channel="webhook", to=to, door=door, secret=secret)
        found.append(_choosing(one, chance, n))
    return found


def _mails(chance: random.Random) -> list[Receiver]:
    found = []
    for n in range(MAILS):
        to = f"reader-{n + 1}@drill.example"
        one = Receiver(name=f"reader {n + 1}", channel="email", to=to, door=MAIL_DOOR)
        found.append(_choosing(one, chance, n))
    return found


def _choosing(receiver: Receiver, chance: random.Random, n: int) -> Receiver:
    """The first few want everything, one more all but some cities, the others some cities."""
    if n < TO_ALL:
        return receiver
    some = tuple(chance.sample(CITIES, 3))
    return replace(receiver, not_city=some) if n == TO_ALL else replace(receiver, city=some)


def _robots(ports: Mapping[str, int]) -> list[Receiver]:
    """One city each: their platforms want little a minute."""
    found = []
    for n, city in enumerate(CITIES):
        platform, path = list(ROBOTS.items())[n % len(ROBOTS)]
        door = ROBOT_DOORS[n // len(ROBOTS) % len(ROBOT_DOORS)]
        to = f"http://127.0.0.1:{ports[door]}{path.format(key=f'drill-robot-{n + 1:04}')}"
        found.append(Receiver(name=f"{platform} {n + 1}", channel=platform, to=to, door=door, city=(city,)))
    return found


def _digests(chance: random.Random, zones: int, began: datetime) -> list[Receiver]:
    """One zone each; due at the first minutes of the drill, so that beat and the lane cut them while all fails."""
    own: Sequence[int] = chance.sample(range(zones), DIGESTS)
    return [
        Receiver(
            name=f"digest {n + 1}",
            channel="email",
            to=f"digest-{n + 1}@drill.example",
            door=MAIL_DOOR,
            cadence="daily",
            at=f"{began + timedelta(minutes=1 + n % 3):%H:%M}",
            zone=(zone_name(zone),),
        )
        for n, zone in enumerate(own)
    ]

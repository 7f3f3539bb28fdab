"""Robots of chats for the sample desk: one on each platform, as strict as the simulators of our tests, and what came.

The simulators stand in `tests/simulators`, which a checkout may lack: then there are no sample robots.
"""

import importlib
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from workers.chats import Reading, reading_of
from zonewire import ROOT

KEPT = 200
KEY = "sample-robot"
PATH = "robots"  # of the desk: /robots/PLATFORM?key=KEY


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a simulator stands, and where its robots listen, as the vendor has it."""

    simulator: str
    address: str

    def of_key(self, key: str) -> tuple[str, dict[str, str]]:
        """Path and query of the robot *key*."""
        parts = urlsplit(self.address.format(key=key))
        return parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}


PLATFORMS: Mapping[str, Platform] = {
    "wecom": Platform("WeCom", "/cgi-bin/webhook/send?key={key}"),
    "dingtalk": Platform("DingTalk", "/robot/send?access_token={key}"),
    "feishu": Platform("Feishu", "/open-apis/bot/v2/hook/{key}"),
    "slack": Platform("Slack", "/services/{key}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One message that came."""

    platform: str
    reading: Reading
    came_at: int  # microseconds
    refused: str = ""  # why the platform did not take it


@dataclass(frozen=True, slots=True)
class Answered:
    """What a platform answers."""

    status: int
    content_type: str
    body: bytes


@dataclass(slots=True)
class SampleRobots:
    """The robots, and the newest KEPT messages to them; used by many threads."""

    simulators: Mapping[str, Any]
    _asked: Any  # tests.simulators.serving.Asked
    _chats: deque[Chat] = field(default_factory=lambda: deque(maxlen=KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, platform: str, key: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Have *platform* judge a message to its robot *key*; what became of it is kept."""
        path, query = PLATFORMS[platform].of_key(key)
        named = {name.lower(): value for name, value in headers.items()}
        asked = self._asked(method="POST", path=path, query=query, headers=named, body=body, at=time.time())
        with self._lock:
            answer = self.simulators[platform].answer(asked)
            self._keep(platform, asked)
        return Answered(answer.status, answer.headers.get("content-type", "text/plain"), answer.body)

    def newest_first(self) -> list[Chat]:
        """What is kept now."""
        with self._lock:
            return list(reversed(self._chats))

    def _keep(self, platform: str, asked: Any) -> None:
        """A message that was taken as the platform shows it, one that was not as it came. Simulators forget theirs."""
        simulator = self.simulators[platform]
        taken = simulator.robot(KEY, unknown=0, stopped=0).accepted
        refused = simulator.refusals[-1] if simulator.refusals else ""
        message = taken[-1] if taken else _object_of(asked)
        reading = reading_of(platform, message)
        self._chats.append(Chat(platform=platform, reading=reading, came_at=time.time_ns() // 1_000, refused=refused))
        taken.clear()
        simulator.refusals.clear()


@cache
def simulators() -> Mapping[str, Any] | None:
    """The modules of PLATFORMS by name, and `serving`; None where they are not here."""
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    try:
        return {name: importlib.import_module(f"tests.simulators.{name}") for name in (*PLATFORMS, "serving")}
    except ImportError:
        return None


def sample_robots() -> SampleRobots | None:
    """New robots, to whom nothing came yet; None where there can be none."""
    modules = simulators()
    if modules is None:
        return None
    platforms = {name: getattr(modules[name], platform.simulator)(open=True) for name, platform in PLATFORMS.items()}
    for simulator in platforms.values():
        simulator.robot(KEY, unknown=0, stopped=0)  # there from now on
        simulator.open = False
    return SampleRobots(platforms, modules["serving"].Asked)


def robot_url(desk_url: str, platform: str) -> str:
    """The address of the sample robot on *platform*, as a customer would paste it."""
    return f"{desk_url}/{PATH}/{platform}?key={KEY}"


def _object_of(asked: Any) -> dict[str, Any]:
    try:
        found = asked.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"?": asked.body[:400].decode(errors="replace")}

"""What the simulated chat robots share: many robots on one platform, their rates, and what readers see of a message.

A robot has its own key, secret, keywords, addresses and rate window. `faults` keeps what a platform lets pass and a
good client does not do; `silent_cuts` what the platform cut without a word; `overruns` how often a rate was broken.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

import orjson

from tests.simulators.markdown import Link, Seen
from tests.simulators.serving import Answer, Asked, Simulator
from tests.simulators.shapes import Check, Json, complaint, texts

CALLER = "127.0.0.1"  # all requests come from here
LONGEST_WINDOW = 100  # messages that a rate has to remember
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")


class Fate(Enum):
    """What became of a robot."""

    WELL = "well"
    STOPPED = "stopped"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *most* requests in any *in_s* seconds."""

    most: int
    in_s: float


@dataclass(slots=True, kw_only=True)
class Robot:
    """One robot in one group."""

    key: str
    secret: str | None = None
    keywords: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()  # whom it listens to; anybody where empty
    fate: Fate = Fate.WELL
    came: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST_WINDOW))  # let through, by the clock
    muted_until: float = 0.0
    accepted: list[Json] = field(default_factory=list)
    forced: deque[int] = field(default_factory=deque)  # codes for its next requests


class Refused(Exception):
    """A message that the platform does not take."""

    def __init__(self, why: str, answer: Answer) -> None:
        super().__init__(why)
        self.answer = answer


class Robots(Simulator):
    """A platform with robots. A subclass says `url`, `take`, `no` and `look`."""

    rates: tuple[Rate, ...] = ()
    mute_s = 0.0  # how long a robot stays refused once it broke a rate

    def __init__(self, *, open: bool = False, port: int = 0) -> None:  # noqa: A002 - reads well: WeCom(open=True)
        """*open*: a key that nobody added becomes a robot at its first message."""
        super().__init__(port=port)
        self.open = open
        self.faults: list[str] = []
        self.silent_cuts: list[str] = []
        self.overruns = 0
        self._robots: dict[str, Robot] = {}

    def add(self, key: str, *, secret: str | None = None, keywords: Iterable[str] = (), ips: Iterable[str] = ()) -> str:
        """A robot; its address as a customer would paste it."""
        with self.lock:
            self._robots[key] = Robot(key=key, secret=secret, keywords=tuple(keywords), ips=tuple(ips))
        return self.url(key)

    def remove(self, key: str) -> None:
        """Its robot is taken out of the group."""
        self._robots[key].fate = Fate.REMOVED

    def stop(self, key: str) -> None:
        """Its robot is switched off."""
        self._robots[key].fate = Fate.STOPPED

    def restart(self, key: str) -> None:
        """Its robot is as before it was stopped or removed."""
        self._robots[key].fate = Fate.WELL

    def answer_next(self, key: str, code: int, *, times: int = 1) -> None:
        """Refuse the next *times* requests of *key* with *code*, whatever they are; no overrun is counted."""
        with self.lock:
            self._robots[key].forced.extend([code] * times)

    def messages(self, key: str) -> list[Json]:
        """What it accepted, in order, as it is shown: after silent cuts."""
        with self.lock:
            return list(self._robots[key].accepted) if key in self._robots else []

    def links(self, key: str) -> list[Link]:
        """(title, address) of every link that has a text, as a reader sees it."""
        return [link for seen in self._seen(key) for link in seen.links]

    def titles(self, key: str) -> list[str]:
        """Every article's title: texts of links, and the headings that do not repeat one in the same message."""
        return [title for seen in self._seen(key) for title in seen.titles]

    def mentions(self, key: str) -> list[str]:
        """Whom a client would ring for."""
        return [whom for seen in self._seen(key) for whom in seen.mentions]

    def rendered_links(self, key: str) -> list[str]:
        """Every address that a client would let one tap, bare ones among them."""
        return [url for seen in self._seen(key) for url in seen.rendered]

    def _seen(self, key: str) -> list[Seen]:
        return [self.look(message) for message in self.messages(key)]

    def url(self, key: str) -> str:
        """The address of the robot *key*."""
        raise NotImplementedError

    def take(self, asked: Asked) -> Answer:
        """Take a message. Raises Refused."""
        raise NotImplementedError

    def no(self, code: int, why: str) -> Refused:
        """A refusal in the platform's own form."""
        raise NotImplementedError

    def look(self, message: Json) -> Seen:
        """What a reader sees of an accepted *message*."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Answer:
        """What the platform answers."""
        try:
            return self.take(asked)
        except Refused as refused:
            return self.refuse(str(refused), refused.answer)

    def robot(self, key: str, *, unknown: int, stopped: int) -> Robot:
        """The robot *key*, where it is well. Raises Refused with the code given."""
        if self.open and key and key not in self._robots:
            self._robots[key] = Robot(key=key)
        robot = self._robots.get(key)
        if robot is None or robot.fate is Fate.REMOVED:
            raise self.no(unknown, f"no robot {key!r}")
        if robot.fate is Fate.STOPPED:
            raise self.no(stopped, f"robot {key!r} is stopped")
        if robot.forced:
            raise self.no(robot.forced.popleft(), "forced")
        return robot

    def over_rate_s(self, robot: Robot) -> float:
        """Seconds until *robot* may send again; 0.0 where it may, and then this request is counted."""
        now = self.now()
        if now < robot.muted_until:
            self.overruns += 1
            return robot.muted_until - now
        for rate in self.rates:
            recent = [at for at in robot.came if at > now - rate.in_s]
            if len(recent) >= rate.most:
                self.overruns += 1
                robot.muted_until = now + self.mute_s
                return max(self.mute_s, recent[-rate.most] + rate.in_s - now)
        robot.came.append(now)
        return 0.0

    def read_json(self, asked: Asked, no: Callable[[str], Refused], no_type: Callable[[str], Refused]) -> Json:
        """The body as an object. Notes faults of form that platforms let pass."""
        # protocols, head: raw UTF-8 without \uXXXX, `Content-Type: application/json; charset=utf-8`
        kind, _, parameter = asked.headers.get("content-type", "").lower().partition(";")
        if kind.strip() != "application/json":
            raise no_type(f"content-type {kind!r}")
        if parameter.strip().replace('"', "") != "charset=utf-8":
            self.faults.append(f"content-type without charset=utf-8: {parameter!r}")
        try:
            body = asked.json()
        except orjson.JSONDecodeError as error:
            raise no(f"no JSON: {error}") from error
        if not isinstance(body, dict):
            raise no("JSON, but no object")
        if any(int(found, 16) >= 0x80 for found in _ESCAPED.findall(asked.body)):
            self.faults.append(r"\u escapes in place of raw UTF-8")
        return body


def require(check: Check, value: object, no: Callable[[str], Refused]) -> None:
    """Raises what *no* makes of the first thing that *check* has against *value*."""
    if why := complaint(check, value):
        raise no(why)


def has_keyword(robot: Robot, content: object) -> bool:
    """Whether *content* has one of the robot's keywords, where it asks for any; addresses are no content."""
    said = [text for text in texts(content) if not re.match(r"\w+://", text)]
    return not robot.keywords or any(keyword in text for keyword in robot.keywords for text in said)

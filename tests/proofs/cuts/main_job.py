"""The main job, in one thread: a portal speaks, and everything that follows from it is done until nothing is left.

It may be begun again at any time, as processes are: what the portal was answered is not said again, all else is.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.proofs.cuts.cutting import Pass, into_transfer
from zonewire import digests, feeds, subscriptions
from zonewire.articles.model import Article
from zonewire.delivery import ledger
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.retries import RetryPolicy
from zonewire.intake import Event, EventType, accept
from zonewire.keys import KeyRing
from zonewire.outbound.courier import HttpRequest, MailRequest, Reply, Request, Ticket
from zonewire.outbound.couriers.smtp import Line, Relay
from zonewire.outbound.couriers.transfers import Multi, Transfer
from zonewire.outbound.guard import Guard
from zonewire.push import Push, Pusher
from zonewire.reaction import react
from zonewire.store import SECOND, Store, migrate, now
from zonewire.store.pacing import Pace

HOUR = 3600 * SECOND
DAY = 24 * HOUR
BASE_URL = "https://news.example"
PLACES = 8
"""What is claimed at once, and so may have been sent without being settled."""
TURNS_MOST = 500
LANES = ("push.http", "push.email")
KEYS = KeyRing(("a key for tests",))


class OneThreadCourier:
    """Carries each request to its end before the next, with the parts of the real couriers."""

    places_per_host = PLACES
    free_places = PLACES
    in_flight = 0

    def __init__(self, relay: Relay, passing: Pass) -> None:
        self._line, self._passing = Line(relay), passing
        self._guard = Guard(allow_private=True)
        self._replies: list[tuple[Ticket, Reply]] = []

    def wait(self, _timeout_s: float) -> bool:
        return bool(self._replies)

    def host_places(self) -> dict[str, int]:
        return {}

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        for ticket, request in items:
            self._passing("request: before the first byte")
            assert isinstance(request, MailRequest | HttpRequest)  # the main job has no Official Account
            reply = self._mailed(request) if isinstance(request, MailRequest) else self._posted(request)
            self._replies.append((ticket, reply))
            self._passing("request: after the reply was read")

    def finished(self) -> list[tuple[Ticket, Reply]]:
        replies, self._replies = self._replies, []
        return replies

    def close(self, *, grace_s: float) -> None:  # noqa: ARG002  # the courier's interface
        self._line.rest()

    def _mailed(self, request: MailRequest) -> Reply:
        return self._line.carry(request, request.content if isinstance(request.content, bytes) else request.content())

    def _posted(self, request: HttpRequest) -> Reply:
        transfer, multi = Transfer(self._guard, timeout_s=10), Multi[None](kept_connections=1)
        into_transfer(transfer, self._passing)
        transfer.load((0, request.url, request.headers, request.body), 0.0)
        multi.add(transfer, None)
        while True:
            for ended, _, code in multi.drive():
                return ended.reply(code, 0.0)
            multi.curlm.select(0.1)


@dataclass(slots=True, kw_only=True)
class MainJob:
    """What a portal with a handful of readers goes through in two days."""

    store: Store
    relay: Relay
    name: str  # of this run: articles and addresses are its own
    hooks: str  # the receiver's address; paths hang below
    began: int  # microseconds
    answered: Container[str]  # events that the portal need not say again
    tell: Callable[[str], None]  # what it was answered
    passing: Pass
    worker: str = "w1"
    _pushers: list[Pusher] = field(default_factory=list)
    _asked: int = 0  # the subscription that waits for its reader's word

    def run(self) -> None:
        """All of it, from wherever an earlier process left it."""
        self._open()
        self._subscribe()
        self._work()
        self._confirm()
        self._say(self.published("a", title="甲园区签约", city="泰州"), self.published("b", title="乙园区开工"))
        self._work()
        self._next_digest(day=1)
        self._work()
        self._say(self.updated("a", title="甲园区签约（更正）", city="苏州"), self.published("c", title="丙园区投产"))
        self._work()
        self._say(self.withdrawn("b"))
        self._work()
        self._next_digest(day=2)
        self._work()

    # -- the portal and its readers --

    def guid(self, letter: str) -> str:
        return f"https://portal.example/{self.name}/{letter}"

    def reader(self, name: str) -> str:
        return f"{name}-{self.name}@mail.example"

    def published(self, letter: str, *, title: str, city: str = "无锡") -> Event:
        return self._event(EventType.PUBLISHED, letter, title, city)

    def updated(self, letter: str, *, title: str, city: str) -> Event:
        return self._event(EventType.UPDATED, letter, title, city)

    def withdrawn(self, letter: str) -> Event:
        ident, guid = f"{self.name}-{letter}-withdrawn", self.guid(letter)
        return Event(source="https://portal.example/cms", id=ident, type=EventType.WITHDRAWN, guid=guid)

    def _event(self, kind: EventType, letter: str, title: str, city: str) -> Event:
        guid = self.guid(letter)
        article = Article(guid=guid, url=guid, title=title, text=f"{title}。", html=f"<p>{title}。</p>", city=city)
        ident = f"{self.name}-{letter}-{kind}"
        return Event(source="https://portal.example/cms", id=ident, type=kind, guid=guid, article=article)

    def _say(self, *events: Event) -> None:
        said = " ".join(event.id for event in events)
        if said not in self.answered:
            accept(self.store, events, host="portal.example")
            self.tell(said)

    def _subscribe(self) -> None:
        wanted: list[dict[str, Any]] = [
            {"channel": "webhook", "to": f"{self.hooks}/{self.name}/steady"},
            {"channel": "webhook", "to": f"{self.hooks}/{self.name}/flaky"},
            {"channel": "webhook", "to": f"{self.hooks}/{self.name}/taizhou", "city": "泰州"},
            {"channel": "email", "to": self.reader("instant"), "cadence": "instant", "confirmed": True},
            {"channel": "email", "to": self.reader("one"), "cadence": "daily", "confirmed": True},
            {"channel": "email", "to": self.reader("asked"), "cadence": "daily"},
        ]
        with self.store.writing() as db:
            for options in wanted:
                request = subscriptions.read_options(options, check_url=lambda _url: None)
                made = subscriptions.subscribe(db, request, keys=KEYS, now=now(db))
        self._asked = made.id

    def _confirm(self) -> None:
        """The reader that was asked says yes; a second time, should the first have been lost."""
        with self.store.writing() as db:
            subscriptions.confirm(db, self._asked, now(db))

    # -- the workers --

    def _open(self) -> None:
        with self.store.reading() as db:
            installation = migrate.installation_number(db)
        for lane in LANES:
            push = Push(
                lane=lane,
                worker=f"{lane}@{self.worker}",
                installation=installation,
                policy=RetryPolicy((0,) * 9),
                disable_after_s=3600,
                mailing=Mailing(BASE_URL, "Zonewire <digest@news.example>", KEYS),
            )
            self._pushers.append(Pusher(self.store, OneThreadCourier(self.relay, self.passing), push))

    def _work(self) -> None:
        """Whatever each lane has to do, until there is nothing more; what comes of it is the next lane's."""
        _exhaust(lambda: bool(react(self.store, Pace(pauses=False), owed=lambda _lanes: None).articles))
        _exhaust(lambda: feeds.publish_due(self.store, base_url=BASE_URL, window_s=0).count > 0)
        for pusher, lane in zip(self._pushers, LANES, strict=True):
            _exhaust(lambda pusher=pusher, lane=lane: pusher.turn() is not None or self._is_anything_due(lane))  # type: ignore[misc]

    def _is_anything_due(self, lane: str) -> bool:
        """Rows that were handed back, or failed, are claimable again in a moment."""
        with self.store.reading() as db:
            ready, next_at = ledger.next_due(db, lane)
        return ready or next_at is not None

    def _next_digest(self, *, day: int) -> None:
        digests.cut_due(self.store, at=self.began + day * DAY + HOUR)


def _exhaust(did_something: Callable[[], bool]) -> None:
    for _ in range(TURNS_MOST):
        if not did_something():
            return
    raise AssertionError(f"after {TURNS_MOST} turns there is still work")

"""The portal of the drill: hands over event after event at a steady rate, and each again until it is answered 202."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson
import requests

from workers.drill.board import Board
from workers.drill.newsroom import News, Newsroom
from zonewire.errors import ZonewireError

REPEAT_S = 0.1
PATIENCE_S = 10.0  # for one answer
GIVE_UP_S = 90.0
"""An event that nobody took for so long is not going to be taken."""
CONTENT_TYPE = "application/cloudevents+json"


class EventRefused(ZonewireError):
    """The installation said no to an event that is well formed, or did not take it in time."""


@dataclass(slots=True)
class Portal:
    """A thread that publishes."""

    newsroom: Newsroom
    board: Board
    url: str
    token: str
    per_s: float
    answers: Counter[str] = field(default_factory=Counter)  # that were no 202: a status, or "no answer"
    failure: Exception | None = None
    _ending: threading.Event = field(default_factory=threading.Event)
    _given_up: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Publish from now on."""
        self._thread = threading.Thread(target=self._run, name="portal", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Publish no more; returns when the last event was taken. Raises EventRefused."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(GIVE_UP_S + PATIENCE_S)
        if self.failure is not None:
            raise self.failure

    def give_up(self) -> None:
        """Publish no more, and wait for no answer."""
        self._ending.set()
        self._given_up.set()

    def hand_over(self, news: News) -> None:
        """Have *news* taken, however often that is tried. Raises EventRefused."""
        body = orjson.dumps(news.event())
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": CONTENT_TYPE}
        self.board.post(news)
        deadline = time.monotonic() + GIVE_UP_S
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us
            session.headers.update(headers)
            while not self._is_taken(session, news, body):
                if time.monotonic() > deadline or self._given_up.is_set():
                    raise EventRefused(f"{news.guid} was not taken within {GIVE_UP_S:.0f} s")
                time.sleep(REPEAT_S)

    def _is_taken(self, session: requests.Session, news: News, body: bytes) -> bool:
        sent_at = time.monotonic()
        try:
            answer = session.post(f"{self.url}/v1/events", data=body, timeout=PATIENCE_S)
        except requests.RequestException:
            self.answers["no answer"] += 1
            return False
        if answer.status_code != 202:
            self.answers[str(answer.status_code)] += 1
            if answer.status_code < 500:
                raise EventRefused(f"{news.guid} was answered {answer.status_code}: {answer.text[:200]}")
            return False
        (told,) = answer.json()["events"]
        if told["version"] != news.version or told["result"] not in {"accepted", "duplicate"}:
            raise EventRefused(f"{news.guid} is version {news.version}, and was answered {told}")
        self.board.accept(news, sent_at=sent_at)
        return True

    def _run(self) -> None:
        due = time.monotonic()
        try:
            while not self._ending.is_set():
                self.hand_over(self.newsroom.next())
                due = max(due + 1 / self.per_s, time.monotonic() - 1)  # what was missed is not made up for in a rush
                self._ending.wait(max(0.0, due - time.monotonic()))
        except Exception as error:  # the thread that waits for us tells it
            self.failure = error

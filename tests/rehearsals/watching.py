"""Somebody who looks once a second at whatever operators could look at, and writes each change down."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from lxml import html as markup

STEP_S = 1.0

Look = Callable[[], list[str]]
"""What is to be seen at one place now; what was seen before is not told again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One change."""

    at: float  # time.monotonic()
    where: str  # console, readyz, alarms, prometheus
    text: str


@dataclass(slots=True)
class Watcher:
    """Looks at each place of *looks*, in a thread of its own for each, so that one that hangs hides no other."""

    looks: dict[str, Look]
    seen: list[Seen] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look."""
        for where, look in self.looks.items():
            thread = threading.Thread(target=self._watch, args=(where, look), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def first(self, where: str, *words: str, since: float) -> Seen | None:
        """The first change at *where* since then that says any of *words* (all of them, where none is given)."""
        later = (one for one in list(self.seen) if one.where == where and one.at >= since)
        return next((one for one in later if not words or any(word in one.text for word in words)), None)

    def last(self, where: str) -> str:
        """How it looks there now."""
        return next((one.text for one in reversed(list(self.seen)) if one.where == where), "")

    def _watch(self, where: str, look: Look) -> None:
        before: list[str] = []
        while not self._over.is_set():
            with contextlib.suppress(Exception):  # a look that fails is made again
                now = look()
                self.seen += [Seen(time.monotonic(), where, text) for text in now if text not in before]
                before = now
            self._over.wait(STEP_S)


def how_it_is(answer: requests.Response) -> str:
    """The sentence of the console's first page, and the titles of the alarms below it, in one line."""
    page = markup.document_fromstring(answer.text)
    told = "//div[contains(@class, 'how ')]/p[1] | //div[contains(@class, 'wrong ')]/h3/a"
    words = [" ".join(one.text_content().split()) for one in _all(page, told)]
    return " / ".join(words) or f"HTTP {answer.status_code}"


def _all(page: markup.HtmlElement, path: str) -> list[markup.HtmlElement]:
    found: list[markup.HtmlElement] = page.xpath(path)
    return found

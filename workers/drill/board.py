"""The board: what was posted and answered 202, and what receivers got. Many threads write here, and read.

Moments are monotonic seconds.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from workers.drill.newsroom import News

Version = tuple[int, int]
"""An article's number and its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One article's version in one thing that a receiver got and took."""

    receiver: str
    door: str
    number: int
    version: int
    text_version: int  # of the text that it shows
    withdrawn: bool = False
    ident: str = ""  # webhook-id, or the Message-ID's left part; "" where the channel has none
    is_signed: bool = True
    is_correction: bool = False  # of a digest: what stands under its corrections, not among its stories
    at: float = field(default_factory=time.monotonic)

    @property
    def what(self) -> Version:
        """Which version of which article."""
        return self.number, self.version


@dataclass(frozen=True, slots=True)
class Document:
    """A feed's document that a callback got."""

    receiver: str
    body: bytes
    at: float


@dataclass(slots=True)
class Board:
    """All that was said and heard."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _history: dict[int, list[News]] = field(default_factory=dict)  # accepted, by article, in order
    _posted_at: dict[Version, float] = field(default_factory=dict)
    _order: list[News] = field(default_factory=list)  # accepted, in order
    _receipts: list[Receipt] = field(default_factory=list)
    _documents: list[Document] = field(default_factory=list)
    _last_at: dict[str, float] = field(default_factory=dict)  # by door
    _newest_posted: dict[str, float] = field(default_factory=dict)  # by door: of what came, the last to be posted
    _answered: float = 0.0  # when that was posted which was answered 202 last

    def post(self, news: News) -> None:
        """*news* is about to be sent to the installation, for the first time."""
        with self._lock:
            self._posted_at[news.number, news.version] = time.monotonic()

    def accept(self, news: News, *, sent_at: float) -> None:
        """*news* was answered 202; the request was sent at *sent_at*."""
        with self._lock:
            self._history.setdefault(news.number, []).append(news)
            self._order.append(news)
            self._answered = max(self._answered, sent_at)

    def take(self, receipts: Sequence[Receipt]) -> None:
        """A receiver has got these, in one."""
        with self._lock:
            for one in receipts:
                self._receipts.append(one)
                self._last_at[one.door] = one.at
                posted = self._posted_at.get(one.what, 0.0)
                self._newest_posted[one.door] = max(posted, self._newest_posted.get(one.door, 0.0))

    def take_document(self, document: Document, door: str) -> None:
        """A callback has got a document."""
        with self._lock:
            self._documents.append(document)
            self._last_at[door] = document.at

    def deny_one(self, receiver: str) -> None:
        """*receiver* says that it never had what it got last of all that is still the newest of its article."""
        with self._lock:
            mine = [one for one in self._receipts if one.receiver == receiver and not one.withdrawn]
            newest = [one.what for one in mine if self._history[one.number][-1].version == one.version]
            self._receipts = [one for one in self._receipts if one.receiver != receiver or one.what != newest[-1]]

    # -- looking --

    def history(self) -> dict[int, list[News]]:
        """What was accepted of each article, in order."""
        with self._lock:
            return {number: list(some) for number, some in self._history.items()}

    def accepted(self) -> list[News]:
        """All that was accepted, in order."""
        with self._lock:
            return list(self._order)

    def receipts(self) -> dict[str, list[Receipt]]:
        """What came, in order, by receiver."""
        found: dict[str, list[Receipt]] = {}
        with self._lock:
            for one in self._receipts:
                found.setdefault(one.receiver, []).append(one)
        return found

    def documents(self) -> dict[str, Document]:
        """The last document of each callback."""
        with self._lock:
            return {one.receiver: one for one in self._documents}

    def count(self) -> tuple[int, int]:
        """How many events were accepted, and how many things came."""
        with self._lock:
            return len(self._order), len(self._receipts)

    # -- signs that something moves again --

    def came_since(self, doors: Sequence[str], moment: float) -> bool:
        """Whether anything came at one of *doors* since *moment*."""
        with self._lock:
            return any(self._last_at.get(door, 0.0) > moment for door in doors)

    def newer_came(self, doors: Sequence[str], moment: float) -> bool:
        """Whether something came there that was not even posted at *moment*."""
        with self._lock:
            return any(self._newest_posted.get(door, 0.0) > moment for door in doors)

    def answered_since(self, moment: float) -> bool:
        """Whether a request that was sent after *moment* was answered 202."""
        with self._lock:
            return self._answered > moment

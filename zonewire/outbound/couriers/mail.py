"""The mail courier: some threads that carry one mail each at a time, whatever the way (SMTP, or files).

A thread has one carrier, which keeps its connection from mail to mail. A carrier that hangs holds up its own thread
and the one mail in it; what waits is taken by the others.
"""

import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from zonewire.errors import ZonewireError
from zonewire.outbound.courier import MailRequest, Reply, Request, Ticket
from zonewire.telemetry import masked

log = structlog.get_logger()

COMPOSING = "compose"

WAITING = 4
"""Mails that may wait for each thread, so that none is idle between two turns."""
IDLE_S = 30.0
"""So long a connection is kept without a mail; many servers hang up after a minute or more."""
STOP_STEP_S = 0.02


class Carrier(Protocol):
    """Carries one mail at a time; belongs to one thread."""

    def carry(self, request: MailRequest, content: bytes) -> Reply:
        """Deliver *content*; never raises for what a server or a network does."""

    def rest(self) -> None:
        """Nothing came for a while: give a connection back."""


class MailCourier:
    """Implements `Courier` for mails. Opens nothing before the first `start`, so that it can be made before a fork."""

    def __init__(self, new_carrier: Callable[[], Carrier], *, threads: int = 8, idle_s: float = IDLE_S) -> None:
        self._new_carrier = new_carrier
        self._size = threads
        self._idle_s = idle_s
        self._waiting: queue.SimpleQueue[tuple[Ticket, MailRequest] | None] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[tuple[Ticket, Reply]] = queue.SimpleQueue()
        self._event = threading.Event()
        self._hosts: dict[Ticket, str] = {}  # of what was handed over and not fetched back
        self._threads: list[threading.Thread] = []

    def wait(self, timeout_s: float) -> bool:
        """Until a reply is there to be fetched, for at most *timeout_s* seconds; whether one is."""
        return self._event.wait(timeout_s)

    @property
    def in_flight(self) -> int:
        """Mails that were handed over and whose replies were not fetched yet."""
        return len(self._hosts)

    @property
    def free_places(self) -> int:
        """How many more mails may be handed over now."""
        return max(0, self.places_per_host - len(self._hosts))

    @property
    def places_per_host(self) -> int:
        """All of them: one relay takes the mail for every domain."""
        return self._size * WAITING

    def host_places(self) -> dict[str, int]:
        """Free places of each domain that has mails here."""
        used = Counter(self._hosts.values())
        return {host: min(self.places_per_host - n, self.free_places) for host, n in used.items()}

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        """Hand over mails; returns at once. Raises TypeError for a request that is no mail."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._work, name=f"mail-{n}", daemon=True) for n in range(self._size)
            ]
            for thread in self._threads:
                thread.start()
        for ticket, request in items:
            if not isinstance(request, MailRequest):
                raise TypeError(f"the mail courier carries mails, not a {type(request).__name__}")
            self._hosts[ticket] = request.host
            self._waiting.put((ticket, request))

    def finished(self) -> list[tuple[Ticket, Reply]]:
        """Fetch every reply that has come."""
        self._event.clear()  # first: what comes from here on sets it again
        replies = []
        with contextlib.suppress(queue.Empty):
            while True:
                replies.append(self._replies.get_nowait())
        for ticket, _ in replies:
            self._hosts.pop(ticket, None)
        return replies

    def close(self, *, grace_s: float) -> None:
        """Hand back what no thread has taken; wait at most *grace_s* seconds for the mails that are on their way."""
        with contextlib.suppress(queue.Empty):
            while (item := self._waiting.get_nowait()) is not None:
                self._hand_back(item[0], Reply(unsent=True, error="the process stops"))
        for _ in self._threads:
            self._waiting.put(None)
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []

    def _work(self) -> None:
        """One thread: take, carry, hand back, until told to stop."""
        carrier = self._new_carrier()
        while True:
            try:
                item = self._waiting.get(timeout=self._idle_s)
            except queue.Empty:
                carrier.rest()
                continue
            if item is None:
                carrier.rest()
                return
            ticket, request = item
            self._hand_back(ticket, _carried(carrier, request))

    def _hand_back(self, ticket: Ticket, reply: Reply) -> None:
        self._replies.put((ticket, reply))
        self._event.set()


def _carried(carrier: Carrier, request: MailRequest) -> Reply:
    started = time.monotonic()
    try:
        content = request.content if isinstance(request.content, bytes) else request.content()
    except (ZonewireError, KeyError) as error:
        log.warning("mail.unfit", delivery_id=request.name, error=masked(str(error)))
        return Reply(error=f"cannot be composed: {error}", command=COMPOSING)
    try:
        return carrier.carry(request, content)
    except Exception as error:  # the outermost loop of a thread: one mail must not end it
        log.exception("mail.failed", delivery_id=request.name)
        return Reply(error=f"{type(error).__name__}: {error}", took_ms=_ms_since(started))


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

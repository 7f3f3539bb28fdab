"""The courier of errands: conversations of several requests with one platform, one after the other, in a thread.

For what is rare and slow: a draft in a box of WeChat's takes a token, some pictures, and a call that names them. It
carries as well what the HTTP courier beside it carries, so that the lane of robots has one courier.
"""

import contextlib
import os
import queue
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from zonewire.outbound.courier import DraftRequest, Reply, Request, Ticket
from zonewire.outbound.couriers.http import HttpCourier

log = structlog.get_logger()

PLACES = 8
"""Errands that may wait for the one under way."""
READ_AT_ONCE = 4_096

Carry = Callable[[DraftRequest], Reply]


class ErrandCourier:
    """Carries DraftRequests by *carry*, and all others by *http*. See outbound.courier.Courier for the promises."""

    def __init__(self, http: HttpCourier, carry: Carry) -> None:
        self._http, self._carry = http, carry
        self._held: Counter[str] = Counter()  # by host
        self._waiting: queue.SimpleQueue[tuple[Ticket, DraftRequest] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[Ticket, str, Reply]] = queue.SimpleQueue()
        self._reader, self._writer = os.pipe()  # a byte for each errand that has ended
        os.set_blocking(self._reader, False)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
        self._thread.start()

    @property
    def free_places(self) -> int:
        """How many more requests may be handed over now."""
        return self._http.free_places

    @property
    def in_flight(self) -> int:
        """How many were handed over and not yet fetched back."""
        return self._http.in_flight + self._held.total()

    @property
    def places_per_host(self) -> int:
        """Free places of a host that is not in `host_places`."""
        return self._http.places_per_host

    def host_places(self) -> dict[str, int]:
        """Free places of each host that has requests here."""
        return self._http.host_places() | {host: max(0, PLACES - n) for host, n in self._held.items() if n}

    def wait(self, timeout_s: float) -> bool:
        """Until a reply is there to be fetched, for at most *timeout_s* seconds; whether one is."""
        poll = select.poll()
        for descriptor in (self._http.fileno(), self._reader):
            poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout_s) * 1000))

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        """Hand over; returns at once."""
        for ticket, request in items:
            if isinstance(request, DraftRequest):
                self._held[request.host] += 1
                self._waiting.put((ticket, request))
        self._http.start([item for item in items if not isinstance(item[1], DraftRequest)])

    def finished(self) -> list[tuple[Ticket, Reply]]:
        """Fetch every reply that has come."""
        replies = self._http.finished()
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, READ_AT_ONCE)
        while not self._ended.empty():
            ticket, host, reply = self._ended.get()
            self._held[host] -= 1
            replies.append((ticket, reply))
        return replies

    def close(self, *, grace_s: float) -> None:
        """Finish what is in flight for at most *grace_s* seconds; errands that wait are handed back untried."""
        until = time.monotonic() + grace_s
        self._closing.set()
        self._waiting.put(None)
        self._http.close(grace_s=grace_s)
        self._thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            ticket, request = item
            began = time.monotonic()
            reply = Reply(unsent=True) if self._closing.is_set() else self._carried(request)
            took_ms = int((time.monotonic() - began) * 1000)
            self._ended.put((ticket, request.host, reply._replace(took_ms=took_ms)))
            os.write(self._writer, b".")

    def _carried(self, request: DraftRequest) -> Reply:
        try:
            return self._carry(request)
        except Exception as error:  # the thread must go on, and the delivery has its tries
            log.exception("errand.failed", act=request.act)
            return Reply(error=f"a fault of ours: {type(error).__name__}")

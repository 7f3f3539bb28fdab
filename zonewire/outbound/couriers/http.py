"""The courier for HTTP and HTTPS: libcurl in a process of its own, and the side of it that stays here.

A process, because it and whoever hands over would else take turns at one interpreter: on two cores that cost more than
a third of the rate. It is forked before the worker opens anything, holds no file but its wire, and dies with the
worker; if it dies first, or falls silent, everything here raises CourierGone, and the worker must be replaced.
"""

import contextlib
import gc
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import structlog

from zonewire.errors import CourierGone
from zonewire.outbound.courier import HttpRequest, Reply, Request, Ticket
from zonewire.outbound.couriers.carrying import CONNECTIONS_PER_HOST, DESCRIPTORS_BESIDE, PLACES, Carrying
from zonewire.outbound.couriers.transfers import Item, Transfer
from zonewire.outbound.guard import Guard
from zonewire.outbound.wire import Wire
from zonewire.parent import die_with_parent, is_orphan

log = structlog.get_logger()

SILENCE_S = 15.0
"""The process tells every second that it is there while it carries something; after such a silence it is given up."""
HAND_OVER_S = 10.0
CYCLES_FROM = 100_000
"""The collector looks for cycles after so many new objects: thousands of tuples live for a moment, and none is one."""
LAST_WORDS_S = 2.0


@dataclass(slots=True)
class _Known:
    """What is known here of one host and port."""

    held: int = 0  # handed over and not yet fetched back
    places: int = CONNECTIONS_PER_HOST


class HttpCourier:
    """Carries HttpRequests. See outbound.courier.Courier for what each method promises.

    *wait_header* names, in lower case, one that counts as Retry-After besides it.
    """

    def __init__(
        self, guard: Guard, *, timeout_s: float, silence_s: float = SILENCE_S, wait_header: bytes = b""
    ) -> None:
        self._silence_s = silence_s
        self._hosts: dict[str, _Known] = {}
        self._in_flight = 0
        self._kept: list[tuple[Ticket, Reply]] = []  # what came while closing
        self._is_gone = self._is_closed = False
        self._listened_at = time.monotonic()
        self._silent_s = 0.0
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _carry(theirs, partial(Transfer, guard, timeout_s, wait_header), parent)
        theirs.close()
        self._wire = Wire(ours)

    @property
    def free_places(self) -> int:
        """How many more requests may be handed over now."""
        return PLACES - self._in_flight

    @property
    def in_flight(self) -> int:
        """Handed over and not yet fetched back."""
        return self._in_flight

    @property
    def places_per_host(self) -> int:
        """Free places of a host that is not in `host_places`."""
        return CONNECTIONS_PER_HOST

    def host_places(self) -> dict[str, int]:
        """Free places of the hosts that are known here; 0 for one that is full."""
        return {name: max(0, host.places - host.held) for name, host in self._hosts.items()}

    def fileno(self) -> int:
        """For pollers: readable when a reply is there."""
        return self._wire.fileno()

    def wait(self, timeout_s: float) -> bool:
        """Until a reply is there to be fetched, for at most *timeout_s* seconds; whether one is."""
        return self._wire.wait(timeout_s)

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        """Hand over *items*, all of them HttpRequests; returns at once."""
        items_by_host: dict[str, list[Item]] = {}
        for ticket, request in items:
            assert isinstance(request, HttpRequest)  # noqa: S101  # the lane's channels build nothing else
            items_by_host.setdefault(request.host, []).append((ticket, request.url, request.headers, request.body))
        for name, some in items_by_host.items():
            self._hosts.setdefault(name, _Known()).held += len(some)
        self._in_flight += len(items)
        self._wire.send((None, items_by_host))
        if not self._wire.drain(HAND_OVER_S):
            raise CourierGone(f"the courier's process {self.pid} takes no requests")

    def finished(self) -> list[tuple[Ticket, Reply]]:
        """Fetch every reply that has come."""
        replies, self._kept = [*self._kept, *self._fetch()], []
        if self._is_gone and not replies and not self._is_closed:
            raise CourierGone(f"the courier's process {self.pid} is gone")
        return replies

    def close(self, *, grace_s: float) -> None:
        """Finish what is in flight for at most *grace_s* seconds; what waits is handed back untried."""
        if self._is_closed:
            return
        self._is_closed = True
        deadline = time.monotonic() + grace_s + LAST_WORDS_S
        self._wire.send((grace_s, {}))
        while not self._is_gone and time.monotonic() < deadline:
            self._wire.wait(deadline - time.monotonic())
            self._kept += self._fetch()
        self._is_gone = True
        self._wire.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # somebody reaps all that dies here
            os.waitpid(self.pid, 0)

    def _fetch(self) -> list[tuple[Ticket, Reply]]:
        """The replies that have come over the wire."""
        if self._is_gone:
            return []
        try:
            messages = self._wire.received()
        except EOFError:
            self._is_gone = True
            return []
        self._listen(heard=bool(messages))
        replies: list[tuple[Ticket, Reply]] = []
        for told, places in messages:
            for fields, tickets in told:
                reply = Reply._make(fields)
                replies += [(ticket, reply) for ticket in tickets]
            for name, ended, free in places:
                host = self._hosts[name]
                host.held -= ended
                host.places = free
        self._in_flight -= len(replies)
        self._forget_quiet_hosts()
        return replies

    def _listen(self, *, heard: bool) -> None:
        """Give the process up after a long silence; only what passes while we listen counts, not our own sleep."""
        now = time.monotonic()
        if heard or not self._in_flight:
            self._silent_s = 0.0
        else:
            self._silent_s += min(1.0, now - self._listened_at)
        self._listened_at = now
        self._is_gone = self._silent_s > self._silence_s

    def _forget_quiet_hosts(self) -> None:
        """Hosts by the thousand come and go; what is known of a quiet one is not worth keeping."""
        if len(self._hosts) > PLACES:
            quiet = [
                name for name, host in self._hosts.items() if not host.held and host.places >= CONNECTIONS_PER_HOST
            ]
            for name in quiet[:PLACES]:
                del self._hosts[name]


def _carry(wire: socket.socket, new_transfer: Callable[[], Transfer], parent: int) -> NoReturn:
    """The whole life of the courier's process."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # whoever forked us is told, and tells us
        signal.set_wakeup_fd(-1)
        gc.freeze()  # nothing that was made before may be collected here: its descriptors are closed below
        gc.set_threshold(CYCLES_FROM)
        _open_more()
        end = _keep_only(wire)
        die_with_parent()
        if not is_orphan(parent):
            Carrying(Wire(end), new_transfer).run()
    except EOFError:
        pass  # the worker is gone
    except BaseException:  # going on could keep a request without a reply for ever; its lease brings it back
        log.exception("courier.failed")
    finally:
        os._exit(0)


def _open_more() -> None:
    """Most systems let a process open 1,024 descriptors until it asks for more, and there is a place for 4,000."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PLACES + DESCRIPTORS_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _keep_only(wire: socket.socket) -> socket.socket:
    """Close every descriptor but the first three and *wire*'s: a listener or a database of the worker's is not ours."""
    os.dup2(wire.fileno(), 3)
    for entry in list(Path("/dev/fd").iterdir()):  # not up to the limit on them, which may be a billion or none
        if int(entry.name) > 3:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(entry.name))
    return socket.socket(fileno=3)

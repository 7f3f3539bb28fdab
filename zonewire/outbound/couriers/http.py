"""The courier for HTTP and HTTPS: libcurl, many transfers at once, in a thread of its own.

Two multi handles share the work. Up to QUICK_OPEN transfers are driven by perform and select, which costs least; what
comes on top, and all that goes to hosts that lately did not answer, by libcurl's socket function and epoll, which does
not look at every open socket each time. No more than CONNECTIONS_PER_HOST transfers to a host are open; what a fast
host will have taken in the next moment may wait here for it, and is handed back untried if the host stops answering.

The guard is asked at each connection, on the address that is dialled (OPENSOCKETFUNCTION), redirects are not followed,
proxies and .netrc are not looked at, and no more than ANSWER_BYTES of an answer are read.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import certifi
import pycurl
import structlog

from zonewire.outbound.courier import ANSWER_BYTES, HttpRequest, Reply, Request, Ticket
from zonewire.outbound.guard import Guard

log = structlog.get_logger()

CONNECTIONS_PER_HOST = 32
QUICK_OPEN = 200
"""More transfers than this are dearer to drive by select than by epoll."""
SELECT_LIMIT = 700
"""With so many sockets open in all, a new one may lie above select's last descriptor, 1023."""
BRISK_OPEN = 8
BRISK_WAIT_S = 0.005
"""With so many transfers under way something happens all the time; what is handed over waits so long at most."""
PLACES = 4_000
AHEAD_S = 0.15
"""What a host is seen to take in this time may wait here for it."""
MOST_AHEAD = 2_000
STALLED_S = 0.5
"""A host that ends no transfer for so long gets no more ahead: what waits for it is handed back, for others to take."""
SLOW_HOST_PLACES = 4
"""Places of a host whose last transfer timed out."""
CONNECT_TIMEOUT_S = 5.0
SMOOTHING = 0.1

_ENDED = (pycurl.E_OPERATION_TIMEDOUT, pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, 18, 16, 92)
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "the host's name does not resolve",
    pycurl.E_COULDNT_CONNECT: "connection refused",
    pycurl.E_OPERATION_TIMEDOUT: "no answer in time",
    pycurl.E_GOT_NOTHING: "the connection was closed without an answer",
    pycurl.E_RECV_ERROR: "the connection broke off",
    pycurl.E_SEND_ERROR: "the connection broke off",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection could be made",
    pycurl.E_PEER_FAILED_VERIFICATION: "the certificate does not hold",
}


@dataclass(slots=True)
class _Host:
    """What is known of one host and port."""

    open: int = 0  # transfers in flight
    waiting: "deque[tuple[Ticket, HttpRequest]]" = field(default_factory=deque)
    held: int = 0  # handed over and not yet fetched back
    pace_s: float | None = None  # smoothed time of a transfer
    slow: bool = False  # the last one timed out
    ended_at: float = 0.0  # when the last transfer ended, or the first began

    @property
    def places(self) -> int:
        """How many requests may be here for it."""
        if self.slow:
            return SLOW_HOST_PLACES
        if self.pace_s is None:
            return CONNECTIONS_PER_HOST
        return max(CONNECTIONS_PER_HOST, min(MOST_AHEAD, int(CONNECTIONS_PER_HOST * AHEAD_S / max(self.pace_s, 1e-4))))


class _Transfer:
    """A reusable libcurl handle and the request that it carries now."""

    __slots__ = ("_guard", "body", "curl", "host", "multi", "refused", "size", "started", "ticket")

    def __init__(self, guard: Guard, timeout_s: float) -> None:
        self._guard = guard
        self.ticket = Ticket(0)
        self.host = ""
        self.multi: _Multi | None = None
        self.body: list[bytes] = []
        self.size = 0
        self.started = 0.0
        self.refused = False
        self.curl = curl = pycurl.Curl()
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.POST, 1),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.CAINFO, certifi.where()),
            (pycurl.TIMEOUT_MS, int(timeout_s * 1000)),
            (pycurl.CONNECTTIMEOUT_MS, int(min(CONNECT_TIMEOUT_S, timeout_s) * 1000)),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.WRITEFUNCTION, self._write),
            (pycurl.OPENSOCKETFUNCTION, self._open_socket),
        ):
            curl.setopt(option, value)

    def _write(self, data: bytes) -> int | None:
        self.size += len(data)
        if self.size > ANSWER_BYTES:
            return -1  # libcurl ends the transfer; the status line has decided already
        self.body.append(data)
        return None

    def _open_socket(self, _purpose: int, address: Any) -> Any:
        """The guard's second look: *address* is what is about to be dialled."""
        if address.family not in (socket.AF_INET, socket.AF_INET6) or not self._allows(address.addr):
            self.refused = True
            return pycurl.SOCKET_BAD
        return socket.socket(address.family, address.socktype, address.protocol)

    def _allows(self, address: tuple[Any, ...]) -> bool:
        host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
        return self._guard.allows(host.split("%", 1)[0], int(address[1]))

    def load(self, ticket: Ticket, request: HttpRequest, now: float) -> None:
        """Take the next request. Raises pycurl.error for what libcurl will not send."""
        self.ticket, self.host, self.started = ticket, request.host, now
        self.body, self.size, self.refused = [], 0, False
        headers = ["Expect:", *request.headers]
        if request.sign is not None:
            headers += request.sign(int(time.time()))
        curl = self.curl
        curl.setopt(pycurl.URL, request.url)
        curl.setopt(pycurl.HTTPHEADER, headers)
        curl.setopt(pycurl.POSTFIELDS, request.body)

    def reply(self, code: int, now: float) -> Reply:
        """What became of it; *code* is libcurl's, 0 for a whole answer."""
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if not code and 200 <= status < 300:
            return _fine(status, b"".join(self.body))
        wait = self.curl.getinfo(pycurl.RETRY_AFTER) if status in {429, 503} else 0
        sent = code in _ENDED and not status and self.curl.getinfo(pycurl.REQUEST_SIZE) > 0
        return Reply(
            status=status,
            body=b"".join(self.body),
            retry_after_s=wait or None,
            lost=sent,
            refused=self.refused,
            error=_said(self, code) if code else "",
            took_ms=int((now - self.started) * 1000),
        )


@lru_cache(maxsize=64)
def _fine(status: int, body: bytes) -> Reply:
    """Most good answers are alike: one reply serves them all."""
    return Reply(status=status, body=body)


def _said(transfer: _Transfer, code: int) -> str:
    if transfer.refused:
        return "the address leads inside"
    return _WORDS.get(code, f"libcurl error {code}: {transfer.curl.errstr()}")


class _Multi:
    """Transfers driven together, by perform and select."""

    def __init__(self) -> None:
        self.curlm = pycurl.CurlMulti()
        self.curlm.setopt(pycurl.M_MAXCONNECTS, 2 * QUICK_OPEN)
        self.curlm.setopt(pycurl.M_PIPELINING, 0)
        self.open: dict[pycurl.Curl, _Transfer] = {}

    def add(self, transfer: _Transfer) -> None:
        """Start *transfer*."""
        transfer.multi = self
        self.open[transfer.curl] = transfer
        self.curlm.add_handle(transfer.curl)

    def drive(self) -> list[tuple[_Transfer, int]]:
        """Move every transfer on; those that ended, with libcurl's code."""
        self.curlm.perform()
        return self.ended()

    def ended(self) -> list[tuple[_Transfer, int]]:
        """Fetch the transfers that ended."""
        done: list[tuple[_Transfer, int]] = []
        while True:
            more, fine, failed = self.curlm.info_read()
            done += [(self.open[curl], 0) for curl in fine]
            done += [(self.open[curl], code) for curl, code, _ in failed]
            if not more:
                break
        for transfer, _ in done:
            self.curlm.remove_handle(transfer.curl)
            del self.open[transfer.curl]
        return done


class _PolledMulti(_Multi):
    """Transfers driven by libcurl's socket function and an epoll of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.epoll = select.epoll()
        self.deadline: float | None = None
        self._watched: set[int] = set()
        self.curlm.setopt(pycurl.M_MAXCONNECTS, PLACES)
        self.curlm.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self.curlm.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def _watch(self, what: int, descriptor: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            if descriptor in self._watched:
                self._watched.discard(descriptor)
                with contextlib.suppress(OSError):  # it may be closed already
                    self.epoll.unregister(descriptor)
            return
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        if descriptor in self._watched:
            self.epoll.modify(descriptor, mask)
        else:
            self.epoll.register(descriptor, mask)
            self._watched.add(descriptor)

    def _set_timer(self, wait_ms: int) -> None:
        self.deadline = None if wait_ms < 0 else time.monotonic() + wait_ms / 1000

    def wait_s(self, most: float) -> float:
        """How long nothing is due here; *most* at most."""
        if self.deadline is None or not self.open:
            return most
        return min(most, max(0.0, self.deadline - time.monotonic()))

    def drive(self) -> list[tuple[_Transfer, int]]:
        """Move on whatever has become readable, writable or due."""
        for descriptor, events in self.epoll.poll(0):
            mask = (pycurl.CSELECT_IN if events & (select.EPOLLIN | select.EPOLLHUP) else 0) | (
                pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            )
            self.curlm.socket_action(descriptor, mask or pycurl.CSELECT_ERR)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.deadline = None
            self.curlm.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return self.ended()


class HttpCourier:
    """Carries HttpRequests. See outbound.courier.Courier for what each method promises."""

    def __init__(self, guard: Guard, *, timeout_s: float, places: int = PLACES) -> None:
        self.event = threading.Event()
        self._guard, self._timeout_s, self._places = guard, timeout_s, places
        self._inbox: deque[tuple[Ticket, HttpRequest]] = deque()
        self._outbox: deque[tuple[Ticket, Reply, str]] = deque()
        self._hosts: dict[str, _Host] = {}
        self._in_flight = 0  # touched by the caller's thread alone
        self._idle: list[_Transfer] = []
        self._wake_in, self._wake_out = os.pipe()
        self._signalled = False  # a byte is in the pipe, or on its way into it
        self._closing_at: float | None = None
        self._next_look = 0.0
        self._thread = threading.Thread(target=self._run, name="courier-http", daemon=True)
        self._thread.start()

    # -- the caller's side --

    @property
    def free_places(self) -> int:
        """How many more requests may be handed over now."""
        return self._places - self._in_flight

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

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        """Hand over *items*, all of them HttpRequests; returns at once."""
        for ticket, request in items:
            assert isinstance(request, HttpRequest)  # noqa: S101  # the lane's channels build nothing else
            host = self._hosts.get(request.host)
            if host is None:
                host = self._hosts[request.host] = _Host()
            host.held += 1
            self._inbox.append((ticket, request))
        self._in_flight += len(items)
        self._wake()

    def finished(self) -> list[tuple[Ticket, Reply]]:
        """Fetch every reply that has come."""
        self.event.clear()
        replies: list[tuple[Ticket, Reply]] = []
        while self._outbox:
            ticket, reply, name = self._outbox.popleft()
            replies.append((ticket, reply))
            host = self._hosts[name]
            host.held -= 1
        self._in_flight -= len(replies)
        self._forget_quiet_hosts()
        return replies

    def close(self, *, grace_s: float) -> None:
        """Finish what is in flight for at most *grace_s* seconds; what waits is handed back untried."""
        self._closing_at = time.monotonic() + grace_s
        self._wake()
        self._thread.join(grace_s + 2)

    def _wake(self) -> None:
        if not self._signalled:
            self._signalled = True
            os.write(self._wake_out, b"w")

    def _forget_quiet_hosts(self) -> None:
        """Hosts by the thousand come and go; what is known of a quiet one is not worth keeping."""
        if len(self._hosts) > PLACES:
            for name in [name for name, host in self._hosts.items() if not host.held and not host.slow][:PLACES]:
                del self._hosts[name]

    # -- the courier's thread --

    def _run(self) -> None:
        self._quick, self._polled = _Multi(), _PolledMulti()
        self._polled.epoll.register(self._wake_in, select.EPOLLIN)
        while not self._is_over():
            try:
                self._begin_new()
                self._give_up_on_stalled()
                done = self._quick.drive() if self._quick.open else []
                done += self._polled.drive() if self._polled.open else []
                if done:
                    self._end(done)
                    self.event.set()
                elif not self._inbox:
                    self._wait()
            except Exception:  # the thread is the process's only way out: it must go on
                log.exception("courier.stumbled", courier="http")

    def _is_over(self) -> bool:
        if self._closing_at is None:
            return False
        busy = self._quick.open or self._polled.open
        return not busy or time.monotonic() >= self._closing_at

    def _begin_new(self) -> None:
        if self._signalled:
            # In this order: whoever hands over after the flag is down writes a new byte.
            os.read(self._wake_in, 16)
            self._signalled = False
        if self._closing_at is not None:
            for name, host in list(self._hosts.items()):
                self._give_up_waiting(host, name, "stopping")
        while self._inbox:
            ticket, request = self._inbox.popleft()
            host = self._hosts[request.host]
            if self._closing_at is not None:
                self._outbox.append((ticket, Reply(unsent=True, error="stopping"), request.host))
            elif host.open >= (SLOW_HOST_PLACES if host.slow else CONNECTIONS_PER_HOST):
                host.waiting.append((ticket, request))
            else:
                self._begin(host, ticket, request)

    def _begin(self, host: _Host, ticket: Ticket, request: HttpRequest) -> None:
        try:
            transfer = self._idle.pop() if self._idle else _Transfer(self._guard, self._timeout_s)
            transfer.load(ticket, request, time.monotonic())
            self._multi_for(host).add(transfer)
        except Exception as error:  # whatever it is: a request without a reply would hold its lease for ever
            self._outbox.append((ticket, Reply(error=f"cannot be sent: {error}"), request.host))
            self.event.set()
            return
        if not host.open:
            host.ended_at = transfer.started
        host.open += 1

    def _multi_for(self, host: _Host) -> _Multi:
        quick, polled = len(self._quick.open), len(self._polled.open)
        if host.slow or quick >= QUICK_OPEN or quick + polled >= SELECT_LIMIT:
            return self._polled
        return self._quick

    def _end(self, done: list[tuple[_Transfer, int]]) -> None:
        """Put replies out and let the next requests of their hosts begin."""
        now = time.monotonic()
        for transfer, code in done:
            host, name = self._hosts[transfer.host], transfer.host
            host.open -= 1
            reply = transfer.reply(code, now)
            self._outbox.append((transfer.ticket, reply, name))
            self._idle.append(transfer)
            self._learn(host, name, code, now - transfer.started)
            if host.waiting and host.open < (SLOW_HOST_PLACES if host.slow else CONNECTIONS_PER_HOST):
                self._begin(host, *host.waiting.popleft())

    def _learn(self, host: _Host, name: str, code: int, took_s: float) -> None:
        host.ended_at = time.monotonic()
        if code == pycurl.E_OPERATION_TIMEDOUT:
            host.slow, host.pace_s = True, None
            self._give_up_waiting(host, name, "its host does not answer")  # they would only wait
            return
        host.slow = False
        host.pace_s = took_s if host.pace_s is None else host.pace_s + SMOOTHING * (took_s - host.pace_s)

    def _give_up_on_stalled(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + STALLED_S / 4
        for name, host in list(self._hosts.items()):
            if host.waiting and now - host.ended_at > STALLED_S:
                host.pace_s = None
                self._give_up_waiting(host, name, "its host has stopped answering")

    def _give_up_waiting(self, host: _Host, name: str, why: str) -> None:
        """Hand back untried what waits for *host*."""
        while host.waiting:
            ticket, _ = host.waiting.popleft()
            self._outbox.append((ticket, Reply(unsent=True, error=why), name))
            self.event.set()

    def _wait(self) -> None:
        """Until a socket, the pipe or a timer has something."""
        if not self._quick.open:
            with contextlib.suppress(InterruptedError):
                self._polled.epoll.poll(self._polled.wait_s(1.0), 1)
            return
        quick = self._quick.curlm
        if len(self._quick.open) >= BRISK_OPEN and not self._polled.open:
            # libcurl waits for its own sockets by itself, cheaper than we can; the pipe is looked at in between.
            quick.select(BRISK_WAIT_S)
            return
        reads, writes, errors = quick.fdset()
        wait_ms = quick.timeout()
        wait_s = 0.1 if wait_ms < 0 else wait_ms / 1000
        if not reads and not writes:
            wait_s = min(wait_s, 0.01)  # a name is being resolved: libcurl has no socket to show
        select.select([*reads, self._polled.epoll.fileno()], writes, errors, self._polled.wait_s(wait_s))

"""What runs in the HTTP courier's process: requests come in over the wire, replies go out.

Two multi handles share the work. Up to QUICK_OPEN transfers are driven by perform and select, which costs least; what
comes on top, and all that goes to hosts that lately did not answer, by libcurl's socket function and epoll, which does
not look at every open socket each time. No more than CONNECTIONS_PER_HOST transfers to a host are open; what a fast
host will have taken in the next moment may wait here for it, and is handed back untried if the host stops answering.
"""

import contextlib
import select
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pycurl

from zonewire.outbound.courier import Reply
from zonewire.outbound.couriers.transfers import TICKET, Item, Multi, PolledMulti, Transfer
from zonewire.outbound.wire import Wire

CONNECTIONS_PER_HOST = 32
QUICK_OPEN = 200
"""More transfers than this are dearer to drive by select than by epoll."""
SELECT_LIMIT = 700
"""With so many sockets open in all, a new one may lie above select's last descriptor, 1023."""
BRISK_OPEN = 8
BRISK_WAIT_S = 0.005
"""With so many transfers under way something happens all the time; what is handed over waits so long at most."""
PLACES = 4_000
DESCRIPTORS_BESIDE = 200
AHEAD_S = 0.15
"""What a host is seen to take in this time may wait here for it."""
MOST_AHEAD = 2_000
STALLED_S = 0.5
"""A host that ends no transfer for so long gets no more ahead: what waits for it is handed back, for others to take."""
SLOW_HOST_PLACES = 4
"""Places of a host whose last transfer timed out."""
SMOOTHING = 0.1
WARY_FOR = 100
"""After an answer that was none, the heads of so many good ones of that host are read, however crowded it is."""
SIGN_OF_LIFE_S = 1.0
"""While something is open, the other end hears of us at least so often."""


@dataclass(slots=True)
class Host:
    """What is known of one host and port."""

    name: str
    open: int = 0  # transfers in flight
    waiting: deque[Item] = field(default_factory=deque)
    ended: int = 0  # replies that wait to be told
    pace_s: float | None = None  # smoothed time of a transfer
    slow: bool = False  # the last one timed out
    connections: int = CONNECTIONS_PER_HOST  # how many transfers may be open to it at once
    ended_at: float = 0.0  # when the last transfer ended, or the first began
    wary: int = 0  # the heads of so many good answers are read still, since one was not

    @property
    def places(self) -> int:
        """How many requests may be here for it."""
        if self.slow:
            return SLOW_HOST_PLACES
        if self.pace_s is None:
            return CONNECTIONS_PER_HOST
        return max(CONNECTIONS_PER_HOST, min(MOST_AHEAD, int(CONNECTIONS_PER_HOST * AHEAD_S / max(self.pace_s, 1e-4))))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is here for it, and nothing known that matters."""
        return not (self.open or self.waiting or self.ended or self.slow)


class Carrying:
    """The loop, and all that it knows."""

    def __init__(self, wire: Wire, new_transfer: Callable[[], Transfer]) -> None:
        self._wire = wire
        self._new_transfer = new_transfer
        self._hosts: dict[str, Host] = {}
        self._replies: dict[Reply, list[int]] = {}  # since the last message; many answers are alike
        self._changed: list[Host] = []  # those that the replies are for
        self._idle: list[Transfer] = []
        self._quick = Multi[Host](kept_connections=2 * QUICK_OPEN)
        self._polled = PolledMulti[Host](kept_connections=PLACES)
        self._polled.epoll.register(wire.fileno(), select.EPOLLIN)
        self._closing_at: float | None = None
        self._next_look, self._told_at = 0.0, time.monotonic()

    def run(self) -> None:
        """Carry until told to close. Raises EOFError where nobody is left to tell."""
        while not self._is_over():
            self._take_in()
            self._give_up_on_stalled()
            done = self._quick.drive() if self._quick.open else []
            done += self._polled.drive() if self._polled.open else []
            if done:
                self._end(done)
            self._tell()
            if not done and not self._is_over():
                self._wait()
        self._tell_all()

    def _is_over(self) -> bool:
        if self._closing_at is None:
            return False
        busy = self._quick.open or self._polled.open
        return not busy or time.monotonic() >= self._closing_at

    # -- the wire --

    def _take_in(self) -> None:
        for close_in_s, items_by_host in self._wire.received():
            if close_in_s is not None:
                self._closing_at = time.monotonic() + close_in_s
                for known in self._hosts.values():
                    self._give_up_waiting(known, "stopping")
            for name, items in items_by_host.items():
                host = self._hosts.setdefault(name, Host(name))
                host.waiting.extend(items)
                if self._closing_at is None:
                    self._begin_waiting(host, time.monotonic())
                else:
                    self._give_up_waiting(host, "stopping")

    def _tell(self) -> None:
        """Send what has ended, and the places of the hosts that it was for; now and then that we are here."""
        if self._replies:
            told = [(tuple(reply), tickets) for reply, tickets in self._replies.items()]
            self._wire.send((told, [(host.name, host.ended, host.places) for host in self._changed]))
            for host in self._changed:
                host.ended = 0
            self._replies, self._changed = {}, []
            self._forget_quiet_hosts()
        elif self._wire.is_pending:
            self._wire.flush()
        elif not (self._quick.open or self._polled.open) or time.monotonic() < self._told_at + SIGN_OF_LIFE_S:
            return
        else:
            self._wire.send(([], []))
        self._told_at = time.monotonic()

    def _tell_all(self) -> None:
        """The last words: whatever it was that did not fit in the socket."""
        self._tell()
        self._wire.drain(1.0)

    def _forget_quiet_hosts(self) -> None:
        """Hosts by the thousand come and go; what is known of a quiet one is not worth keeping."""
        if len(self._hosts) > PLACES:
            for name in [name for name, host in self._hosts.items() if host.is_quiet][:PLACES]:
                del self._hosts[name]

    def _out(self, ticket: int, reply: Reply, host: Host) -> None:
        self._replies.setdefault(reply, []).append(ticket)
        if not host.ended:
            self._changed.append(host)
        host.ended += 1

    # -- transfers --

    def _begin_waiting(self, host: Host, now: float) -> None:
        """Begin what waits for *host*, as far as it has connections."""
        reads_head = host.wary > 0 or not self._is_crowded(host)
        while host.waiting and host.open < host.connections:
            item = host.waiting.popleft()
            try:
                transfer = self._idle.pop() if self._idle else self._new_transfer()
                transfer.load(item, now, reads_head=reads_head)
                self._multi_for(host).add(transfer, host)
            except Exception as error:  # whatever it is: a request without a reply would hold its lease for ever
                self._out(item[TICKET], Reply(error=f"cannot be sent: {error}"), host)
                continue
            if not host.open:
                host.ended_at = now
            host.open += 1

    def _is_crowded(self, host: Host) -> bool:
        """Whether more is to be carried than can be at once: then no answer is looked at more closely than it must."""
        return host.open + len(host.waiting) > host.connections or len(self._quick.open) >= QUICK_OPEN

    def _multi_for(self, host: Host) -> Multi[Host]:
        quick = len(self._quick.open)
        if host.slow or quick >= QUICK_OPEN or quick + len(self._polled.open) >= SELECT_LIMIT:
            return self._polled
        return self._quick

    def _end(self, done: Iterable[tuple[Transfer, Host, int]]) -> None:
        """Put replies out and let the next requests of their hosts begin."""
        now, free = time.monotonic(), dict[str, Host]()
        for transfer, host, code in done:
            host.open -= 1
            reply = transfer.reply(code, now)
            self._out(transfer.ticket, reply, host)
            self._idle.append(transfer)
            host.ended_at = now
            if code or not 200 <= reply.status < 300:
                host.wary = WARY_FOR
            elif host.wary:
                host.wary -= 1
            if code == pycurl.E_OPERATION_TIMEDOUT:
                host.slow, host.pace_s, host.connections = True, None, SLOW_HOST_PLACES
                self._give_up_waiting(host, "its host does not answer")  # they would only wait
                continue
            took_s = now - transfer.started
            host.slow, host.connections = False, CONNECTIONS_PER_HOST
            host.pace_s = took_s if host.pace_s is None else host.pace_s + SMOOTHING * (took_s - host.pace_s)
            if host.waiting:
                free[host.name] = host
        for host in free.values():
            self._begin_waiting(host, now)

    def _give_up_on_stalled(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + STALLED_S / 4
        for host in self._hosts.values():
            if host.waiting and now - host.ended_at > STALLED_S:
                host.pace_s = None
                self._give_up_waiting(host, "its host has stopped answering")

    def _give_up_waiting(self, host: Host, why: str) -> None:
        """Hand back untried what waits for *host*."""
        reply = Reply(unsent=True, error=why)
        while host.waiting:
            self._out(host.waiting.popleft()[TICKET], reply, host)

    def _wait(self) -> None:
        """Until a socket, the wire or a timer has something."""
        if self._wire.is_pending:
            self._wire.drain(0.001)
            return
        if not self._quick.open:
            idle = not self._polled.open
            with contextlib.suppress(InterruptedError):
                self._polled.epoll.poll(None if idle else self._at_most(self._polled.wait_s(SIGN_OF_LIFE_S / 2)), 1)
            return
        quick = self._quick.curlm
        if len(self._quick.open) >= BRISK_OPEN and not self._polled.open:
            # libcurl waits for its own sockets by itself, cheaper than we can; the wire is looked at in between.
            quick.select(BRISK_WAIT_S)
            return
        reads, writes, errors = quick.fdset()
        wait_ms = quick.timeout()
        wait_s = 0.1 if wait_ms < 0 else wait_ms / 1000
        if not reads and not writes:
            wait_s = min(wait_s, 0.01)  # a name is being resolved: libcurl has no socket to show
        wait_s = self._at_most(self._polled.wait_s(wait_s))
        select.select([*reads, self._polled.epoll.fileno()], writes, errors, wait_s)

    def _at_most(self, wait_s: float) -> float:
        """*wait_s*, and while closing no longer than is left: what hangs would have us wait for its timeout."""
        if self._closing_at is None:
            return wait_s
        return max(0.0, min(wait_s, self._closing_at - time.monotonic()))

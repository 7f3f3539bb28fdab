"""libcurl's handles: one transfer each, and two ways to drive many of them at once.

The guard is asked at each connection, on the address that is dialled (OPENSOCKETFUNCTION); redirects are not followed,
proxies and .netrc are not looked at, and no more than ANSWER_BYTES of an answer are read. Each request goes out once:
where a kept connection is closed under it, libcurl would send it again over a new one, and tell nobody.
"""

import contextlib
import select
import socket
import time
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import certifi
import pycurl

from zonewire import __version__
from zonewire.outbound.courier import ANSWER_BYTES, Reply
from zonewire.outbound.guard import Guard
from zonewire.outbound.heads import kept_head, seconds_in

Item = tuple[int, str, tuple[str, ...], bytes | None]
"""A ticket, and of its HttpRequest the URL, headers and body: as they come over the wire."""
TICKET: Final = 0

Whose = TypeVar("Whose")

CONNECT_TIMEOUT_S = 5.0
EXPECT_FROM = 500_000
"""libcurl would ask first whether a body of a megabyte is wanted (`Expect`): many receivers do not answer that."""

_ENDED = (
    pycurl.E_OPERATION_TIMEDOUT,
    pycurl.E_GOT_NOTHING,
    pycurl.E_SEND_ERROR,
    pycurl.E_RECV_ERROR,
    pycurl.E_ABORTED_BY_CALLBACK,  # of ours, at a second sending
    *(18, 16, 92),
)
_WORDS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "the host's name does not resolve",
    pycurl.E_COULDNT_CONNECT: "connection refused",
    pycurl.E_OPERATION_TIMEDOUT: "no answer in time",
    pycurl.E_GOT_NOTHING: "the connection was closed without an answer",
    pycurl.E_RECV_ERROR: "the connection broke off",
    pycurl.E_SEND_ERROR: "the connection broke off",
    pycurl.E_ABORTED_BY_CALLBACK: "the connection broke off",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection could be made",
    pycurl.E_PEER_FAILED_VERIFICATION: "the certificate does not hold",
}


class Transfer:
    """A reusable libcurl handle and the request that it carries now.

    libcurl hands over each line of an answer's head by itself, and eight calls cost a tenth of a transfer: so heads are
    read only where that is asked for. *wait_header* is looked for in each, and then no head is left unread.
    """

    __slots__ = (
        "_guard",
        "_has_gone_out",
        "_head",
        "_reads_head",
        "_sent",
        "_wait_header",
        "answer",
        "curl",
        "refused",
        "size",
        "started",
        "ticket",
    )

    def __init__(self, guard: Guard, timeout_s: float, wait_header: bytes = b"") -> None:
        self._guard = guard
        self._wait_header = wait_header
        self._head: list[bytes] = []
        self._reads_head = False
        self._sent: bytes | None = None  # the body that the handle holds
        self._has_gone_out = False
        self.ticket = 0
        self.answer: list[bytes] = []
        self.size = 0
        self.started = 0.0
        self.refused = False
        self.curl = curl = pycurl.Curl()
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.POST, 1),
            (pycurl.USERAGENT, f"Zonewire/{__version__}"),
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
            (pycurl.PREREQFUNCTION, self._go_out),
        ):
            curl.setopt(option, value)

    def _write(self, data: bytes) -> int | None:
        self.size += len(data)
        if self.size > ANSWER_BYTES:
            return -1  # libcurl ends the transfer; the status line has decided already
        self.answer.append(data)
        return None

    def _open_socket(self, _purpose: int, address: Any) -> Any:
        """The guard's second look: *address* is what is about to be dialled."""
        if address.family not in (socket.AF_INET, socket.AF_INET6) or not self._allows(address.addr):
            self.refused = True
            return pycurl.SOCKET_BAD
        return socket.socket(address.family, address.socktype, address.protocol)

    def _go_out(self, *_addresses: Any) -> int:
        """Asked before each sending: of a POST there is one, and where another would be needed nothing is known of it.

        A GET may be sent again by itself (RFC 9110 §9.2.2): it asks, and changes nothing.
        """
        if self._has_gone_out and self._sent is not None:
            return int(pycurl.PREREQFUNC_ABORT)
        self._has_gone_out = True
        return int(pycurl.PREREQFUNC_OK)

    def _allows(self, address: tuple[Any, ...]) -> bool:
        host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
        return self._guard.allows(host.split("%", 1)[0], int(address[1]))

    def load(self, item: Item, now: float, *, reads_head: bool = True) -> None:
        """Take the next request. Raises pycurl.error for what libcurl will not send."""
        self.ticket, url, headers, body = item
        self.started = now
        self.answer, self.size, self.refused, self._has_gone_out = [], 0, False, False
        curl = self.curl
        if self._head:
            self._head.clear()
        if (reads_head or self._wait_header != b"") is not self._reads_head:
            self._turn_head()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, headers if len(body or b"") < EXPECT_FROM else ("Expect:", *headers))
        if body is None:
            self._sent = None
            curl.setopt(pycurl.HTTPGET, 1)
        elif body is not self._sent:
            self._sent = None
            curl.setopt(pycurl.POSTFIELDS, body)
            self._sent = body

    def _turn_head(self) -> None:
        """Begin to read heads, or cease to."""
        self._reads_head = not self._reads_head
        if self._reads_head:
            self.curl.setopt(pycurl.HEADERFUNCTION, self._head.append)  # of C: half the price of a function of ours
        else:
            self.curl.unsetopt(pycurl.HEADERFUNCTION)

    def reply(self, code: int, now: float) -> Reply:
        """What became of it; *code* is libcurl's, 0 for a whole answer."""
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if not code and 200 <= status < 300:
            fine = _fine(status, b"".join(self.answer) if self.answer else b"")
            # Platforms that want a header looked for say in the body how it went: a good status may be a failure.
            return fine._replace(head=kept_head(self._head)) if self._wait_header else fine
        wait = self.curl.getinfo(pycurl.RETRY_AFTER) if status in {429, 503} else 0
        has_ended = code in _ENDED
        return Reply(
            status=status,
            body=b"".join(self.answer),
            retry_after_s=wait or (seconds_in(self._head, self._wait_header) if self._wait_header else 0) or None,
            lost=has_ended and not status and self.curl.getinfo(pycurl.REQUEST_SIZE) > 0,
            broken=has_ended and status > 0,
            refused=self.refused,
            error=self._said(code) if code else "",
            took_ms=int((now - self.started) * 1000),
            head=kept_head(self._head),
        )

    def _said(self, code: int) -> str:
        if self.refused:
            return "the address leads inside"
        return _WORDS.get(code, f"libcurl error {code}: {self.curl.errstr()}")


@lru_cache(maxsize=64)
def _fine(status: int, body: bytes) -> Reply:
    """Most good answers are alike: one reply serves them all."""
    return Reply(status=status, body=body)


class Multi(Generic[Whose]):
    """Transfers driven together, by perform and select; each with whose it is."""

    def __init__(self, *, kept_connections: int) -> None:
        self.curlm = pycurl.CurlMulti()
        self.curlm.setopt(pycurl.M_MAXCONNECTS, kept_connections)
        self.curlm.setopt(pycurl.M_PIPELINING, 0)
        self.open: dict[pycurl.Curl, tuple[Transfer, Whose]] = {}

    def add(self, transfer: Transfer, whose: Whose) -> None:
        """Start *transfer*."""
        self.open[transfer.curl] = transfer, whose
        self.curlm.add_handle(transfer.curl)

    def drive(self) -> list[tuple[Transfer, Whose, int]]:
        """Move every transfer on; those that ended, with libcurl's code."""
        self.curlm.perform()
        return self.ended()

    def ended(self) -> list[tuple[Transfer, Whose, int]]:
        """Fetch the transfers that ended."""
        done: list[tuple[Transfer, Whose, int]] = []
        while True:
            more, fine, failed = self.curlm.info_read()
            for curl in fine:
                self.curlm.remove_handle(curl)
                done.append((*self.open.pop(curl), 0))
            for curl, code, _ in failed:
                self.curlm.remove_handle(curl)
                done.append((*self.open.pop(curl), code))
            if not more:
                return done


class PolledMulti(Multi[Whose]):
    """Transfers driven by libcurl's socket function and an epoll of ours."""

    def __init__(self, *, kept_connections: int) -> None:
        super().__init__(kept_connections=kept_connections)
        self.epoll = select.epoll()
        self.deadline: float | None = None
        self._watched: set[int] = set()
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

    def drive(self) -> list[tuple[Transfer, Whose, int]]:
        """Move on whatever has become readable, writable or due."""
        for descriptor, events in self.epoll.poll(0):
            if descriptor not in self._watched:
                continue
            mask = (pycurl.CSELECT_IN if events & (select.EPOLLIN | select.EPOLLHUP) else 0) | (
                pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
            )
            self.curlm.socket_action(descriptor, mask or pycurl.CSELECT_ERR)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.deadline = None
            self.curlm.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return self.ended()

"""One guarded `requests` session for the control plane: WeChat's API, the pictures of articles.

The guard is asked at each connection, on the address that is dialled, after a redirect too; what leads inside raises
AddressRefused. Proxies, .netrc and cookies are not looked at, and redirects are followed only where a caller says so.
Time is bounded as a whole, from the first name looked up to the last byte read, redirects included (sending alone is
bounded piece by piece). An answer's body is not read before somebody does, through `read_bounded`. What urllib3 logs of
an address is masked.
"""

import contextlib
import io
import logging
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from zonewire import __version__
from zonewire.errors import AddressRefused, TooLarge
from zonewire.outbound.guard import SWITCH, Guard, addresses_of
from zonewire.telemetry import masked

CONNECT_TIMEOUT_S = 5.0
REDIRECTS_MOST = 5
CONNECTIONS_PER_HOST = 16
READ_AT_ONCE = 64 * 1024
LOGGERS = ("urllib3.connection", "urllib3.connectionpool")
"""They say whole addresses, at warning too where an answer's headers are odd."""


def guarded_session(guard: Guard, *, timeout_s: float) -> requests.Session:
    """A session for any number of threads of one process; a request of it takes *timeout_s* at most, all in all."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_MASK)
    return _GuardedSession(guard, timeout_s)


def read_bounded(answer: requests.Response, *, most_bytes: int) -> bytes:
    """The body of *answer*. Raises TooLarge, after which the connection is closed, and requests' own errors."""
    announced = answer.headers.get("content-length", "")
    fits = not (announced.isdecimal() and int(announced) > most_bytes)
    body = bytearray()
    with contextlib.ExitStack() as unless_whole:
        unless_whole.callback(answer.close)
        for some in answer.iter_content(READ_AT_ONCE) if fits else ():
            body += some
            fits = len(body) <= most_bytes
            if not fits:
                break
        if not fits:
            raise TooLarge(f"an answer of more than {most_bytes} bytes is not read")
        unless_whole.pop_all()
    return bytes(body)


class _Mask(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(record.getMessage()), ()
        return True


_MASK = _Mask()  # one: a logger takes the same filter once


class _Clock(threading.local):
    """When what this thread is asking for has to be there, by time.monotonic()."""

    until = 0.0
    is_asking = False

    @property
    def left_s(self) -> float:
        return self.until - time.monotonic()


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every connection of a session goes by."""

    guard: Guard
    clock: _Clock
    timeout_s: float


class _GuardedSession(requests.Session):
    def __init__(self, guard: Guard, timeout_s: float) -> None:
        super().__init__()
        self._terms = _Terms(guard, _Clock(), timeout_s)
        self.trust_env = False
        self.verify = certifi.where()
        self.stream = True
        self.max_redirects = REDIRECTS_MOST
        # Unpacked, so that no small answer swells.
        self.headers.update({"User-Agent": f"Zonewire/{__version__}", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(self._terms))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        options.setdefault("allow_redirects", False)
        return super().request(method, url, *args, **options)

    def get(self, url: str | bytes, **options: Any) -> requests.Response:
        options.setdefault("allow_redirects", False)  # else requests says that they are
        return super().get(url, **options)

    def options(self, url: str | bytes, **options: Any) -> requests.Response:
        options.setdefault("allow_redirects", False)
        return super().options(url, **options)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        clock = self._terms.clock
        if clock.is_asking:  # a redirect: within the time of the first
            return super().send(request, **options)
        clock.is_asking, clock.until = True, time.monotonic() + self._terms.timeout_s
        try:
            return super().send(request, **options)
        finally:
            clock.is_asking = False


class _Adapter(HTTPAdapter):
    def __init__(self, terms: _Terms) -> None:
        self._terms = terms
        super().__init__(pool_maxsize=CONNECTIONS_PER_HOST)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        pools = {"http": partial(_HttpPool, terms=self._terms), "https": partial(_HttpsPool, terms=self._terms)}
        self.poolmanager.pool_classes_by_scheme = pools

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self._terms.guard.check_literal(request.url or "")
        if options.get("timeout") is None:
            options["timeout"] = (min(CONNECT_TIMEOUT_S, self._terms.timeout_s), self._terms.timeout_s)
        answer = super().send(request, *args, **options)
        if answer.is_redirect:
            answer.close()  # requests would read all of its body
        return answer


class _Guarded:
    """What our connections do otherwise; before the classes of urllib3."""

    host: str
    port: int
    sock: socket.socket
    _dns_host: str
    response_class: Any

    def __init__(self, *args: Any, terms: _Terms, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard, self._clock = terms.guard, terms.clock
        self.response_class = self._begun

    def _new_conn(self) -> socket.socket:
        """Dial the addresses of the host that the guard lets through, one after the other."""
        name = self._dns_host
        trouble: Exception = _no_address(self, name)
        for ip in self._allowed():
            if self._clock.left_s <= 0:
                trouble = ConnectTimeoutError(self, f"Connection to {name} timed out.")
                break
            self._dns_host = ip
            try:
                dialled: socket.socket = super()._new_conn()  # type: ignore[misc]  # of urllib3's class, behind us
            except (NewConnectionError, ConnectTimeoutError) as error:
                trouble = error
            else:
                dialled.settimeout(max(self._clock.left_s, 0.001))  # for TLS, and for sending
                return dialled
            finally:
                self._dns_host = name
        raise trouble

    def _allowed(self) -> Sequence[str]:
        host = self._dns_host.strip("[]")
        found = addresses_of(host, self.port)
        allowed = [ip for ip in found if self._guard.allows(ip.split("%", 1)[0], self.port)]
        if found and not allowed:
            what = f"{host} leads to {found[0]}, an address that leads inside"
            raise AddressRefused(what, where=f"{host}:{self.port}", mend=SWITCH)
        return allowed

    def _begun(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
        """What http.client reads an answer with; no byte of it comes too late."""
        answer = HTTPResponse(sock, *args, **options)
        answer.fp = io.BufferedReader(_Timed(answer.fp.detach(), sock, self._clock.until))
        return answer


class _Timed(io.RawIOBase):
    """A socket's file until a moment. A bound of each read alone would let an answer drip for ever."""

    def __init__(self, file: io.RawIOBase, sock: socket.socket, until: float) -> None:
        self._file, self._socket, self._until = file, sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer was not there in time")
        self._socket.settimeout(left_s)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _no_address(connection: Any, name: str) -> NameResolutionError:
    return NameResolutionError(name, connection, socket.gaierror(socket.EAI_NONAME, "the name does not resolve"))


class _HttpConnection(_Guarded, HTTPConnection):
    """Plain."""


class _HttpsConnection(_Guarded, HTTPSConnection):
    """Over TLS."""


class _HttpPool(HTTPConnectionPool):
    def __init__(self, *args: Any, terms: _Terms, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ConnectionCls = partial(_HttpConnection, terms=terms)  # type: ignore[assignment]  # only ever called


class _HttpsPool(HTTPSConnectionPool):
    def __init__(self, *args: Any, terms: _Terms, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ConnectionCls = partial(_HttpsConnection, terms=terms)  # type: ignore[assignment]  # only ever called

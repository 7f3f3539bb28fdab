"""`zonewire listen`: a receiver for trying things out. It answers each push and says what came, a line each.

For a partner who builds a receiver, and an operator who wants to see what leaves. It keeps nothing but the ids.
"""

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from zonewire.keys import SigningKey, verify

BODY_BYTES = 8 * 1024 * 1024
IDLE_S = 60.0
IDS_KEPT = 100_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request that came."""

    at: str  # local time of day
    path: str
    id: str  # webhook-id; "" where there was none
    type: str  # "" where the body is no push
    title: str
    sequence: str
    bytes: int
    signature: str  # holds, does not hold, missing, not checked
    times: int  # how often this id has come, this time with it


@dataclass(slots=True)
class Tally:
    """All that came."""

    requests: int = 0
    badly_signed: int = 0
    _times: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def distinct(self) -> int:
        """Different ids."""
        return len(self._times)

    def count(self, ident: str, signature: str) -> int:
        """Count a request; how often its id has come by now. Beyond IDS_KEPT the oldest ids are forgotten."""
        with self._lock:
            self.requests += 1
            self.badly_signed += signature == "does not hold"
            if not ident:
                return 1
            times = self._times.pop(ident, 0) + 1
            self._times[ident] = times
            while len(self._times) > IDS_KEPT:
                del self._times[next(iter(self._times))]
            return times


class Listener(ThreadingHTTPServer):
    """Answers *status* to every POST on a socket that listens already, and tells *told* of each.

    Serving ends with BrokenPipeError where *told* raised that: nobody reads any more what is told (`listen | head`).
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, sock: socket.socket, *, secret: str | None, status: int, told: Callable[[Heard], None]) -> None:
        super().__init__(sock.getsockname()[:2], _Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.keys = [SigningKey.of(secret)] if secret else []
        self.status, self.told, self.tally = status, told, Tally()
        self.unread = threading.Event()

    def service_actions(self) -> None:
        """Between two requests."""
        if self.unread.is_set():
            raise BrokenPipeError

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that goes away in the middle is no news."""


class _Conversation(BaseHTTPRequestHandler):
    """One connection."""

    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "zonewire-listen"
    sys_version = ""
    timeout = IDLE_S
    wbufsize = -1  # head and body leave together

    def do_POST(self) -> None:  # http.server names it so
        """A push."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            self._answer(HTTPStatus.LENGTH_REQUIRED, close=True)
        elif int(length) > BODY_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
        else:
            is_read = self._take(self.rfile.read(int(length)))
            self._answer(self.server.status)
            if not is_read:
                self.wfile.flush()  # the sender has its answer before all ends
                self.server.unread.set()

    def do_GET(self) -> None:  # http.server names it so
        """Somebody looks whether we are here."""
        self._answer(HTTPStatus.OK)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server names it so
        """What came is told in our own words."""

    def _take(self, body: bytes) -> bool:
        """Count and tell a push; whether anybody reads that."""
        ident = _shown(self.headers.get("webhook-id", ""))
        signature = self._signature(body)
        kind, title = _said(body)
        heard = Heard(
            at=time.strftime("%H:%M:%S"),
            path=_shown(self.path),
            id=ident,
            type=kind,
            title=title,
            sequence=_shown(self.headers.get("zonewire-sequence", "")),
            bytes=len(body),
            signature=signature,
            times=self.server.tally.count(ident, signature),
        )
        try:
            self.server.told(heard)
        except BrokenPipeError:
            return False
        return True

    def _signature(self, body: bytes) -> str:
        signatures = self.headers.get("webhook-signature", "")
        if not signatures:
            return "missing"
        if not self.server.keys:
            return "not checked"
        ident, timestamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        holds = verify(self.server.keys, ident, timestamp, body, signatures=signatures)
        return "holds" if holds else "does not hold"

    def _answer(self, status: int, *, close: bool = False) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        if close:  # the body was not read, so what follows on this connection would be misunderstood
            self.send_header("Connection", "close")
        self.end_headers()


def _said(body: bytes) -> tuple[str, str]:
    """Type and title of a push; empty where the body is none."""
    try:
        push = orjson.loads(body)
        data = push.get("data") or {}
        return _shown(str(push.get("type", ""))), _shown(str(data.get("title") or data.get("guid") or ""))
    except (ValueError, AttributeError):
        return "", ""


def _shown(text: str) -> str:
    """What a stranger sent, fit for a terminal."""
    return _CONTROLS.sub("?", text)[:200]

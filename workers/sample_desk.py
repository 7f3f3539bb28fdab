"""The sample desk: a receiver of webhooks, robots of chats and a mailbox to look into, for `zonewire up --sample`.

It stands in for the partner, the group and the reader that a newcomer does not have yet. It checks each push as a
partner should (Standard Webhooks 1.0.0: signature, time, the same id counts once) and each robot's message as its
platform does, keeps the last of them in memory, and shows the mails that Zonewire wrote as files. Nothing else depends
on it.
"""

import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from web.pages import STATIC, when
from workers.sample_mails import list_mails, read_mail
from workers.sample_receipts import Receipts, receipt_of
from workers.sample_robots import PATH, PLATFORMS, sample_robots
from zonewire import ROOT
from zonewire.keys import SigningKey, verify
from zonewire.rendering.environment import render
from zonewire.rendering.translation import words

HOOK = "/hook"
BODY_BYTES = 1024 * 1024
IDLE_S = 60.0  # a connection that says nothing for so long is closed

STYLES = {"zonewire.css": STATIC / "zonewire.css", "desk.css": ROOT / "templates/desk/desk.css"}

PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# A mail is a stranger's page: no script, no form, no cookie; its links open in a tab of their own.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src https: http: data:; form-action 'none'; frame-ancestors 'self'"
)


class DeskServer(ThreadingHTTPServer):
    """The desk on a socket that listens already."""

    daemon_threads = True

    def __init__(self, sock: socket.socket, *, outbox: Path, secret: str) -> None:
        super().__init__(sock.getsockname()[:2], _Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.outbox = outbox
        self.key = SigningKey.of(secret)
        self.receipts = Receipts()
        self.robots = sample_robots()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        host, port = self.socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who goes away in the middle is no news."""


def serve_desk(*, sock: socket.socket, outbox: Path, secret: str) -> None:
    """Answer on *sock* until SIGTERM. *secret* is the webhook endpoint's `whsec_…`."""
    server = DeskServer(sock, outbox=outbox, secret=secret)

    def stop(signum: int, frame: object) -> None:
        del signum, frame
        # shutdown() waits for the loop that this handler interrupts, so another thread has to call it.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever(poll_interval=0.2)
    server.server_close()


class _Conversation(BaseHTTPRequestHandler):
    """One connection to the desk."""

    server: DeskServer
    protocol_version = "HTTP/1.1"
    server_version = "zonewire-desk"
    sys_version = ""
    timeout = IDLE_S
    wbufsize = -1  # head and body leave together

    def do_POST(self) -> None:  # http.server names it so
        """A webhook, or a robot's message."""
        length = self.headers.get("content-length", "")
        receive = self._receiver_at(urlsplit(self.path).path)
        if receive is None:
            self._empty(HTTPStatus.NOT_FOUND, close=True)
        elif not length.isdecimal():
            self._empty(HTTPStatus.LENGTH_REQUIRED, close=True)
        elif int(length) > BODY_BYTES:
            self._empty(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
        else:
            receive(self.rfile.read(int(length)))

    def do_GET(self) -> None:  # http.server names it so
        """A page."""
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case [""]:
                self._page("webhooks.html", receipts=self.server.receipts.newest_first())
            case ["chats"] if self.server.robots:
                self._page("chats.html", chats=self.server.robots.newest_first())
            case ["mail"]:
                self._page("mails.html", mails=list_mails(self.server.outbox))
            case ["mail", name] if mail := read_mail(self.server.outbox, name):
                self._page("mail.html", mail=mail)
            case ["mail", name, "html"] if (mail := read_mail(self.server.outbox, name)) and mail.html:
                self._send("text/html; charset=utf-8", mail.html_in_frame(), policy=MAIL_POLICY)
            case [name] if name in STYLES:
                self._send("text/css; charset=utf-8", STYLES[name].read_text())
            case _:
                self._page("nothing.html", status=HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815  # http.server names it so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server names it so
        """The pages are the log."""

    def _receiver_at(self, path: str) -> Callable[[bytes], None] | None:
        if path == HOOK:
            return self._receive
        folder, _, platform = path.strip("/").partition("/")
        is_robot = self.server.robots is not None and folder == PATH and platform in PLATFORMS
        return partial(self._hand_to_robot, platform) if is_robot else None

    def _receive(self, body: bytes) -> None:
        headers = {name: self.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp")}
        ident, signatures = headers["webhook-id"], self.headers.get("webhook-signature", "")
        holds = verify([self.server.key], ident, headers["webhook-timestamp"], body, signatures=signatures)
        receipt = receipt_of(body, ident=ident, verified=holds, sequence=self.headers.get("zonewire-sequence", ""))
        if receipt is None:
            self._empty(HTTPStatus.BAD_REQUEST)
            return
        self.server.receipts.take(receipt)
        self._empty(HTTPStatus.NO_CONTENT if holds else HTTPStatus.UNAUTHORIZED)

    def _hand_to_robot(self, platform: str, body: bytes) -> None:
        assert self.server.robots  # noqa: S101 - do_POST asked
        key = parse_qs(urlsplit(self.path).query).get("key", [""])[-1]
        answered = self.server.robots.take(platform, key, body, dict(self.headers.items()))
        self.send_response(answered.status)
        self.send_header("Content-Type", answered.content_type)
        self.send_header("Content-Length", str(len(answered.body)))
        self.end_headers()
        self.wfile.write(answered.body)

    def _page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> None:
        locale = preferred_locale(self.headers.get("accept-language", ""))
        values |= {"when": partial(when, words(locale), now=_now()), "has_robots": self.server.robots is not None}
        text = render(f"desk/{template}", locale, **values)
        self._send("text/html; charset=utf-8", text, status=status, language=locale)

    def _send(
        self, kind: str, text: str, *, status: HTTPStatus = HTTPStatus.OK, policy: str = PAGE_POLICY, language: str = ""
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        if language:
            self.send_header("Content-Language", language)
            self.send_header("Vary", "Accept-Language")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _empty(self, status: HTTPStatus, *, close: bool = False) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        if close:  # the body was not read, so what follows on this connection would be misunderstood
            self.send_header("Connection", "close")
        self.end_headers()


def preferred_locale(accept_language: str) -> str:
    """`zh-CN` or `en`, by the visitor's wishes (RFC 9110 §12.5.4); Chinese where they say neither."""
    wishes = []
    for place, wish in enumerate(accept_language.lower().split(",")):
        tag, _, quality = wish.partition(";q=")
        weight = float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality.strip()) else 1.0
        if weight and tag.strip()[:2] in {"zh", "en"}:
            wishes.append((-weight, place, tag.strip()[:2]))
    return "en" if wishes and min(wishes)[2] == "en" else "zh-CN"


def _now() -> int:
    return time.time_ns() // 1_000

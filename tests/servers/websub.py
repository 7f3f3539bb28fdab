"""A WebSub subscriber, written from the text of the Recommendation alone (https://www.w3.org/TR/websub/).

It discovers hub and topic (§4), asks (§5.1), answers the hub's questions only for what it asked (§5.3), takes documents
(§7) and checks their signatures (§7.1). What came is kept, for tests to look at.
"""

import hashlib
import hmac
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests

_LINK = re.compile(r'<([^>]*)>\s*;\s*rel="?([^",;]+)"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One content distribution as it came."""

    path: str  # with its query
    headers: dict[str, str]  # lower-case names
    body: bytes
    is_signed: bool | None  # None: it has no signature

    def link(self, rel: str) -> str | None:
        """The address that the Link header names as *rel*."""
        return links_of(self.headers.get("link", "")).get(rel)


@dataclass(slots=True)
class Subscriber:
    """One callback's host; a context manager."""

    answer: int = 200  # to documents
    retry_after: str = ""  # said with it
    answer_to_questions: int = 200
    echo: str | None = None  # instead of the challenge
    secret: str | None = None
    expected: set[tuple[str, str]] = field(default_factory=set)  # (mode, topic) that it has asked for
    questions: list[dict[str, str]] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def callback(self, path: str = "/callback") -> str:
        """An address of it."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def ask(self, hub: str, topic: str, mode: str = "subscribe", *, path: str = "/callback", **more: str) -> Any:
        """Ask *hub* for *topic*; its answer. *more* are further fields (`lease_seconds="60"`)."""
        self.expected.add((mode, topic))
        fields = {"hub.callback": self.callback(path), "hub.mode": mode, "hub.topic": topic}
        if self.secret is not None and mode == "subscribe":
            fields["hub.secret"] = self.secret
        return requests.post(hub, data=fields | {f"hub.{key}": value for key, value in more.items()}, timeout=10)

    def asked(self, mode: str) -> list[dict[str, str]]:
        """The hub's questions of that mode."""
        return [one for one in self.questions if one.get("hub.mode") == mode]


def discover(url: str) -> tuple[str, str]:
    """The hub and the topic that *url* names in its Link headers (§4)."""
    found = links_of(requests.head(url, timeout=10).headers.get("Link", ""))
    return found["hub"], found["self"]


def links_of(header: str) -> dict[str, str]:
    """The first address of each relation in a Link header (RFC 8288)."""
    found: dict[str, str] = {}
    for address, rels in _LINK.findall(header):
        for rel in rels.split():
            found.setdefault(rel, address)
    return found


def _handler(subscriber: Subscriber) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            question = dict(parse_qsl(urlsplit(self.path).query))
            subscriber.questions.append(question | {"path": self.path})
            asked = (question.get("hub.mode", ""), question.get("hub.topic", ""))
            if asked[0] == "denied":
                return self._say(200, b"")
            if asked not in subscriber.expected:
                return self._say(404, b"I did not ask for this")
            challenge = question["hub.challenge"] if subscriber.echo is None else subscriber.echo
            return self._say(subscriber.answer_to_questions, challenge.encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            subscriber.documents.append(
                Document(path=self.path, headers=headers, body=body, is_signed=self._is_signed(body))
            )
            self._say(subscriber.answer, b"")

        def _is_signed(self, body: bytes) -> bool | None:
            given = self.headers.get("X-Hub-Signature")
            if given is None:
                return None
            method, _, digest = given.partition("=")
            assert method in {"sha1", "sha256", "sha384", "sha512"}
            mine = hmac.new((subscriber.secret or "").encode(), body, getattr(hashlib, method)).hexdigest()
            return hmac.compare_digest(mine, digest)

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            if subscriber.retry_after:
                self.send_header("Retry-After", subscriber.retry_after)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    return Handler

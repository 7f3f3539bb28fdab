"""What simulators share: an HTTP server in threads of its own, what was asked of it, and the ways in which it fails.

A simulator is a subclass with one method, `answer`. Its clock can be moved, so that windows, tokens and days pass in a
test without waiting. Every refusal is kept with its reason: a test may end with `assert not simulator.refusals`.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import orjson

HANG_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str  # without the query
    query: Mapping[str, str]  # the last value of each name
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    at: float  # the simulator's clock, Unix seconds
    raw_query: str = ""  # as it came on the wire, without the question mark

    def json(self) -> Any:
        """The body, parsed. Raises ValueError."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json; charset=utf-8"})

    @classmethod
    def json(cls, shape: Any, status: int = 200, **headers: str) -> "Answer":
        """*shape* as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(orjson.dumps(shape), status, {"content-type": "application/json; charset=utf-8"} | named)


class Mode(Enum):
    """How a platform fares."""

    WELL = "well"
    ERRORS = "errors"  # answers 500
    HTML = "html"  # answers 200 and a page of the gateway
    EMPTY = "empty"  # answers 200 and JSON without a code
    LOSES = "loses"  # takes the message, and hangs up without an answer
    HANGS = "hangs"  # takes the message, and answers nothing


class Simulator:
    """A platform; a context manager. What came can be looked at from any thread."""

    def __init__(self, *, port: int = 0) -> None:
        """*port* 0 takes a free one."""
        self.mode = Mode.WELL
        self.slow_s = 0.0  # before each answer
        self.asked: list[Asked] = []  # everything that came, in order
        self.refusals: list[str] = []  # why something was refused, in order
        self.lock = threading.RLock()  # held while an answer is made: rules may keep plain dictionaries
        self._ahead_s = 0.0
        self._asked_port = port
        self._server: ThreadingHTTPServer | None = None

    def answer(self, asked: Asked) -> Answer:
        """What the platform answers. Called by one thread at a time."""
        raise NotImplementedError

    def refuse(self, why: str, answer: Answer) -> Answer:
        """*answer*, with its reason kept."""
        self.refusals.append(why)
        return answer

    def now(self) -> float:
        """Its clock, in Unix seconds."""
        return time.time() + self._ahead_s

    def move_clock(self, seconds: float) -> None:
        """Let *seconds* pass for it."""
        self._ahead_s += seconds

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        assert self._server is not None, "it has not started"
        return int(self._server.server_address[1])

    @property
    def base(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.come_up()
        return self

    def __exit__(self, *_error: object) -> None:
        self.go_down()

    def come_up(self) -> None:
        """Listen; again, after `go_down`, where it did before."""
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                simulator._serve(self)

            def do_GET(self) -> None:
                simulator._serve(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_: object) -> None:
                """A client that hung up is no error of ours."""

        self._server = Server(("127.0.0.1", self._asked_port), Handler)
        self._asked_port = self.port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name=type(self).__name__, daemon=True).start()

    def go_down(self) -> None:
        """Refuse connections, as a platform that is down; those that are open go on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = Asked(
            method=handler.command,
            path=parts.path,
            query={name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=handler.rfile.read(int(handler.headers.get("content-length") or 0)),
            at=self.now(),
            raw_query=parts.query,
        )
        answer = self._answered(asked)
        time.sleep(self.slow_s)
        if self.mode is Mode.HANGS:
            time.sleep(HANG_S)
        if self.mode in {Mode.LOSES, Mode.HANGS}:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def _answered(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            if (failing := _FAILURES.get(self.mode)) is not None:
                return failing()
            return self.answer(asked)


_FAILURES: dict[Mode, Callable[[], Answer]] = {
    Mode.ERRORS: lambda: Answer(b"internal error", 500, {"content-type": "text/plain"}),
    Mode.HTML: lambda: Answer(
        b"<html><body><h1>502 Bad Gateway</h1></body></html>", 200, {"content-type": "text/html"}
    ),
    Mode.EMPTY: lambda: Answer.json({}),
}

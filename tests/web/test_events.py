"""POST /v1/events over a real server: who may send, what is answered, and what it costs us to refuse."""

import http.client
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests
from sqlalchemy import func, select
from structlog.testing import capture_logs

from tests.builders import an_article, an_event_json
from tests.web.faces import a_face
from tests.web.serving import serve
from web.api import events as route
from web.app import create_app
from zonewire.articles import as_json
from zonewire.errors import StoreBusy, StoreFull, StoreUnavailable
from zonewire.keys import SigningKey, new_webhook_secret, sign
from zonewire.store import Store, open_store
from zonewire.store.tables import versions

TOKEN, ADMIN, SECRET = "the events' token", "the administrator's token", new_webhook_secret()
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PROBLEM = "application/problem+json"

Post = Callable[..., requests.Response]


# What is refused at the door never reaches a database: one server and SQLite do for all of it.
@pytest.fixture(scope="module")
def door(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = open_store(f"sqlite:///{migrated_sqlite}")
    with a_server(store, tmp_path_factory.mktemp("door"), []) as address:
        yield address
    store.close()


@pytest.fixture
def hints() -> list[str]:
    return []


@pytest.fixture
def url(store: Store, tmp_path: Path, hints: list[str]) -> Iterator[str]:
    with a_server(store, tmp_path, hints) as address:
        yield address


def a_server(store: Store, tmp_path: Path, hints: list[str]) -> AbstractContextManager[str]:
    face = a_face(store, tmp_path, event_token=TOKEN, admin_token=ADMIN, event_secret=SECRET)
    return serve(create_app(face.__class__(face.settings, face.store, face.keys, hints.append, face.broker_answers)))


@pytest.fixture
def post(url: str) -> Post:
    return sender(url)


def sender(url: str) -> Post:
    def send(thing: Any, content_type: str = ONE, *, token: str | None = TOKEN, **headers: str) -> requests.Response:
        body = thing if isinstance(thing, bytes) else orjson.dumps(thing)
        given = {"Content-Type": content_type} | ({"Authorization": f"Bearer {token}"} if token else {})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(f"{url}/v1/events", data=body, headers=given | named, timeout=30)

    return send


def accepted(store: Store) -> int:
    with store.reading() as db:
        return db.execute(select(func.count()).select_from(versions)).scalar_one()


def is_problem(answer: requests.Response, status: int) -> bool:
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    return bool(problem["title"] and problem["detail"])


def test_an_event_is_on_the_disk_when_202_is_answered_and_the_lane_is_hinted(
    store: Store, post: Post, hints: list[str]
) -> None:
    article = an_article()
    answer = post(an_event_json(article, id="1"))
    assert answer.status_code == 202
    assert answer.json() == {"events": [{"id": "1", "guid": article.guid, "version": 1, "result": "accepted"}]}
    assert accepted(store) == 1
    assert hints == ["events"]


def test_a_batch_is_answered_event_by_event(post: Post) -> None:
    event = an_event_json(id="1")
    assert [e["result"] for e in post([event, event, an_event_json()], BATCH).json()["events"]] == [
        "accepted",
        "duplicate",
        "accepted",
    ]
    assert post([], BATCH).json() == {"events": []}


def test_a_binary_event_is_taken(post: Post) -> None:
    headers = {"ce_specversion": "1.0", "ce_id": "%E6%96%B0", "ce_source": "urn:cms", "ce_type": "article.updated"}
    answer = post(as_json(an_article()), "application/json", **headers)
    assert [(e["id"], e["result"]) for e in answer.json()["events"]] == [("新", "accepted")]


def test_without_a_token_the_door_says_which_it_wants(post: Post) -> None:
    answer = post(an_event_json(), token=None)
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["wrong", ADMIN, "令牌".encode().decode("latin-1"), TOKEN + "x"])
def test_a_wrong_token_is_told_so(store: Store, post: Post, token: str) -> None:
    assert is_problem(post(an_event_json(), token=token), 403)
    assert accepted(store) == 0


def signature(body: bytes, *, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    at = int(time.time()) if at is None else at
    signed = sign([SigningKey.of(secret)], "msg_1", at, body)
    return {"webhook_id": "msg_1", "webhook_timestamp": str(at), "webhook_signature": signed}


def test_a_signature_opens_the_door_instead_of_a_token(post: Post) -> None:
    body = orjson.dumps(an_event_json())
    assert post(body, token=None, **signature(body)).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [signature(b"another body"), signature(b"{}", secret=new_webhook_secret()), signature(b"{}", at=1_000_000)],
    ids=["body", "secret", "time"],
)
def test_a_signature_that_does_not_hold_does_not(post: Post, headers: dict[str, str]) -> None:
    assert is_problem(post(b"{}", token=None, **headers), 403)


def test_a_problem_names_event_and_field(store: Store, post: Post, hints: list[str]) -> None:
    bad = an_event_json(data=as_json(an_article()) | {"title": 7, "published_at": "2026-02-31"})
    answer = post([an_event_json(), bad], BATCH)
    assert is_problem(answer, 400)
    assert [(e["index"], e["field"]) for e in answer.json()["errors"]] == [
        (1, "data.title"),
        (1, "data.published_at"),
    ]
    assert all(e["detail"] for e in answer.json()["errors"])
    assert accepted(store) == 0
    assert hints == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", ONE, 400),
        (b"\xff", ONE, 400),
        (b"[" * 100_000, BATCH, 400),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b'"' + b"x" * 1_100_000 + b'"', ONE, 413),
        (b'"' + b"x" * 9_000_000 + b'"', BATCH, 413),
    ],
)
def test_each_kind_of_bad_input_has_its_status(door: str, body: bytes, content_type: str, status: int) -> None:
    assert is_problem(sender(door)(body, content_type), status)


class Flood:
    """Forty megabytes that are made while they are sent."""

    def __init__(self) -> None:
        self.left = 40_000_000

    def __len__(self) -> int:
        return self.left

    def read(self, size: int) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return b"x" * size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(65_536), b"")


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 413), (None, 401), ("wrong", 403)])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_forty_megabytes_are_refused_and_never_held(
    door: str, token: str | None, status: int, *, is_chunked: bool
) -> None:
    headers = {"Content-Type": ONE} | ({"Authorization": f"Bearer {token}"} if token else {})
    tracemalloc.start()
    try:
        flood: Any = iter(Flood()) if is_chunked else Flood()
        answer = requests.post(f"{door}/v1/events", data=flood, headers=headers, timeout=30)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert is_problem(answer, status)
    assert peak < 24_000_000


def test_a_sender_that_will_close_hears_why_it_was_refused(door: str) -> None:
    place = urlsplit(door)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40000000\r\n\r\n"
        )
        for piece in Flood():
            connection.sendall(piece)  # fails where the server has hung up meanwhile
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_who_asks_before_sending_is_refused_at_once(door: str) -> None:
    place = urlsplit(door)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 0, timeout=10)
    connection.putrequest("POST", "/v1/events")
    for name, value in (
        ("Content-Length", "40000000"),
        ("Expect", "100-continue"),
        ("Authorization", f"Bearer {TOKEN}"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/subscriptions", "/v1/no/such/thing", "/v1/events/"])
def test_everything_else_under_v1_wants_a_key(door: str, method: str, path: str) -> None:
    def ask(**headers: str) -> requests.Response:
        return requests.request(method, door + path, headers=headers, timeout=10)

    assert is_problem(ask(), 401)
    assert is_problem(ask(Authorization=f"Bearer {TOKEN}"), 401)
    assert is_problem(ask(Authorization=f"Bearer {ADMIN}"), 404)


def test_reading_events_wants_a_key_too(door: str) -> None:
    assert is_problem(requests.get(f"{door}/v1/events", timeout=10), 401)


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [(StoreBusy("busy"), 503, "1"), (StoreFull("full"), 507, None), (StoreUnavailable("away"), 503, "2")],
)
def test_trouble_with_the_database_has_its_own_status(
    post: Post, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, retry_after: str | None
) -> None:
    monkeypatch.setattr(route, "accept", raising(error))
    answer = post(an_event_json())
    assert is_problem(answer, status)
    assert answer.headers.get("Retry-After") == retry_after


def test_a_fault_of_ours_is_logged_and_shows_no_trace(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "accept", raising(RuntimeError("the secret cause")))
    with capture_logs() as lines:
        answer = post(an_event_json())
    assert is_problem(answer, 500)
    assert "secret cause" not in answer.text
    (failed,) = [line for line in lines if line["log_level"] == "error"]
    assert failed["event"] == "request.failed"
    assert failed["request_id"] == answer.headers["X-Request-Id"]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_args: Any, **_named: Any) -> None:
        raise error

    return fail

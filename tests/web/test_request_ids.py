"""Every request has an id: in its log lines, and in its answer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.builders import an_event_json
from tests.web.faces import a_web_face
from zonewire.store import open_store


@pytest.fixture(scope="module")
def url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("face")
    shutil.copy(migrated_sqlite, folder / "zonewire.db")
    store = open_store(f"sqlite:///{folder / 'zonewire.db'}")
    with a_web_face(store, folder, event_token="t" * 20) as address:
        yield address
    store.close()


def answered(url: str, *, given: str | None = None, path: str = "/healthz") -> str:
    headers = {} if given is None else {"X-Request-Id": given}
    return requests.get(url + path, headers=headers, timeout=10).headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/healthz", "/feeds/all.atom", "/no/such/thing"])
def test_each_answer_has_an_id_of_its_own(url: str, path: str) -> None:
    ids = {answered(url, path=path) for _ in range(3)}

    assert len(ids) == 3


def test_one_that_comes_with_the_request_is_kept(url: str) -> None:
    assert answered(url, given="edge-0123456789abcdef") == "edge-0123456789abcdef"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with space 12345", "tab\there-1234", "li.lei@mail.example", "日志日志日志"]
)
def test_one_that_nobody_should_have_to_read_is_not(url: str, given: str) -> None:
    answer = requests.get(f"{url}/healthz", headers={"X-Request-Id": given.encode()}, timeout=10)

    assert answer.headers["X-Request-Id"] != given


def test_what_a_request_causes_is_logged_under_its_id(url: str) -> None:
    headers = {"Authorization": f"Bearer {'t' * 20}", "Content-Type": "application/cloudevents+json"}
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = requests.post(f"{url}/v1/events", json=an_event_json(), headers=headers, timeout=10)
        refused = requests.post(f"{url}/v1/events", json={}, headers=headers, timeout=10)

    told = {line["event"]: line["request_id"] for line in lines}
    assert told == {
        "article.accepted": answer.headers["X-Request-Id"],
        "events.refused": refused.headers["X-Request-Id"],
    }

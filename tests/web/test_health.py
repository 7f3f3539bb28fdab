"""/healthz and /readyz."""

from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import insert

from tests.web.faces import a_web_face
from zonewire.errors import StoreUnavailable
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import heartbeats


def a_heartbeat(store: Store, *, turned_s_ago: int) -> None:
    with store.writing() as db:
        at = now(db) - turned_s_ago * SECOND
        row: dict[str, Any] = {"worker": "w", "lane": "events", "started_at": at, "beat_at": at, "turned_at": at}
        db.execute(insert(heartbeats).values(row))


def got(store: Store, tmp_path: Path, path: str, **over: Any) -> requests.Response:
    with a_web_face(store, tmp_path, **over) as url:
        return requests.get(url + path, timeout=10)


def test_all_well(store: Store, tmp_path: Path) -> None:
    a_heartbeat(store, turned_s_ago=1)
    answer = got(store, tmp_path, "/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "database": "ok", "broker": "ok", "workers": "ok"},
    )
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_broker_that_does_not_answer_is_named(store: Store, tmp_path: Path) -> None:
    a_heartbeat(store, turned_s_ago=1)
    answer = got(store, tmp_path, "/readyz", broker_answers=lambda: False)
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": "ok", "broker": "does not answer", "workers": "ok"}


@pytest.mark.parametrize("turned_s_ago", [11, 3_600])
def test_workers_whose_loop_stands_still_are_named(store: Store, tmp_path: Path, turned_s_ago: int) -> None:
    a_heartbeat(store, turned_s_ago=turned_s_ago)
    answer = got(store, tmp_path, "/readyz")
    assert answer.status_code == 503
    assert "loop" in answer.json()["workers"]


def test_no_worker_at_all_is_not_ready(store: Store, tmp_path: Path) -> None:
    answer = got(store, tmp_path, "/readyz")
    assert (answer.status_code, answer.json()["workers"]) == (503, "no worker has started yet")


def test_a_database_that_takes_no_writes_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_db: object) -> None:
        raise StoreUnavailable("the database cannot be used")

    monkeypatch.setattr("web.public.health.write_nothing", refused)
    answer = got(store, tmp_path, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "takes no writes: the database cannot be used"


def test_health_asks_neither_database_nor_broker(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        raise AssertionError("asked")

    for door in ("reading", "writing", "settling"):
        monkeypatch.setattr(Store, door, never)
    assert got(store, tmp_path, "/healthz", broker_answers=never).json() == {
        "status": "ok",
        "installation": "",
        "encrypted": False,
    }

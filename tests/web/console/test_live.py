"""The stream that tells an open page when it is out of date."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.console.browsing import WORD, Browser, at_the_console
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from web.console import live
from zonewire import operators
from zonewire.delivery import pauses
from zonewire.delivery.lanes import Lane
from zonewire.operators import Role
from zonewire.operators.sessions import begin_session, end_session
from zonewire.store import Store, now


@contextlib.contextmanager
def told(chen: Browser) -> Iterator[Iterator[str]]:
    """What the stream tells, event by event; the first line is that it is there."""
    with chen.session.get(chen.url + "/console/live", stream=True, timeout=15) as answer:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        lines = (line for line in answer.iter_lines(chunk_size=1, decode_unicode=True) if line)
        assert next(lines) == "retry: 3000"
        yield (line.removeprefix("event: ") for line in lines if line.startswith("event: "))


def test_a_page_hears_of_a_change_within_a_moment(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen, told(chen) as events:
        with plain_store.writing() as db:
            pauses.pause(db, Lane.PUSH_HTTP, operator="chen", reason="", until_at=None, now=now(db))
        assert next(events) == "changed"


def test_nobody_hears_anything_without_a_session(plain_store: Store, tmp_path: Path) -> None:
    with serve(create_app(a_face(plain_store, tmp_path))) as url:
        answer = Browser(url).session.get(url + "/console/live", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"][:20]) == (303, "/console/login?next=")


def test_who_is_logged_out_hears_that_it_is_over(
    plain_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ASK_AGAIN_EVERY_S", 0.0)
    with at_the_console(plain_store, tmp_path) as chen, told(chen) as events:
        token = chen.session.cookies["zonewire"]
        with plain_store.writing() as db:
            end_session(db, token)
        assert next(event for event in events if event != "changed") == "left"
        assert list(events) == []


def test_one_page_too_many_is_left_to_its_own_clock(
    plain_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    with at_the_console(plain_store, tmp_path) as chen, told(chen):
        refused = chen.get("/console/live")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")


def test_streams_end_when_the_process_does(plain_store: Store, tmp_path: Path) -> None:
    app = create_app(a_face(plain_store, tmp_path))
    app.state.is_ending = lambda: True
    with plain_store.writing() as db:
        chen = operators.add(db, "chen", Role.LOOK, WORD, now=now(db))
        token = begin_session(db, chen.id, came_from="127.0.0.1", software="", now=now(db))
    with serve(app) as url:
        browser = Browser(url)
        browser.session.cookies.set("zonewire", token)
        with told(browser) as events:
            assert list(events) == []

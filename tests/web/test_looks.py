"""Looking what would come: few at once, never in the way of others, each only once."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.builders import DAY, a_version, an_article
from tests.web.faces import a_face
from tests.web.readers import a_reader, link, page_of, text_of
from tests.web.serving import serve
from tests.zonewire.subscriptions.requests import a_request
from web.app import create_app
from web.face import Face
from web.public import looks
from web.public.looks import A_MINUTE, Looks
from zonewire import digests
from zonewire.errors import StoreBusy, TooMany
from zonewire.store import Store, now

A_STRANGER = {"X-Forwarded-For": "203.0.113.7"}
ASKED = a_request(channel="email", to="nobody@reader.example", cadence="daily", confirmed=False)


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Face:
    return a_face(store, tmp_path)


@pytest.fixture
def url(face: Face) -> Iterator[str]:
    with serve(create_app(face)) as address:
        yield f"{address}/subscribe"


def publish(store: Store, n: int = 1) -> None:
    with store.writing() as db:
        for _ in range(n):
            a_version(db, an_article(), accepted_at=now(db) - 3 * DAY)


def test_nobody_waits_for_the_looks_of_others(face: Face, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "AT_ONCE", 1)
    some = Looks()
    assert some._free.acquire(blocking=False)
    began = time.monotonic()

    with pytest.raises(StoreBusy):
        some.look(face, ASKED, "")
    assert time.monotonic() - began < 1


def test_a_busy_page_says_so_in_words_and_the_frame_too(face: Face, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise StoreBusy("too many")

    monkeypatch.setattr(Looks, "look", busy)
    page = requests.post(url, data={"action": "preview"}, timeout=10)
    frame = requests.get(f"{url}/preview?lang=en", timeout=10)

    assert "现在看的人有点多" in text_of(page)
    assert (frame.status_code, frame.headers["Retry-After"]) == (503, "1")
    assert "Too many people are looking at once" in frame.text


def test_a_client_may_look_thirty_times_a_minute(face: Face) -> None:
    moment = 100.0
    some = Looks(clock=lambda: moment)
    wishes = [a_request(channel="email", to="x@reader.example", keyword=f"词{n}") for n in range(A_MINUTE + 1)]
    for wish in wishes[:-1]:
        some.look(face, wish, "203.0.113.7")

    with pytest.raises(TooMany) as refused:
        some.look(face, wishes[-1], "203.0.113.7")
    assert refused.value.retry_after_s == 60
    some.look(face, wishes[-1], "198.51.100.1")
    some.look(face, wishes[0], "203.0.113.7")  # known already
    moment += 61
    some.look(face, wishes[0], "203.0.113.7")


def test_who_looks_too_often_is_told_in_words(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "A_MINUTE", 0)
    page = requests.post(url, data={"action": "preview"}, headers=A_STRANGER, timeout=10)
    frame = requests.get(f"{url}/preview", headers=A_STRANGER, timeout=10)

    assert "请过一分钟再点一次" in text_of(page)
    assert (frame.status_code, int(frame.headers["Retry-After"])) == (429, 60)
    assert "请过一分钟再点一次" in frame.text


def test_the_frame_does_not_look_a_second_time(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store)
    page = page_of(requests.post(url, data={"action": "preview", "cadence": "weekly"}, timeout=10))
    (frame,) = page.xpath("//iframe/@src")
    monkeypatch.setattr(digests, "look_back", lambda *_, **__: pytest.fail("looked again"))

    answer = requests.get(url.removesuffix("/subscribe") + frame, timeout=10)
    assert (answer.status_code, "您订阅了" in answer.text) == (200, True)


def test_a_look_is_kept_for_a_minute_for_the_same_wish_only(store: Store, face: Face) -> None:
    moment = 100.0
    some = Looks(clock=lambda: moment)
    assert some.look(face, ASKED, "").count == 0
    publish(store)

    assert some.look(face, ASKED, "").count == 0
    assert some.look(face, replace(ASKED, cadence="weekly"), "").count == 1
    moment += 60
    assert some.look(face, ASKED, "").count == 1


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_previews_do_not_keep_anybody_from_leaving(store: Store, face: Face, url: str) -> None:
    publish(store, 1_500)
    leave = link(url.removesuffix("/subscribe"), face.keys, "unsubscribe", a_reader(store))
    stop = threading.Event()

    def look(n: int) -> None:
        for k in range(10_000):
            if stop.is_set():
                return
            requests.get(f"{url}/preview?keyword={n}x{k}", timeout=60)

    strangers = [threading.Thread(target=look, args=(n,), daemon=True) for n in range(50)]
    for stranger in strangers:
        stranger.start()
    took_s = []
    for _ in range(4):
        began = time.monotonic()
        assert requests.post(leave, data={"List-Unsubscribe": "One-Click"}, timeout=60).status_code == 200
        took_s.append(time.monotonic() - began)
    stop.set()
    for stranger in strangers:
        stranger.join(60)

    assert max(took_s) < 2, took_s

"""Who gets into the console, and what a form must have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.web.console.browsing import WORD, Browser, at_the_console, page_of, text_of
from tests.web.faces import a_web_face
from zonewire import operators
from zonewire.errors import StoreUnavailable
from zonewire.operators import Role
from zonewire.operators.logins import OF_A_NAME_FROM_A_PLACE
from zonewire.store import Store, now

PAGES = (
    "/console",
    "/console/articles",
    "/console/deliveries",
    "/console/bulk",
    "/console/feeds",
    "/console/subscribers",
    "/console/digests",
    "/console/lanes",
    "/console/audit",
    "/console/operators",
)


@pytest.fixture
def door(plain_store: Store, tmp_path: Path) -> Iterator[Browser]:
    """The console, with an operator who is not logged in."""
    with plain_store.writing() as db:
        operators.add(db, "chen", Role.ADMINISTER, WORD, now=now(db))
    with a_web_face(plain_store, tmp_path) as url:
        yield Browser(url)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_logging_in(door: Browser, path: str) -> None:
    answer = door.get(path, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/console/login")


def test_logging_in_leads_to_the_page_that_was_asked_for(door: Browser) -> None:
    login = page_of(door.get("/console/lanes"))
    (after,) = login.xpath("//input[@name='next']/@value")

    answer = door.post("/console/login", name="chen", password=WORD, next=after)

    assert answer.url == f"{door.url}/console/lanes"
    name, *rest = answer.history[0].headers["Set-Cookie"].split("; ")
    assert name.startswith("zonewire=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(rest)
    assert "Secure" not in rest


def test_behind_tls_the_cookie_is_for_tls_and_this_host_alone(door: Browser) -> None:
    fields = {"name": "chen", "password": WORD}
    answer = requests.post(
        f"{door.url}/console/login",
        data=fields,
        headers={"X-Forwarded-Proto": "https"},
        allow_redirects=False,
        timeout=10,
    )

    assert answer.headers["Set-Cookie"].startswith("__Host-zonewire=")
    assert "; Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example", "/console\\@evil.example", "/consolation"]
)
def test_nobody_is_sent_elsewhere_after_logging_in(door: Browser, after: str) -> None:
    fields = {"name": "chen", "password": WORD, "next": after}
    answer = door.session.post(f"{door.url}/console/login", data=fields, allow_redirects=False, timeout=10)

    assert answer.headers["Location"] == "/console"


def test_a_wrong_name_and_a_wrong_password_are_answered_alike_and_not_for_ever(door: Browser) -> None:
    wrong = [door.post("/console/login", name=name, password="a wrong one") for name in ("chen", "nobody")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert text_of(wrong[0]) == text_of(wrong[1])

    for _ in range(OF_A_NAME_FROM_A_PLACE):
        last = door.post("/console/login", name="chen", password="a wrong one")
    assert (last.status_code, "Retry-After" in last.headers) == (429, True)


def test_logging_out_ends_the_session(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        token = chen.session.cookies["zonewire"]
        assert chen.send("/console/logout", page="/console/lanes").url.endswith("/console/login")

        chen.session.cookies.set("zonewire", token)
        assert chen.get("/console/lanes").url.partition("?")[0].endswith("/console/login")


def test_a_form_without_the_mark_of_its_page_does_nothing(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        answers = [chen.post("/console/lanes/feeds", action="pause", mark=mark) for mark in ("", "x" * 43)]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert "not opened in this login" in text_of(answers[0])
        listed = text_of(chen.get("/console/lanes"))
    assert "Paused by" not in listed


def test_who_may_only_look_sees_all_and_changes_nothing(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        assert [chen.get(path).status_code for path in PAGES] == [200] * (len(PAGES) - 1) + [403]
        assert "Pause this lane" not in text_of(chen.get("/console/lanes"))
        answer = chen.send("/console/lanes/feeds", page="/console/lanes", action="pause")
    assert answer.status_code == 403
    assert "operate" in text_of(answer)


def test_every_page_lets_nothing_run_or_be_framed_and_is_kept_nowhere(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen:
        for path in PAGES:
            answer = chen.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["Cache-Control"] == "no-store"
            assert not page_of(answer).xpath("//script[not(@src)] | //style | //@style | //@onclick")


def test_the_language_that_was_chosen_stays(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        chen.get("/console/lanes?lang=zh-CN")
        assert page_of(chen.get("/console")).get("lang") == "zh-CN"


def test_without_its_database_the_console_says_so_in_words(
    plain_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_store: Store) -> None:
        raise StoreUnavailable("the database cannot be used: it is away")

    with at_the_console(plain_store, tmp_path) as chen:
        monkeypatch.setattr(Store, "reading", away)
        answer = chen.get("/console/lanes")

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "it is away" in text_of(answer)
    assert "zonewire doctor" in text_of(answer)

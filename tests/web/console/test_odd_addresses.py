"""Addresses of the console that no page of it has made: odd numbers, somebody's words, another root."""

from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.builders import an_endpoint
from tests.web.console.browsing import WORD, Browser, at_the_console, page_of, text_of
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from zonewire import operators
from zonewire.operators import Role
from zonewire.operators.sessions import begin_session
from zonewire.store import Store, now

LONG, VERY_LONG = "9" * 25, "9" * 5_000
LISTS = ("articles", "audit", "deliveries", "digests", "subscribers", "tasks")
NUMBERS = (
    *(f"/console/{page}?before={n}" for page in LISTS for n in (LONG, VERY_LONG, "²", "٣", "-1")),
    f"/console/digests?hour={'9' * 18}",
    f"/console/deliveries?edition=d{LONG}",
    f"/console/deliveries?endpoint=e{LONG}",
    f"/console/subscribers?subscriber={LONG}",
    f"/console/subscribers?q=e{LONG}",
    f"/console/endpoints?after=failing-{LONG}",
    "/console/endpoints?after=failing-²",
    "/console?done=replayed&n=²",
    "/console?done=subscriber_ended",
)
NOWHERE = (
    *(f"/console/digests/d{n}" for n in (LONG, VERY_LONG)),
    f"/console/digests/d{LONG}/mail",
    f"/console/digests/next/s{LONG}",
    f"/console/bulk/b{LONG}",
    f"/console/bulk/b{VERY_LONG}",
    f"/console/subscribers/{LONG}",
    f"/console/endpoints/e{LONG}",
)


def below_a_root(app: ASGIApp) -> ASGIApp:
    """*app* as `--root-path /news` serves it."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": "/news"}, receive, send)

    return served


def test_numbers_that_no_key_has_are_passed_over_or_lead_nowhere(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_endpoint(db)
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        passed_over = {path[:60]: chen.get(path).status_code for path in NUMBERS}
        nowhere = {path[:60]: chen.get(path).status_code for path in NOWHERE}
    assert {path: status for path, status in passed_over.items() if status != 200} == {}
    assert {path: status for path, status in nowhere.items() if status not in {400, 404}} == {}


def test_a_bulk_act_with_numbers_that_cannot_be_is_begun_as_usual(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        odd = {"per_minute": LONG, "expected": LONG, "seen": LONG}
        answer = chen.send("/console/bulk", page="/console", act="cancel", state="pending", **odd)
    assert answer.status_code < 500


def test_a_link_puts_nobodys_words_where_ours_stand(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        said = [
            text_of(chen.get(f"/console/lanes?done={done}&about={about}"))
            for done, about in (("endpoint_disabled", "Call 12345"), ("removed", "Call it"), ("lane_paused", "致电"))
        ]
        ours = text_of(chen.get("/console/lanes?done=endpoint_disabled&about=e7"))
    assert [text for text in said if "Call" in text or "致电" in text] == []
    assert "e7 is disabled" in ours


def test_below_a_root_logging_in_and_out_stays_there(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        operators.add(db, "chen", Role.LOOK, WORD, now=now(db))
    with serve(below_a_root(create_app(a_face(plain_store, tmp_path)))) as url:
        chen = Browser(f"{url}/news")
        asked = chen.get("/console/lanes")
        (after,) = page_of(asked).xpath("//input[@name='next']/@value")
        entered = chen.post("/console/login", name="chen", password=WORD, next=after)
        left = chen.send("/console/logout", page="/console")
    assert asked.url.startswith(f"{url}/news/console/login?next=")
    assert (entered.url, entered.status_code) == (f"{url}/news/console/lanes", 200)
    assert (left.url, left.status_code) == (f"{url}/news/console/login", 200)


def test_below_a_root_an_act_leads_back_to_its_page_and_errors_are_pages(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        chen = operators.add(db, "chen", Role.OPERATE, WORD, now=now(db))
        token = begin_session(db, chen.id, came_from="127.0.0.1", software="", now=now(db))
    with serve(below_a_root(create_app(a_face(plain_store, tmp_path)))) as url:
        browser = Browser(f"{url}/news")
        browser.session.cookies.set("zonewire", token)
        resumed = browser.send("/console/lanes/feeds", page="/console/lanes", action="resume")
        missing = browser.get("/console/subscribers/7")
    assert resumed.url.startswith(f"{url}/news/console/lanes?done=lane_resumed")
    assert (missing.status_code, missing.headers["Content-Type"][:9]) == (404, "text/html")

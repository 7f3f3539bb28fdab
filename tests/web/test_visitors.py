"""People who open a mail's links, told apart from the scanners that open all of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import update

from tests.eventually import eventually
from tests.web.faces import a_face
from tests.web.readers import a_reader, state_of
from tests.web.serving import serve
from web.app import create_app
from web.public import visitors
from web.public.visitors import Visitor, Visits
from zonewire.keys import KeyRing, make_token
from zonewire.store import Store
from zonewire.store.tables import subscriptions
from zonewire.subscriptions import visits_by_page

PERSON: dict[str, str | None] = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Accept-Language": "zh-CN,zh;q=0.9",
}


@pytest.fixture
def keys(store: Store, tmp_path: Path) -> KeyRing:
    return a_face(store, tmp_path).keys


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(visitors, "WRITE_EVERY_S", 0.0)
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


def link(face: str, keys: KeyRing, page: str, ident: int, *, age_s: int = 3_600) -> str:
    return f"{face}/{page}/{make_token(keys, page, ident, now_s=int(time.time()) - age_s)}"


def counted(store: Store) -> dict[tuple[str, str], int]:
    with store.reading() as db:
        return visits_by_page(db)


def test_a_person_is_counted_by_page(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store)
    for page in ("manage", "unsubscribe", "manage"):
        requests.get(link(face, keys, page, ident), headers=PERSON, timeout=10)

    expected = {("manage", "person"): 2, ("unsubscribe", "person"): 1}
    eventually(lambda: counted(store) == expected, within_s=5)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": ""},
        {"User-Agent": "Mozilla/5.0 (compatible; BarracudaCentral)"},
        {"User-Agent": "python-requests/2.34"},
        {"Accept-Language": None},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_what_no_browser_of_a_person_says_is_a_scanner(
    store: Store, face: str, keys: KeyRing, headers: dict[str, str | None]
) -> None:
    ident = a_reader(store)
    session = requests.Session()
    session.headers.clear()
    answer = session.get(link(face, keys, "unsubscribe", ident), headers=PERSON | headers, timeout=10)

    assert answer.status_code == 200
    eventually(lambda: counted(store) == {("unsubscribe", "scanner"): 1}, within_s=5)
    assert state_of(store, ident) == "active"


def test_a_browser_that_opens_a_link_as_soon_as_it_is_made_is_a_scanner(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store)
    requests.get(link(face, keys, "manage", ident, age_s=1), headers=PERSON, timeout=10)
    requests.head(link(face, keys, "manage", ident), headers=PERSON, timeout=10)

    eventually(lambda: counted(store) == {("manage", "scanner"): 2}, within_s=5)


def test_a_link_that_is_not_ours_is_not_counted(store: Store, face: str) -> None:
    requests.get(f"{face}/manage/x", headers=PERSON, timeout=10)

    assert counted(store) == {}


def test_nobody_waits_for_the_writer_to_have_a_visit_counted(store: Store, face: str, keys: KeyRing) -> None:
    url = link(face, keys, "manage", a_reader(store))
    with store.writing() as db:
        db.execute(update(subscriptions).values(weekday=1))
        began = time.monotonic()
        requests.get(url, headers=PERSON, timeout=10)
        took_s = time.monotonic() - began

    assert took_s < 1
    eventually(lambda: counted(store) == {("manage", "person"): 1}, within_s=8)


def test_visits_are_written_down_together_every_few_seconds() -> None:
    moment = 100.0
    visits = Visits(clock=lambda: moment)
    visits.note("manage", Visitor.PERSON)
    assert visits.due() == {("manage", "person"): 1}
    visits.note("manage", Visitor.PERSON)
    visits.note("manage", Visitor.PERSON)
    assert visits.due() == {}

    moment += 5
    assert visits.due() == {("manage", "person"): 2}
    assert visits.waiting() == {}


def test_what_waits_to_be_written_down_is_in_the_metrics(store: Store, tmp_path: Path, keys: KeyRing) -> None:
    token = make_token(keys, "manage", a_reader(store), now_s=int(time.time()) - 3_600)
    with serve(create_app(a_face(store, tmp_path))) as url:
        for _ in range(3):
            requests.get(f"{url}/manage/{token}", headers=PERSON, timeout=10)
        eventually(lambda: counted(store) == {("manage", "person"): 1}, within_s=5, what="the first, at once")

        assert (
            'zonewire_link_visits{page="manage",visitor="person"} 3.0' in requests.get(f"{url}/metrics", timeout=5).text
        )

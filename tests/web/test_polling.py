"""Who polls is counted; who polls far too often is asked to wait, but nobody on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from tests.eventually import eventually
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from web.public import polling
from web.public.polling import A_MINUTE, MOST_SOFTWARE, Polling
from zonewire.feeds import list_readers
from zonewire.feeds.readers import DAY, KEPT_DAYS, forget_readers
from zonewire.store import Store, now
from zonewire.store.tables import feed_readers


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(polling, "WRITE_EVERY_S", 0.0)
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


def poll(face: str, client: str = "", path: str = "all.rss", **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(
        f"{face}/feeds/{path}", headers=sent | ({"X-Forwarded-For": client} if client else {}), timeout=10
    )


def readers(store: Store, *, days: int = 1) -> dict[str, dict[str, object]]:
    with store.reading() as db:
        return {str(row["reader"]): row for row in list_readers(db, days=days, now=now(db))}


def counted(store: Store, polls: int) -> dict[str, dict[str, object]]:
    """The readers once so many polls are written down, which nobody waits for."""

    def are_there() -> bool:
        with store.reading() as db:
            return bool(sum(row["polls"] for row in list_readers(db, days=1, now=now(db))) == polls)

    eventually(are_there, within_s=5)
    return readers(store)


def test_who_polls_too_often_is_told_how_long_to_wait(face: str) -> None:
    answers = [poll(face, "203.0.113.9") for _ in range(A_MINUTE + 1)]

    assert {answer.status_code for answer in answers[:A_MINUTE]} == {200}
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert "within a minute" in answers[-1].json()["detail"]
    assert poll(face, "203.0.113.9", "all.atom").status_code == 200  # another document
    assert poll(face, "203.0.113.8").status_code == 200  # somebody else
    assert poll(face, "198.51.100.1, 203.0.113.9").status_code == 429  # the last is whom our proxy names


@pytest.mark.parametrize(
    ("named", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4007", "198.51.100.7"),
        ("[2001:db8::7]:4007", "2001:db8::/64"),
        ("2001:db8:0:0:1::7", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1, 198.51.100.7", "198.51.100.7"),
    ],
)
def test_a_client_is_whom_the_proxy_names(store: Store, face: str, named: str, client: str) -> None:
    poll(face, named)
    assert set(counted(store, 1)) == {client}


def test_invented_names_of_software_make_no_rows_without_end(store: Store, face: str) -> None:
    for n in range(MOST_SOFTWARE + 5):
        poll(face, "203.0.113.9", User_Agent=f"reader/{n}")
    counted(store, MOST_SOFTWARE + 5)
    with store.reading() as db:
        rows = list_readers(db, days=1, now=now(db))
    assert len(rows) == MOST_SOFTWARE + 1
    assert {row["polls"] for row in rows if row["software"] == "others"} == {5}


def test_nobody_on_this_machine_is_refused(face: str) -> None:
    with requests.Session() as session:
        codes = {session.get(f"{face}/feeds/all.rss", timeout=10).status_code for _ in range(A_MINUTE + 30)}
    assert codes == {200}


def test_a_minute_later_all_is_well_again() -> None:
    clock = iter([0.0, *([1.0] * (A_MINUTE + 1)), 62.0])
    counts = Polling(clock=lambda: next(clock))
    waits = [counts.must_wait_s("a", "all.rss") for _ in range(A_MINUTE + 1)]

    assert waits[:A_MINUTE] == [0] * A_MINUTE
    assert waits[-1] == 60
    assert counts.must_wait_s("a", "all.rss") == 0


def test_readers_are_counted_with_their_software_and_whom_they_speak_for(store: Store, face: str) -> None:
    agent = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)"
    first = poll(face, "203.0.113.9", User_Agent=agent)
    poll(face, "203.0.113.9", User_Agent=agent, If_None_Match=first.headers["ETag"])
    poll(face, "2001:db8::7", User_Agent="curl/8.0")
    poll(face, "nonsense", User_Agent="")
    poll(face)

    found = counted(store, 5)
    assert found["203.0.113.9"]["software"] == agent[:80]
    assert [found["203.0.113.9"][name] for name in ("polls", "unchanged", "subscribers")] == [2, 1, 16]
    assert found["2001:db8::/64"]["polls"] == 1
    assert {"unknown", "this machine"} <= found.keys()
    assert next(iter(found)) == "203.0.113.9"  # who fetched most


def test_a_database_that_takes_nothing_keeps_no_document_from_anybody(store: Store, face: str) -> None:
    poll(face, "203.0.113.9")
    with store.writing() as db:
        db.execute(feed_readers.delete())
        db.execute(text("DROP TABLE feed_readers"))
    assert poll(face, "203.0.113.9").status_code == 200
    with store.writing() as db:
        feed_readers.create(db)  # the tables are emptied behind this test


def test_what_was_not_there_counts_too_and_breaks_nothing(store: Store, face: str) -> None:
    assert poll(face, "203.0.113.9", "city/nowhere.rss").status_code == 404
    assert poll(face, "203.0.113.9").status_code == 200
    assert counted(store, 1)["203.0.113.9"]["polls"] == 1


def test_readers_are_forgotten_after_a_month(store: Store, face: str) -> None:
    poll(face, "203.0.113.9")
    counted(store, 1)
    with store.writing() as db:
        at = now(db)
        assert forget_readers(db, now=at + KEPT_DAYS * DAY) == 0
        assert forget_readers(db, now=at + (KEPT_DAYS + 1) * DAY) == 1
    assert readers(store) == {}

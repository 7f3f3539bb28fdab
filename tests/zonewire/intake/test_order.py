"""Acceptance numbers become visible in their order, also where intakes overlap; and intakes that meet."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from tests.builders import an_article
from tests.eventually import eventually
from tests.zonewire.intake.events import HOST, a_publication
from zonewire.intake import Accepted, Event, accept
from zonewire.intake.accept import plan_batch, write_batch
from zonewire.store import Store
from zonewire.store.tables import outbox, versions


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def on_postgresql(store: Store) -> Store:
    if not store.is_postgresql:
        pytest.skip("SQLite has one writer at a time")
    return store


def an_intake(store: Store, pool: ThreadPoolExecutor, event: Event) -> "Future[list[Accepted]]":
    return pool.submit(accept, store, [event], host=HOST)


def newest_number(store: Store) -> int:
    with store.reading() as db:
        return int(db.execute(select(func.coalesce(func.max(versions.c.number), 0))).scalar_one())


def someone_waits(store: Store, kind: str) -> bool:
    with store.reading() as db:
        asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = :kind")
        return bool(db.execute(asked, {"kind": kind}).scalar_one())


def test_an_intake_held_open_before_its_number_comes_after_one_that_commits_meanwhile(on_postgresql: Store) -> None:
    store = on_postgresql
    with store.writing() as slow:
        plan = plan_batch(slow, [a_publication(an_article(zone="甲", city="", section=()))], host=HOST)
        accept(store, [a_publication(an_article(zone="乙", city="", section=()))], host=HOST)
        window_closes_at = newest_number(store)
        write_batch(slow, plan)
    assert window_closes_at == 1
    assert newest_number(store) == 2, "the slow one must not slip into a window that is closed already"


def test_an_intake_held_open_with_its_number_keeps_the_next_one_waiting(
    on_postgresql: Store, pool: ThreadPoolExecutor
) -> None:
    store = on_postgresql
    with store.writing() as slow:
        write_batch(slow, plan_batch(slow, [a_publication(an_article(zone="甲", city="", section=()))], host=HOST))
        later = an_intake(store, pool, a_publication(an_article(zone="乙", city="", section=())))
        eventually(lambda: someone_waits(store, "advisory"), within_s=5, what="the later one waits for the numbers")
        assert newest_number(store) == 0
    later.result(5)
    with store.reading() as db:
        found = db.execute(select(versions.c.number, versions.c.accepted_at).order_by(versions.c.number)).all()
    assert [row.number for row in found] == [1, 2]
    assert found[0].accepted_at < found[1].accepted_at


def test_two_changes_of_one_article_at_once_are_two_versions(on_postgresql: Store, pool: ThreadPoolExecutor) -> None:
    store, article = on_postgresql, an_article()
    accept(store, [a_publication(article)], host=HOST)
    with store.writing() as slow:
        plan = plan_batch(slow, [a_publication(replace(article, title="二"))], host=HOST)
        other = an_intake(store, pool, a_publication(replace(article, title="三")))
        eventually(lambda: someone_waits(store, "transactionid"), within_s=5, what="the other waits for the article")
        write_batch(slow, plan)
    assert [answer.version for answer in other.result(5)] == [3]


def test_the_same_event_twice_at_once_is_taken_once(store: Store, pool: ThreadPoolExecutor) -> None:
    event = a_publication()
    tries = [an_intake(store, pool, event) for _ in range(8)]
    answers = [one.result(20)[0] for one in tries]
    assert sorted(answer.result for answer in answers) == ["accepted"] + ["duplicate"] * 7
    assert newest_number(store) == 1


def test_one_event_id_for_two_articles_at_once_is_taken_once(store: Store, pool: ThreadPoolExecutor) -> None:
    tries = [an_intake(store, pool, a_publication(id="1")) for _ in range(8)]
    answers = [one.result(20)[0] for one in tries]
    assert len({answer.guid for answer in answers}) == 1
    assert newest_number(store) == 1


def test_a_reader_never_sees_a_gap_in_the_numbers(store: Store, pool: ThreadPoolExecutor) -> None:
    done = threading.Event()
    gaps: list[tuple[int, int]] = []

    def watch() -> None:
        while not done.is_set():
            with store.reading() as db:
                count, last = db.execute(select(func.count(), func.coalesce(func.max(versions.c.number), 0))).one()
                gaps.extend([(count, last)] if count != last else [])

    watching = pool.submit(watch)
    for one in [an_intake(store, pool, a_publication()) for _ in range(60)]:
        one.result(30)
    done.set()
    watching.result(5)
    assert gaps == []
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(outbox)).scalar_one() == 60

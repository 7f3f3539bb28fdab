"""Whatever happens between cuts, each subscription gets each article that passes in exactly one edition."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from tests.builders import NOON, a_filter, a_subscription, a_version, an_article
from tests.examples import examples
from tests.zonewire.digests.reading import HOUR, sent_to
from zonewire import ROOT
from zonewire.articles.model import Article
from zonewire.digests import Cut, cut_due, editions, statements
from zonewire.digests.windows import Windows
from zonewire.errors import StoreBusy
from zonewire.store import Store
from zonewire.store.tables import deliveries, subscriptions, versions

ARTICLES = 4
CITIES = ("泰州", "苏州")
STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, ARTICLES - 1), st.sampled_from(CITIES)),
    st.tuples(st.just("withdraw"), st.integers(0, ARTICLES - 1)),
    st.tuples(st.just("subscribe"), st.sampled_from((*CITIES, ""))),
    st.tuples(st.just("cut")),
)


@dataclass(slots=True)
class Reader:
    """One subscription of a history."""

    id: int
    city: str  # "" wants all
    since: int  # where its first window opens


class History:
    """A history of articles and cuts, beside whatever earlier examples left in the database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.readers: list[Reader] = []
        self.hours = 0
        with store.writing() as db:
            db.execute(update(subscriptions).values(state="ended", next_at=None))
            self.articles: list[Article] = [an_article() for _ in range(ARTICLES)]
            self.standing: dict[int, tuple[int, int, str]] = {}  # nth article: its id, newest number, city
            self.start = _newest(db)

    def publish(self, nth: int, city: str) -> None:
        with self.store.writing() as db:
            version = a_version(db, an_article(guid=self.articles[nth].guid, city=city))
        self.standing[nth] = (version.article_id, version.number, city)

    def withdraw(self, nth: int) -> None:
        if self.standing.pop(nth, None):
            with self.store.writing() as db:
                a_version(db, self.articles[nth], withdrawn=True)

    def subscribe(self, city: str) -> None:
        with self.store.writing() as db:
            # Filters of this example only: what an earlier one left behind passes none of them.
            since = _newest(db)
            wanted = a_filter(db, city=city) if city else a_filter(db)
            due = NOON + (self.hours + 1) * HOUR
            ident = a_subscription(
                db, channel="email", cadence="hourly", filter_id=wanted, window_after=since, next_at=due
            )
        self.readers.append(Reader(ident, city, since))

    def cut(self) -> None:
        self.hours += 1
        cut_due(self.store, at=NOON + self.hours * HOUR)


def _newest(db: Connection) -> int:
    return int(db.execute(select(func.coalesce(func.max(versions.c.number), 0))).scalar_one())


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_each_subscription_gets_each_passing_article_in_exactly_one_edition(
    store: Store, steps: list[tuple[Any, ...]]
) -> None:
    history = History(store)
    history.subscribe("")
    history.subscribe(CITIES[0])
    for name, *arguments in steps:
        getattr(history, name)(*arguments)
    history.cut()

    with store.reading() as db:
        sent = sent_to(db)
    for reader in history.readers:
        stories = Counter(article for digest in sent[reader.id] for article in digest.articles())
        assert all(times == 1 for times in stories.values()), "twice"
        for article_id, number, city in history.standing.values():
            if number > reader.since and reader.city in {"", city}:
                assert stories[article_id] == 1, "never"
        _corrections_follow_what_was_sent(sent[reader.id])


def _corrections_follow_what_was_sent(digests: list[Any]) -> None:
    had: set[int] = set()
    for digest in digests:
        assert digest.articles(), "corrections alone made an edition"
        assert had.issuperset(digest.articles("correction") + digest.articles("withdrawal"))
        had.update(digest.articles())


def a_crowd(store: Store, *, readers: int = 60, filters: int = 6) -> None:
    """Readers of some filters, and an article for each filter."""
    with store.writing() as db:
        for n in range(filters):
            wanted = a_filter(db, city=f"城市{n}")
            for _ in range(readers // filters):
                a_subscription(db, channel="email", filter_id=wanted)
            a_version(db, an_article(city=f"城市{n}"))


def everybody_has_exactly_one_digest(store: Store, *, readers: int = 60) -> bool:
    with store.reading() as db:
        sent = sent_to(db)
        held_back = db.execute(select(func.count()).where(subscriptions.c.next_at <= NOON)).scalar_one()
    return held_back == 0 and len(sent) == readers and all(len(digests) == 1 for digests in sent.values())


@pytest.mark.parametrize("point", ["_add_editions", "owe_editions", "after"])
def test_a_cut_that_dies_inside_a_transaction_leaves_nothing_half_done(
    store: Store, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(editions, "MOST_SUBSCRIPTIONS", 10)
    a_crowd(store)
    _die_in_the_third_call(monkeypatch, "cut_part" if point == "after" else point, after=point == "after")
    with pytest.raises(KeyboardInterrupt):
        cut_due(store, at=NOON)
    with store.reading() as db:
        moved = db.execute(select(func.count()).where(subscriptions.c.next_at > NOON)).scalar_one()
        owed = db.execute(select(func.count()).select_from(deliveries)).scalar_one()
    assert 0 < moved == owed < 60

    monkeypatch.undo()
    cut_due(store, at=NOON)

    assert everybody_has_exactly_one_digest(store)


def _die_in_the_third_call(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    real: Callable[..., Any] = getattr(editions, name)
    calls = iter(range(10))

    def dying(*args: Any, **kwargs: Any) -> Any:
        number = next(calls)
        if number == 2 and not after:
            raise KeyboardInterrupt
        result = real(*args, **kwargs)
        if number == 2:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(editions, name, dying)


def test_two_workers_that_cut_at_once_make_nothing_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "MOST_SUBSCRIPTIONS", 7)
    a_crowd(store)
    together = threading.Barrier(3)
    errors: list[BaseException] = []

    def worker() -> None:
        try:
            together.wait()
            cut_due(store, at=NOON)
        except StoreBusy:
            pass  # the next tick goes on
        except BaseException as error:  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cut_due(store, at=NOON)

    assert errors == []
    assert everybody_has_exactly_one_digest(store)


def test_a_worker_that_read_before_another_cut_changes_nothing(store: Store) -> None:
    a_crowd(store)
    with store.reading() as db:
        windows = Windows(_newest(db))
        rows = db.execute(statements.DUE, {"at": NOON, "up_to": windows.up_to, "most": 100}).all()
        stale = editions.prepare(db, windows, rows, at=NOON)
    with store.writing() as db:
        a_version(db, an_article(city="城市0"))
    cut_due(store, at=NOON)  # closes its windows later than the stale one would

    with store.writing() as db:
        cut = editions.cut_part(db, stale, at=NOON, now=NOON)

    assert cut == Cut()
    assert everybody_has_exactly_one_digest(store)


CUTTER = """
import sys
from zonewire.digests import cut_due, editions
from zonewire.store import open_store
editions.MOST_SUBSCRIPTIONS = 5
print("ready", flush=True)
cut_due(open_store(sys.argv[1]), at=int(sys.argv[2]))
"""


@pytest.mark.parametrize("wait_s", [0.02, 0.06, 0.12])
def test_a_cut_that_is_killed_is_finished_by_the_next_one(database_url: str, store: Store, wait_s: float) -> None:
    a_crowd(store)
    process = subprocess.Popen(
        [sys.executable, "-c", CUTTER, database_url, str(NOON)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(wait_s)  # the moment of the kill, not a wait for something
    process.kill()
    process.wait()
    process.stdout.close()

    cut_due(store, at=NOON)

    assert everybody_has_exactly_one_digest(store)

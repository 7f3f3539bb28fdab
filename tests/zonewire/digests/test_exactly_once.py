"""Whatever happens between cuts, each subscription gets each article that passes in exactly one edition."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from tests.builders import DAY, NOON, a_filter, a_subscription, a_version, an_article
from tests.examples import examples
from tests.zonewire.digests.reading import HOUR, sent_to
from zonewire import ROOT
from zonewire.articles.model import Article, Version
from zonewire.digests import Cut, cut_due, editions, statements
from zonewire.digests.windows import Windows
from zonewire.errors import StoreBusy
from zonewire.filters import Filter
from zonewire.store import Store
from zonewire.store.tables import deliveries, subscriptions, versions
from zonewire.subscriptions import changing, lifecycle, listing
from zonewire.subscriptions.cadence import PERIOD

ARTICLES = 4
CITIES = ("泰州", "苏州")
NTH = st.integers(0, 5)  # of the readers that there are, the latest first
STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, ARTICLES - 1), st.sampled_from(CITIES)),
    st.tuples(st.just("withdraw"), st.integers(0, ARTICLES - 1)),
    st.tuples(st.just("subscribe"), st.sampled_from((*CITIES, ""))),
    st.tuples(st.just("pause"), NTH),
    st.tuples(st.just("resume"), NTH),
    st.tuples(st.just("rest"), NTH, st.sampled_from((0, 1, 5, 30))),
    st.tuples(st.just("doze"), NTH, st.sampled_from((1, 5, 30))),
    st.tuples(st.just("change"), NTH, st.sampled_from(("hourly", "daily"))),
    st.tuples(st.just("want"), NTH, st.sampled_from((*CITIES, ""))),
    st.tuples(st.just("pass_time"), st.integers(1, 30)),  # nobody works: an outage, where a digest is due
    st.tuples(st.just("cut")),
    st.tuples(st.just("cut")),
)


@dataclass(slots=True)
class Reader:
    """One subscription of a history, and what it must have been sent: the model."""

    id: int
    city: str  # "" wants all
    after: int  # where its open window begins
    paused: bool = False
    had: list[set[int]] = field(default_factory=list)  # the articles that each of its digests brings as news

    def is_told(self, newest: dict[int, tuple[int, str]], up_to: int) -> None:
        """Its window closes at *up_to*: a digest, if an article in it stands, passes, and is new to this reader."""
        known = set().union(*self.had)
        news = {
            article
            for article, (number, city) in newest.items()
            if self.after < number <= up_to and self.city in {"", city} and article not in known
        }
        if news:
            self.had.append(news)
        self.after = up_to


class History:
    """A history of articles and cuts, beside whatever earlier examples left in the database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.readers: list[Reader] = []
        self.accepted: dict[int, int] = {}  # when each version of this history was accepted
        with store.writing() as db:
            db.execute(update(subscriptions).values(state="ended", next_at=None))
            # Behind all that earlier examples accepted, and were cut at.
            cut_at = db.execute(select(func.max(subscriptions.c.last_cut_at))).scalar() or NOON
            accepted_at = db.execute(select(func.max(versions.c.accepted_at))).scalar() or NOON
            self.now = (max(NOON, cut_at, accepted_at) // DAY + 100) * DAY
            self.articles: list[Article] = [an_article() for _ in range(ARTICLES)]
            self.standing: dict[int, tuple[int, str]] = {}  # article: its newest number, and its city

    def publish(self, nth: int, city: str) -> None:
        with self.store.writing() as db:
            version = self._accepted(db, an_article(guid=self.articles[nth].guid, city=city))
        self.standing[version.article_id] = (version.number, city)

    def withdraw(self, nth: int) -> None:
        with self.store.writing() as db:
            version = self._accepted(db, self.articles[nth], withdrawn=True)
        self.standing.pop(version.article_id, None)

    def _accepted(self, db: Connection, article: Article, *, withdrawn: bool = False) -> Version:
        self.now += 1
        version = a_version(db, article, withdrawn=withdrawn, accepted_at=self.now)
        self.accepted[version.number] = self.now
        return version

    def subscribe(self, city: str) -> None:
        with self.store.writing() as db:
            since = _newest(db)
            wanted = a_filter(db, city=city) if city else a_filter(db)
            due = self.now + HOUR
            ident = a_subscription(
                db, channel="email", cadence="hourly", filter_id=wanted, window_after=since, next_at=due
            )
        self.readers.append(Reader(ident, city, since))

    def _reader(self, nth: int) -> Reader:
        return self.readers[-1 - nth % len(self.readers)]

    def pause(self, nth: int) -> None:
        with self.store.writing() as db:
            lifecycle.pause(db, self._reader(nth).id, self.now)
        self._reader(nth).paused = True

    def resume(self, nth: int) -> None:
        """One period back at most."""
        if self._reader(nth).paused:
            with self.store.writing() as db:
                lifecycle.resume(db, self._reader(nth).id, self.now)
            self._resumed(self._reader(nth))

    def doze(self, nth: int, hours: int) -> None:
        """A pause that ends by itself."""
        reader = self._reader(nth)
        with self.store.writing() as db:
            lifecycle.pause(db, reader.id, self.now, until=self.now + hours * HOUR)
        self.pass_time(hours)
        assert lifecycle.resume_rested(self.store, now=self.now - 1) == 0
        assert lifecycle.resume_rested(self.store, now=self.now) == 1
        self._resumed(reader)

    def _resumed(self, reader: Reader) -> None:
        with self.store.reading() as db:
            cadence = listing.find(db, reader.id).cadence
            newest = _newest(db)
        since = self.now - PERIOD[cadence]
        earliest = min((number for number, at in self.accepted.items() if at >= since), default=newest + 1)
        reader.after, reader.paused = max(reader.after, earliest - 1), False

    def rest(self, nth: int, hours: int) -> None:
        self.pause(nth)
        self.pass_time(hours)
        self.resume(nth)

    def change(self, nth: int, cadence: str) -> None:
        with self.store.writing() as db:
            was = listing.find(db, self._reader(nth).id)
            changing.change(db, was.id, changing.read_rhythm({"cadence": cadence}, was=was), self.now)

    def want(self, nth: int, city: str) -> None:
        """Another filter; the window stays, and what was sent by the old one is known."""
        reader = self._reader(nth)
        wanted = Filter(cities=(city,)) if city else Filter()
        with self.store.writing() as db:
            rhythm = changing.rhythm_of(listing.find(db, reader.id))
            changing.change(db, reader.id, rhythm, self.now, wanted=wanted)
        reader.city = city

    def pass_time(self, hours: int) -> None:
        self.now += hours * HOUR

    def cut(self) -> None:
        self.pass_time(1)
        with self.store.reading() as db:
            up_to = _newest(db)
            is_due = subscriptions.c.next_at <= self.now
            due = set(db.execute(select(subscriptions.c.id).where(is_due)).scalars())
        cut_due(self.store, at=self.now)
        for reader in self.readers:
            if reader.id in due:
                reader.is_told(self.standing, up_to)


def _newest(db: Connection) -> int:
    return int(db.execute(select(func.coalesce(func.max(versions.c.number), 0))).scalar_one())


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[("publish", 0, CITIES[0]), ("subscribe", ""), ("rest", 0, 0)])  # no pause brings what was before
@example(  # what came by an earlier filter does not come again as news
    steps=[("publish", 0, CITIES[0]), ("cut",), ("want", 1, ""), ("publish", 0, CITIES[0]), ("cut",)]
)
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
def test_each_subscription_gets_each_passing_article_in_exactly_one_edition(
    store: Store, steps: list[tuple[Any, ...]]
) -> None:
    history = History(store)
    for city in ("", *CITIES):
        history.subscribe(city)
    for name, *arguments in steps:
        getattr(history, name)(*arguments)
    for _ in range(2):
        history.pass_time(24)
        history.cut()  # every window that is open closes, a daily one too

    with store.reading() as db:
        sent = sent_to(db)
    for reader in history.readers:
        assert [set(digest.articles()) for digest in sent[reader.id]] == reader.had
        _corrections_follow_what_was_sent(sent[reader.id])


def _corrections_follow_what_was_sent(digests: list[Any]) -> None:
    had: set[int] = set()
    for digest in digests:
        assert digest.articles(), "corrections alone made an edition"
        assert len(digest.articles()) == len(set(digest.articles())), "twice in one"
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

"""Stopped at any point of the main job and begun anew, nothing is lost and nothing comes under a second id.

Each run has a database of its own. A forked child does the job and is stopped at one point, the next at the point
after it, and so on until the job comes to its end uncut; after each stop the job is begun anew, as workers are, and
what the receivers then have, and what the database says, is looked at. Some runs are stopped twice.

On PostgreSQL the lines of SMTP before the mail itself are left out, and transactions that only read: they change
nothing that a database knows, and all of them are gone through on SQLite.
"""

import gc
import os
import random
import re
import shutil
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from tests.proofs.cuts.cutting import STOPPED, Cut, into_smtp, into_store
from tests.proofs.cuts.main_job import LANES, PLACES, MainJob
from tests.servers.mailbox import Mailbox, running_mailbox
from tests.servers.postgres import PostgresPool
from tests.servers.receiver import Receiver, status
from zonewire import feeds
from zonewire.delivery import counts, ledger
from zonewire.delivery.counts import Slot
from zonewire.delivery.states import State
from zonewire.feeds import Format
from zonewire.outbound.couriers.smtp import Relay
from zonewire.reaction import release_taken
from zonewire.store import SECOND, Store, open_store
from zonewire.store import now as clock
from zonewire.store.tables import articles, deliveries, editions, leases, outbox, versions

pytestmark = pytest.mark.proof

LINK = re.compile(r"https?://\S+")
OUTAGE = 31 * SECOND
"""Longer than a lease, and than an outbox row is kept from others."""
PARTS = 2
"""The points are shared out over so many tests, since each takes a minute or two."""
EVERY = int(os.environ.get("CUTS_EVERY", "1"))
"""Of the points only every second, third …: CI has no time for all of them."""
CUT_TWICE = 5
"""Runs that are stopped a second time, at a random point of what comes after the first."""


def ok_every_second(connection: Any, nth: int) -> None:
    """Answer 500 and 200 in turn."""
    status(500 if nth % 2 else 200)(connection, nth)


@dataclass(slots=True)
class Run:
    """One run of the job, however many processes it takes."""

    store: Store
    name: str
    receiver: Receiver
    mailbox: Mailbox
    began: int = field(default_factory=lambda: time.time_ns() // 1000)
    answered: set[str] = field(default_factory=set)

    def process(self, *, cut_at: int) -> str | None:
        """A process that does the job and is stopped at the point *cut_at*: where that was, None if it came through."""
        told, tell = os.pipe()
        self.store.close()  # no connection goes over the fork, but what was compiled does
        child = os.fork()
        if child == 0:
            os.close(told)
            self._live(tell, cut_at)
        os.close(tell)
        with os.fdopen(told, encoding="utf-8") as lines:
            said = [line.rstrip("\n").split(" ", 1) for line in lines]
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.answered |= {what for name, what in said if name == "answered"}
        failure = [what for name, what in said if name == "failed"]
        assert code in {0, STOPPED}, (code, failure)
        return next(what for name, what in said if name == "cut") if code == STOPPED else None

    def _live(self, tell: int, cut_at: int) -> None:
        """The whole life of such a process."""
        code = 1
        try:
            cut = Cut(cut_at, lambda where: _write(tell, "cut", where))
            gc.disable()
            into_smtp(cut, every_line=not self.store.is_postgresql)
            into_store(self.store, cut, reads=not self.store.is_postgresql)
            self.job(tell=lambda what: _write(tell, "answered", what), passing=cut).run()
            code = 0
        except BaseException:
            _write(tell, "failed", repr(traceback.format_exc()))
        finally:
            os._exit(code)

    def job(self, *, tell: Callable[[str], None], passing: Callable[[str], None]) -> MainJob:
        return MainJob(
            store=self.store,
            relay=Relay.of(self.mailbox.url),
            name=self.name,
            hooks=self.receiver.url(""),
            began=self.began,
            answered=self.answered,
            tell=tell,
            passing=passing,
        )

    def bury(self, *, at_once: bool) -> None:
        """What follows a death: somebody returns what the process had, or time passes until it is free by itself."""
        with self.store.settling() as db:
            if at_once:
                for lane in LANES:
                    ledger.return_leases_of(db, f"{lane}@w1", counted=True, now=clock(db))
                release_taken(db)
            else:
                db.execute(update(outbox).values(taken_until=outbox.c.taken_until - OUTAGE))
                ledger.return_lapsed(db, now=clock(db) + OUTAGE)


def _write(pipe: int, name: str, what: str) -> None:
    os.write(pipe, f"{name} {what}\n".encode())


def survive(run: Run, cuts: list[int]) -> list[str]:
    """Stop *run* at each of *cuts*, one after the other, and begin it anew; where it was stopped."""
    stops: list[str] = []
    for cut_at in cuts:
        where = run.process(cut_at=cut_at)
        if where is None:
            break
        stops.append(where)
        run.bury(at_once=cut_at % 2 == 0)
    else:
        assert run.process(cut_at=1_000_000) is None
    with run.store.reading() as db:
        nothing_is_lost_and_nothing_doubled(run, db, stops)
    return stops


# -- what must be true however often it was stopped --


def nothing_is_lost_and_nothing_doubled(run: Run, db: Connection, stops: list[str]) -> None:
    everybody = {("a", 1), ("b", 1), ("a", 2), ("c", 1), ("b", 2)}
    the_webhooks_have(run, "steady", everybody, most_twice=PLACES * len(stops))
    the_webhooks_have(run, "flaky", everybody, most_twice=None)
    the_webhooks_have(run, "taizhou", {("a", 1), ("a", 2)}, most_twice=PLACES * len(stops))
    the_mails_have(run, "instant", ["甲", "乙", "更正", "丙", "撤"])
    the_mails_have(run, "one", ["甲乙", "丙"])
    the_mails_have(run, "asked", ["确认", "甲乙", "丙"])
    the_feeds_have_it(run, db)
    the_database_is_whole(db)


def the_webhooks_have(run: Run, path: str, wanted: set[tuple[str, int]], *, most_twice: int | None) -> None:
    pushes = run.receiver.received(f"/{run.name}/{path}")
    ids: dict[tuple[str, int], set[str]] = defaultdict(set)
    newest: Counter[str] = Counter()
    for push in pushes:
        data = push.json()["data"]
        letter, version = data["guid"].rsplit("/", 1)[1], data["version"]
        ids[letter, version].add(push.id)
        assert push.json()["type"] == TYPES[letter, version]
        assert version >= newest[letter], f"{path}: version {version} of {letter} after {newest[letter]}"
        newest[letter] = version
    assert set(ids) == wanted, f"{path}: {sorted(wanted - set(ids))} lost"
    assert all(len(some) == 1 for some in ids.values()), f"{path}: a second id"
    assert len({push.id for push in pushes}) == len(wanted), f"{path}: one id for two things"
    assert most_twice is None or len(pushes) - len(wanted) <= most_twice, f"{path}: too often"


TYPES = {
    ("a", 1): "article.published",
    ("a", 2): "article.updated",
    ("b", 1): "article.published",
    ("b", 2): "article.withdrawn",
    ("c", 1): "article.published",
}


def the_mails_have(run: Run, reader: str, wanted: list[str]) -> None:
    """One Message-ID each, in this order, with these words in subject or text."""
    first: dict[str, str] = {}
    for mail in run.mailbox.mails(f"{reader}-{run.name}@mail.example"):
        body = mail.get_body(("plain",))
        said = LINK.sub("LINK", f"{mail['Subject']} {body.get_content() if body else ''}")  # a link has its time in it
        assert first.setdefault(mail["Message-ID"], said) == said, "one id for two mails"
    assert len(first) == len(wanted), f"{reader}: {[said[:60] for said in first.values()]}"
    for said, words in zip(first.values(), wanted, strict=True):
        assert all(word in said for word in ([words] if words in {"更正", "确认"} else words)), (reader, words, said)


def the_feeds_have_it(run: Run, db: Connection) -> None:
    for form in Format:
        document = feeds.current_document(db, "all", form)
        assert document is not None
        shown = document.plain.decode()
        assert "甲园区签约（更正）" in shown
        assert "丙园区投产" in shown
        assert "乙园区开工" not in shown
        assert form is not Format.ATOM or f'deleted-entry ref="https://portal.example/{run.name}/b"' in shown


def the_database_is_whole(db: Connection) -> None:
    def n(statement: Any) -> int:
        return int(db.execute(statement).scalar_one())

    assert n(select(func.count()).select_from(articles)) == 3
    assert n(select(func.count()).select_from(versions)) == 5
    assert n(select(func.count()).select_from(editions)) == 2
    assert n(select(func.count()).select_from(outbox)) == 0
    assert n(select(func.count()).select_from(leases)) == 0
    rows = db.execute(select(deliveries.c.lane, deliveries.c.state)).all()
    assert {row.state for row in rows} == {State.DELIVERED}
    counted = {slot: n for slot, n in counts.read(db).items() if n}
    assert counted == Counter(Slot(row.lane, State(row.state)) for row in rows)


# -- the runs --


@dataclass(slots=True)
class Runs:
    """Runs, one after the other, at the same receivers, each with the database as good as new."""

    store: Store
    renew: Callable[[], None]
    receiver: Receiver
    mailbox: Mailbox
    _numbers: Iterator[int] = field(default_factory=count)

    def fresh(self) -> Run:
        self.store.close()
        self.renew()
        self.mailbox.empty()
        name = f"run{next(self._numbers)}"
        self.receiver.behave(f"/{name}/flaky", ok_every_second)
        return Run(self.store, name, self.receiver, self.mailbox)


@pytest.fixture
def runs(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runs]:
    def new_file() -> None:
        for old in tmp_path.glob("zonewire.db*"):
            old.unlink()
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "zonewire.db")

    def emptied() -> None:
        pool: PostgresPool = request.getfixturevalue("postgres_pool")
        pool.give_back(database_url)
        assert pool.take() == database_url

    store = open_store(database_url, pool_size=1)
    gc.freeze()  # a fork is dearer the more of it is written to
    with Receiver() as receiver, running_mailbox() as mailbox:
        runs = Runs(store, emptied if store.is_postgresql else new_file, receiver, mailbox)
        runs.fresh().job(tell=lambda _: None, passing=lambda _: None).run()  # whatever is made once, is made
        yield runs
    gc.unfreeze()
    store.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_cut_loses_anything_or_sends_it_under_a_second_id(
    runs: Runs, part: int, record_property: Callable[[str, object], None]
) -> None:
    stops: list[str] = []
    for cut_at in count(part * EVERY, PARTS * EVERY):
        stopped = survive(runs.fresh(), [cut_at])
        if not stopped:
            break
        stops += stopped
    chance, twice = random.Random(part), 0
    for _ in range(CUT_TWICE):
        twice += len(survive(runs.fresh(), [chance.randrange(PARTS * EVERY * len(stops)) for _ in range(2)]))

    kinds = Counter(where.split(":")[0] for where in stops)
    assert {"write", "settle", "http", "smtp"} <= kinds.keys()
    record_property("proved", f"{len(stops)} cuts at different points, and {twice} in runs cut twice: {dict(kinds)}")

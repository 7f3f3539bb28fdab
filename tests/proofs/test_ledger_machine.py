"""The ledger against a model of it: whatever happens, in whatever order, both say the same, and all ends well.

The model knows for each delivery its state and whether it is held, and nothing else. After each step it is compared
with the database; what may be claimed, and in which order versions go out, is checked at each claim. At the end
everything is turned on, and claimed and delivered until nothing is owed.
"""

import contextlib
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

from tests.builders import NOON, a_version, an_article, an_endpoint
from tests.examples import examples
from tests.servers.postgres import PostgresPool
from zonewire.articles.model import Version
from zonewire.delivery import counts, enabling, ledger, owing, ramps, tallies
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.enabling import Held
from zonewire.delivery.holding import hold_disabled
from zonewire.delivery.ledger import LEASE, START, Claimed, Places, Settlement
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.delivery.replaying import replay
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.states import Kind, State
from zonewire.store import SECOND, Store, open_store
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints, leases

pytestmark = pytest.mark.proof

LANE = "push.http"
POLICY = RetryPolicy((1, 60))
ENDPOINTS, ARTICLES, WORKERS = 4, 3, 2
OPEN = {State.PENDING, State.RETRYING}

OUTCOMES: list[Outcome] = [
    Delivered(200),
    Delivered(200),
    Later("HTTP 500", 500),
    Unknown("no answer"),
    Never("HTTP 400", 400),
]


class LedgerMachine(RuleBasedStateMachine):
    """What may happen to a ledger, in any order."""

    open_database: ClassVar[Callable[[], contextlib.AbstractContextManager[Store]]]

    def __init__(self) -> None:
        super().__init__()
        self.closing = contextlib.ExitStack()
        self.store = self.closing.enter_context(type(self).open_database())
        self.now = NOON
        self.model: dict[int, tuple[State, bool]] = {}  # state, and whether it is held
        self.of: dict[int, tuple[int, int, int]] = {}  # endpoint, article, number of each delivery
        self.newest: dict[int, Version] = {}
        self.held_by: dict[str, dict[int, Claimed]] = defaultdict(dict)  # what each worker has claimed
        self.sent: dict[tuple[int, int], int] = {}  # the newest number that went to an endpoint about an article
        self.sequences: dict[int, list[int]] = defaultdict(list)
        self.numbered: set[int] = set()
        self.tried = 0

    @initialize()
    def begin(self) -> None:
        with self.store.writing() as db:
            hosts = [f"receiver-{n // 2}.example:443" for n in range(ENDPOINTS)]
            self.endpoints = [an_endpoint(db, host=host, address=f"https://{host}/{n}") for n, host in enumerate(hosts)]

    # --- what happens ---

    @rule(
        article=st.integers(0, ARTICLES - 1), to=st.sets(st.integers(0, ENDPOINTS - 1), min_size=1), gone=st.booleans()
    )
    def accept(self, article: int, to: set[int], *, gone: bool) -> None:
        """A version is accepted and owed; a withdrawal is owed to the same endpoints."""
        with self.store.writing() as db:
            known = self.newest.get(article)
            gone = gone and known is not None
            text = known.article if known else an_article()
            version = self.newest[article] = a_version(db, text, withdrawn=gone)
            kind = Kind.WITHDRAWAL if gone else Kind.NEWS
            chosen = [self.endpoints[n] for n in sorted(to)]
            owing.owe_news(db, chosen, kind=kind, article_id=version.article_id, number=version.number, now=self.now)
            for row in self._rows(db):
                if row.id not in self.model:
                    self.model[row.id] = (State.PENDING, self._queues(db, row.endpoint_id))
                    self.of[row.id] = (row.endpoint_id, row.article_id, row.number)

    @rule(worker=st.integers(0, WORKERS - 1), total=st.integers(1, 8), per_host=st.integers(1, 4))
    def claim(self, worker: int, total: int, per_host: int) -> None:
        """A worker claims what may be claimed, or a suspect, alone."""
        name = f"w{worker}"
        with self.store.settling() as db:
            moves: Moves = Counter()
            ledger.ripen(db, lane=LANE, now=self.now)
            batch = ledger.claim_suspect(db, lane=LANE, worker=name, now=self.now, moves=moves, cursor=START)
            if not batch.rows:
                places = Places(total=total, per_host=per_host)
                batch = ledger.claim_ready(
                    db, lane=LANE, worker=name, places=places, after=START, now=self.now, moves=moves
                )
            counts.record(db, moves)
            rows = {row.id: row for row in self._rows(db)}
        for key, row in rows.items():  # withdrawals of what was never had end at their claim
            if row.state == State.CANCELLED and self.model[key][0] in OPEN:
                assert row.kind == Kind.WITHDRAWAL
                assert row.reason == "nothing to withdraw"
                self.model[key] = (State.CANCELLED, False)
        for claimed in batch.rows:
            self._check_claim(claimed)
            self.model[claimed.id] = (State.SENDING, False)
            self.held_by[name][claimed.id] = claimed

    def _check_claim(self, row: Claimed) -> None:
        state, held = self.model[row.id]
        endpoint, article, number = self.of[row.id]
        assert state in OPEN
        assert not held
        assert number == max(v.number for v in self.newest.values() if v.article_id == article), (
            "an older version went out"
        )
        assert number >= self.sent.get((endpoint, article), 0), "an older version after a newer one"
        others = [k for k, where in self.of.items() if where[:2] == (endpoint, article) and k != row.id]
        assert all(self.model[k][0] is not State.SENDING for k in others), "two versions under way at once"
        self.sent[endpoint, article] = number
        assert row.sequence is not None
        if row.id not in self.numbered:
            self.numbered.add(row.id)
            self.sequences[endpoint].append(row.sequence)

    @precondition(lambda self: any(self.held_by.values()))
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def settle(self, data: st.DataObject, outcome: Outcome) -> None:
        """Some of what a worker has comes back, its lease over or not."""
        name = data.draw(st.sampled_from([name for name, rows in self.held_by.items() if rows]))
        keys = data.draw(st.lists(st.sampled_from(sorted(self.held_by[name])), min_size=1, unique=True))
        rows = [self.held_by[name].pop(key) for key in keys]
        with self.store.settling() as db:
            ours = {row.id for row in rows if self._holds(db, row)}
            self._settle(db, rows, outcome)
            after = {row.id: row for row in self._rows(db)}
        for row in rows:
            if row.id in ours:
                state = State(after[row.id].state)
                assert state in _may_become(outcome)
                self.model[row.id] = (state, False)

    def _settle(self, db: Connection, rows: list[Claimed], outcome: Outcome) -> None:
        moves: Moves = Counter()
        settlements = [Settlement(row, outcome, answer="said") for row in rows]
        policy: dict[str, Any] = {"policy": POLICY, "disable_after_s": 10**6, "chance": 0.0}
        tally = ledger.settle(db, settlements, lane=LANE, now=self.now, moves=moves, **policy)
        counts.record(db, moves, tally.tallied)
        self.tried += len(rows)

    def _holds(self, db: Connection, row: Claimed) -> bool:
        found = db.execute(select(deliveries.c.state, deliveries.c.lease_id).where(deliveries.c.id == row.id)).one()
        return bool(found.state == State.SENDING and found.lease_id == row.lease_id)

    @rule(seconds=st.sampled_from([1, 5, 61, 3600]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out, and upkeep returns them."""
        self.now += seconds * SECOND
        with self.store.settling() as db:
            ledger.return_lapsed(db, now=self.now)
        self._take_back(lambda row: row.state in {State.RETRYING, State.DEAD})

    @rule(worker=st.integers(0, WORKERS - 1), counted=st.booleans())
    def kill(self, worker: int, *, counted: bool) -> None:
        """A worker dies, or is stopped in order; what it had goes back at once."""
        with self.store.settling() as db:
            ledger.return_leases_of(db, f"w{worker}", counted=counted, now=self.now)
        self._take_back(lambda row: row.state in {State.RETRYING, State.DEAD})

    def _take_back(self, may_be: Callable[[Any], bool]) -> None:
        """Rows that were being sent and are no more; whoever had them may still try to settle them, in vain."""
        with self.store.reading() as db:
            for row in self._rows(db):
                if self.model[row.id][0] is State.SENDING and row.state != State.SENDING:
                    assert may_be(row)
                    assert row.state != State.DEAD or row.reason == "killed its worker three times"
                    self.model[row.id] = (State(row.state), False)

    @rule(worker=st.integers(0, WORKERS - 1))
    def renew(self, worker: int) -> None:
        """A heart beats."""
        held = sorted({row.lease_id for row in self.held_by[f"w{worker}"].values()})
        with self.store.settling() as db:
            ledger.renew(db, held, now=self.now)

    @rule(article=st.integers(0, ARTICLES - 1))
    def supersede(self, article: int) -> None:
        """The reaction cancels what older versions still owe."""
        if (version := self.newest.get(article)) is None:
            return
        with self.store.writing() as db:
            owing.supersede(db, article_id=version.article_id, before=version.number, most=100, now=self.now)
        for key, (_, of_article, number) in self.of.items():
            if of_article == version.article_id and number < version.number and self.model[key][0] in OPEN:
                self.model[key] = (State.CANCELLED, False)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """An operator cancels one."""
        key = data.draw(st.sampled_from(sorted(self.model)))
        with self.store.writing() as db:
            n = owing.cancel(db, [key], why="cancelled by an operator", now=self.now)
        assert n == (self.model[key][0] in OPEN | {State.DEAD})
        if n:
            self.model[key] = (State.CANCELLED, False)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        """An operator replays one."""
        key = data.draw(st.sampled_from(sorted(self.model)))
        endpoint, article, number = self.of[key]
        is_newest = number == max(v.number for v in self.newest.values() if v.article_id == article)
        with self.store.writing() as db:
            done = replay(db, [key], now=self.now)
            disabled = self._is_disabled(db, endpoint)
        assert bool(done.keys) == (is_newest and self.model[key][0] in {State.DEAD, State.CANCELLED})
        if done.keys:
            self.model[key] = (State.PENDING, disabled)

    @rule(endpoint=st.integers(0, ENDPOINTS - 1))
    def disable(self, endpoint: int) -> None:
        """An operator turns an endpoint off; upkeep holds what is claimable, at once, and retries that wait."""
        key = self.endpoints[endpoint]
        with self.store.writing() as db:
            enabling.disable(db, key, why="", now=self.now)
            while hold_disabled(db, 50, self.now):
                pass
        self._follow_holding()

    def _follow_holding(self) -> None:
        """Upkeep holds for every endpoint that is disabled, also what came back since."""
        with self.store.reading() as db:
            disabled = set(db.execute(select(endpoints.c.id).where(endpoints.c.state == "disabled")).scalars())
            for row in self._rows(db):
                if row.endpoint_id in disabled and row.state in OPEN:
                    self.model[row.id] = (self.model[row.id][0], row.due_at is None)

    @rule(endpoint=st.integers(0, ENDPOINTS - 1), held=st.sampled_from(Held))
    def enable(self, endpoint: int, held: Held) -> None:
        """An operator turns it on, and says what becomes of what it holds; what upkeep would hold is held first."""
        key = self.endpoints[endpoint]
        with self.store.reading() as db:
            if self._is_disabled(db, key):
                self.model |= {k: (s, s in OPEN) for k, (s, _) in self.model.items() if self.of[k][0] == key}
        enabling.enable(self.store, Pace(pauses=False), key, held)
        with self.store.reading() as db:
            after = {row.id: row for row in self._rows(db)}
        probes = 0
        for ident, (state, was_held) in sorted(self.model.items()):
            if self.of[ident][0] == key and was_held and state in OPEN:
                became = State(after[ident].state)
                assert became is state or (held is not Held.ALL and became is State.CANCELLED)
                is_probe = became in OPEN and not probes  # the oldest goes out, and the rest waits for it
                probes += is_probe
                self.model[ident] = (became, became in OPEN and not is_probe)

    @rule()
    def come_back(self) -> None:
        """Upkeep takes what comes back a step on: it lets go what is held, the oldest first, or holds it again."""
        with self.store.writing() as db:
            before = {row.id: row for row in self._rows(db)}
            for key in self.endpoints:
                ramps.step(db, key, most=100, now=self.now)
            after = self._rows(db)
            still = [row for row in after if _is_held(row)]
        for row in after:
            state, was_held = self.model[row.id]
            assert row.state == state
            if was_held and not _is_held(row):
                assert not any(row.id > one.id for one in still if one.endpoint_id == row.endpoint_id)
            if _is_held(row) and not was_held:
                assert before[row.id].due_at is not None
            self.model[row.id] = (state, _is_held(row))

    # --- what holds ---

    @invariant()
    def the_database_says_the_same(self) -> None:
        with self.store.reading() as db:
            rows = self._rows(db)
            counted = {slot: n for slot, n in counts.read(db).items() if n}
            tallied = Counter(tallies.totals(db))
            open_leases = set(db.execute(select(leases.c.id)).scalars())
        assert {row.id: (State(row.state), _is_held(row)) for row in rows} == self.model
        real = Counter(Slot(row.lane, State(row.state), held=_is_held(row)) for row in rows)
        assert counted == dict(real)
        in_lane = sum(n for slot, n in real.items() if slot.state in OPEN | {State.SENDING} and not slot.held)
        assert tallied[tallies.LANE_IN, LANE] - tallied[tallies.LANE_OUT, LANE] == in_lane
        assert sum(n for (name, _), n in tallied.items() if name == tallies.TRIES) == self.tried
        sending = [row for row in rows if row.state == State.SENDING]
        assert all(row.lease_id in open_leases for row in sending)
        assert all((row.ready is None) == (row.state not in OPEN or row.due_at is None) for row in rows)

    @invariant()
    def sequences_rise_by_one(self) -> None:
        for given in self.sequences.values():
            assert sorted(given) == list(range(1, len(given) + 1))

    def teardown(self) -> None:
        """Everything is turned on, and sent until nothing is owed."""
        try:
            self._finish()
        finally:
            self.closing.close()

    def _finish(self) -> None:
        for n in range(ENDPOINTS):
            self.enable(n, Held.ALL)
        for round_ in count():
            assert round_ < 60, "it never ends"
            self.now += LEASE + 3600 * SECOND
            with self.store.settling() as db:
                ledger.return_lapsed(db, now=self.now)
            self._take_back(lambda row: row.state in {State.RETRYING, State.DEAD})
            self.held_by.clear()
            for article in range(ARTICLES):
                self.supersede(article)
            self.come_back()
            self.claim(0, 100, 100)
            held = list(self.held_by["w0"].values())
            with self.store.settling() as db:
                self._settle(db, held, Delivered(200))
            self.model |= {row.id: (State.DELIVERED, False) for row in held}
            if not any(state in OPEN | {State.SENDING} for state, _ in self.model.values()):
                break
        self.the_database_says_the_same()

    def _rows(self, db: Connection) -> list[Any]:
        return list(db.execute(select(deliveries).order_by(deliveries.c.id)))

    def _queues(self, db: Connection, endpoint: int) -> bool:
        """Whether what comes to be owed is held: the endpoint is off, or comes back."""
        row = db.execute(select(endpoints.c.state, endpoints.c.ramp).where(endpoints.c.id == endpoint)).one()
        return row.state == "disabled" or row.ramp is not None

    def _is_disabled(self, db: Connection, endpoint: int) -> bool:
        return bool(db.execute(select(endpoints.c.state).where(endpoints.c.id == endpoint)).scalar_one() == "disabled")


def _is_held(row: Any) -> bool:
    return row.state in OPEN and row.due_at is None


def _may_become(outcome: Outcome) -> set[State]:
    if isinstance(outcome, Delivered):
        return {State.DELIVERED}
    return {State.DEAD} if isinstance(outcome, Never) else {State.RETRYING, State.DEAD}


def prove(open_database: Callable[[], contextlib.AbstractContextManager[Store]], *, tries: int) -> None:
    machine = type("Machine", (LedgerMachine,), {"open_database": staticmethod(open_database)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=tries,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(240)
def test_the_ledger_does_on_sqlite_what_its_model_does(migrated_sqlite: Path, tmp_path: Path) -> None:
    numbers = count()

    @contextlib.contextmanager
    def fresh() -> Iterator[Store]:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(migrated_sqlite, path)
        store = open_store(f"sqlite:///{path}", pool_size=1)
        yield store
        store.close()
        path.unlink()

    prove(fresh, tries=examples(50))


@pytest.mark.timeout(240)
def test_the_ledger_does_on_postgresql_what_its_model_does(postgres_pool: PostgresPool) -> None:
    @contextlib.contextmanager
    def fresh() -> Iterator[Store]:
        url = postgres_pool.take()
        store = open_store(url, pool_size=1)
        yield store
        store.close()
        postgres_pool.give_back(url)

    prove(fresh, tries=examples(30))

"""Every shape that a release ever had comes to today's with all that is in it, and goes on working."""

import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SAWarning

from tests.upgrades.shapes import REVISIONS, fill, make, rows_of, tables_of
from tests.zonewire.intake.events import a_publication
from zonewire.backup import check, restore, take, whole_file
from zonewire.backup.taking import Beside
from zonewire.delivery import counts, ledger
from zonewire.delivery.counts import Moves
from zonewire.delivery.ledger import START, Places, Settlement
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.retries import RetryPolicy
from zonewire.intake import accept
from zonewire.reaction import react
from zonewire.store import Store, migrate, now, open_store, upgrade
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, metadata

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*expression-based index")]

ON_POSTGRESQL = ["0001", "0008", REVISIONS[-2]]
AS_A_BACKUP = ["0001", "0007", REVISIONS[-2]]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a filled SQLite database of each shape: one migrated step by step, and copied at each."""
    folder = tmp_path_factory.mktemp("shapes")
    for before, revision in zip([None, *REVISIONS], REVISIONS, strict=False):
        empty = folder / f"{revision}.empty"
        if before is not None:
            shutil.copy(folder / f"{before}.empty", empty)
        store = open_store(f"sqlite:///{empty}")
        with store.writing() as db:
            migrate.bring_to(db, revision)
        store.close()
        shutil.copy(empty, folder / f"{revision}.db")
        store = open_store(f"sqlite:///{folder / f'{revision}.db'}")
        with warnings.catch_warnings(), store.writing() as db:
            warnings.simplefilter("ignore", SAWarning)
            fill(db)
        store.close()
    return folder


@pytest.fixture
def of_then(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database of the shape that the test's parameter names: "0001", or "0001 postgresql"."""
    revision, _, kind = request.param.partition(" ")
    if kind:
        store = open_store(request.getfixturevalue("postgres").fresh())
        make(store, revision)
    else:
        shutil.copy(request.getfixturevalue("shapes") / f"{revision}.db", tmp_path / "then.db")
        store = open_store(f"sqlite:///{tmp_path / 'then.db'}")
    yield store
    store.close()


EVERY_SHAPE = [*REVISIONS, *(f"{revision} postgresql" for revision in ON_POSTGRESQL)]


@pytest.mark.parametrize("of_then", EVERY_SHAPE, indirect=True)
def test_all_that_was_in_it_is_there_and_what_was_owed_is_sent(of_then: Store) -> None:
    with of_then.reading() as db:
        before, tables = rows_of(db), tables_of(db)
    assert tables <= set(metadata.tables)  # else a backup would leave some out: see zonewire/backup/rows.py

    upgrade(of_then)

    with of_then.reading() as db:
        after = rows_of(db)
    kept = {name: {column: after[name][column] for column in row} for name, row in before.items()}
    assert kept == before
    works(of_then)


@pytest.mark.parametrize("of_then", AS_A_BACKUP, indirect=True)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_of_then_becomes_a_database_of_today(
    of_then: Store, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "backup.tgz"
    with whole_file(file) as out:
        take(of_then, out, beside=lambda: Beside({}, ()))
    fresh = f"sqlite:///{tmp_path / 'fresh.db'}" if kind == "sqlite" else request.getfixturevalue("postgres").fresh()
    store = open_store(fresh)
    restore(store, file, check(file), replace=False)
    with store.reading() as db:
        assert migrate.installation_number(db) == 4711
    works(store)
    store.close()


def works(store: Store) -> None:
    """What was owed is claimed and settled; a new article is taken in, and owed to the same partner."""
    assert delivered(store) == 1
    accept(store, [a_publication()], host="news.example")
    react(store, Pace(pauses=False), owed=lambda _: None, budget_s=60)
    assert delivered(store) == 1
    with store.reading() as db:
        assert db.execute(select(deliveries.c.state)).scalars().all() == ["delivered"] * 2
        assert {slot.state.value: n for slot, n in counts.read(db).items()} == {"delivered": 2}


def delivered(store: Store) -> int:
    """Claim what is ready, and settle it as taken; how many."""
    with store.settling() as db:
        moves: Moves = Counter()
        places = Places(total=9, per_host=9)
        batch = ledger.claim_ready(
            db, lane="push.http", worker="w", places=places, after=START, now=now(db), moves=moves
        )
        settlements = [Settlement(row, Delivered()) for row in batch.rows]
        tally = ledger.settle(
            db,
            settlements,
            lane="push.http",
            policy=RetryPolicy((1,)),
            disable_after_s=1,
            chance=0.0,
            now=now(db),
            moves=moves,
        )
        counts.record(db, moves)
    return tally.delivered

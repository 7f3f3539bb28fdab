"""The store: migrations, doors, dialects."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text, update

from zonewire.errors import SettingWrong
from zonewire.store import Store, each, insert, many, migrate, now, open_store, upgrade
from zonewire.store.tables import events, installation, metadata

# Alembic does not compare indices on expressions on SQLite; test_spellings.py sees that there is one.
LOOKS_PAST_EXPRESSIONS = pytest.mark.filterwarnings("ignore:.*expression-based index")


@LOOKS_PAST_EXPRESSIONS
def test_the_migrations_make_the_tables_that_the_code_names(store: Store) -> None:
    with store.reading() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert migrate.is_current(db)


def test_the_newest_migration_is_the_one_that_the_code_names() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())

    assert scripts.get_current_head() == migrate.HEAD


def test_upgrading_again_changes_nothing_and_keeps_the_installation_number(store: Store) -> None:
    with store.reading() as db:
        before = migrate.installation_number(db)
    upgrade(store)
    with store.reading() as db:
        assert migrate.installation_number(db) == before


def test_a_bound_list_becomes_rows_on_both_databases(store: Store) -> None:
    with store.reading() as db:
        rows = db.execute(select(each(many("ids")).c.value), {"ids": [3, 1, 2]}).scalars().all()
    assert sorted(rows) == [1, 2, 3]


def test_the_database_clock_counts_microseconds(store: Store) -> None:
    with store.reading() as db:
        assert 1_700_000_000_000_000 < now(db) < 4_000_000_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without a table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = request.getfixturevalue("postgres").fresh()
    store = open_store(url)
    yield store
    store.close()


@LOOKS_PAST_EXPRESSIONS
def test_a_database_of_the_first_shape_is_brought_up_to_date(empty_store: Store) -> None:
    with empty_store.writing() as db:
        config = migrate._config()
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.execute(insert(events).values(source="s", event_id="e", guid="g", version=1, accepted_at=1))
    with empty_store.reading() as db:
        assert not migrate.is_current(db)

    upgrade(empty_store)

    with empty_store.reading() as db:
        assert migrate.is_current(db)
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert db.execute(select(events.c.guid)).scalar_one() == "g"


def test_a_newer_database_is_worked_on_and_left_alone_while_it_allows_this_release(empty_store: Store) -> None:
    _bring_on(empty_store, works_from=migrate.HEAD)

    upgrade(empty_store)

    with empty_store.reading() as db:
        assert migrate.is_current(db)
        assert migrate.installation_number(db)
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar() == NEWER


def test_a_newer_database_that_has_left_this_release_behind_is_refused(empty_store: Store) -> None:
    _bring_on(empty_store, works_from=NEWER)

    with pytest.raises(SettingWrong, match="newer release"):
        upgrade(empty_store)
    with empty_store.reading() as db, pytest.raises(SettingWrong, match="newer release"):
        migrate.installation_number(db)


NEWER = "9000"


def _bring_on(store: Store, *, works_from: str) -> None:
    """Let a newer release have been at the database, which no test gets after us."""
    upgrade(store)
    with store.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": NEWER})
        db.execute(update(installation).values(works_from=works_from))


def test_a_new_sqlite_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    store = open_store(f"sqlite:///{folder / 'zonewire.db'}")
    upgrade(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (folder, *folder.iterdir())}
    store.close()
    assert modes == {"new": 0o700, "zonewire.db": 0o600, "zonewire.db-wal": 0o600, "zonewire.db-shm": 0o600}


def test_a_folder_and_a_database_that_were_there_keep_their_modes(tmp_path: Path) -> None:
    folder, file = tmp_path / "old", tmp_path / "old" / "zonewire.db"
    folder.mkdir(mode=0o755)
    file.touch(mode=0o644)
    store = open_store(f"sqlite:///{file}")
    upgrade(store)
    store.close()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o755, 0o644)

"""The store: migrations, doors, dialects."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select

from zonewire.store import Store, each, many, migrate, now, upgrade
from zonewire.store.tables import metadata


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

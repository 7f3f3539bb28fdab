"""What every command starts from: the settings, and the database that they name."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from zonewire.store import Store


@contextlib.contextmanager
def installation() -> "Iterator[tuple[Settings, Store]]":
    """The settings and an open, migrated store.

    Raises SettingWrong where a setting is wrong. An SQLite database that is not there yet is made, so that commands
    work before the first `up`; another's shape is left to `zonewire db upgrade`.
    """
    from cli.logs import log_warnings_only
    from config.settings import load
    from zonewire.store import migrate, open_store

    log_warnings_only()
    settings = load()
    store = open_store(settings.database, pool_size=2)
    try:
        if not store.is_postgresql:
            migrate.upgrade(store)
        with store.reading() as db:
            migrate.installation_number(db)
        yield settings, store
    finally:
        store.close()

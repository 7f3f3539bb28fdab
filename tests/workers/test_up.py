"""What `up` does before anything else runs."""

import sqlite3
import threading
from pathlib import Path

import pytest

from workers import up
from zonewire.errors import StoreBusy
from zonewire.store import migrate, open_store, upgrade

HELD_S = 0.3


def test_the_migration_waits_for_who_opens_a_new_database_at_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonewire.store.engine.WAIT_MS", 20)
    file = tmp_path / "zonewire.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    store = open_store(f"sqlite:///{file}", pool_size=1)
    with pytest.raises(StoreBusy):
        upgrade(store)
    threading.Timer(HELD_S, lambda: other.execute("ROLLBACK")).start()
    up._upgrade(store)
    with store.reading() as db:
        assert migrate.is_current(db)
    store.close()
    other.close()

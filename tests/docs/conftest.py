"""A hub and its feeds on SQLite alone: what is tried here are the partners' programs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.zonewire.hub.rig import Rig, a_rig
from web.public import shelf
from zonewire.store import open_store


@pytest.fixture
def rig(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Each GET sees what was published before it."""
    monkeypatch.setattr(shelf, "FRESH_S", -1.0)
    shutil.copy(migrated_sqlite, tmp_path / "zonewire.db")
    store = open_store(f"sqlite:///{tmp_path / 'zonewire.db'}")
    with a_rig(store, tmp_path) as made:
        yield made
    store.close()

"""A database for tests in which the platform is what varies: SQLite, since limits and drafts are tried on both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from zonewire.store import Store, open_store


@pytest.fixture
def plain_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh SQLite database, open."""
    path = tmp_path / "zonewire.db"
    shutil.copy(migrated_sqlite, path)
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()

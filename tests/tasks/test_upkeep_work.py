"""What upkeep does to this machine's files, beside the database."""

import os
from pathlib import Path

import pytest

from config.settings import load
from tasks.work import UpkeepWork
from zonewire.store import Store


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_turn_of_upkeep_forgets_old_mails_and_logs_by_the_settings(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONEWIRE_RETENTION_DAYS", "1")
    monkeypatch.setenv("ZONEWIRE_LOG_DAYS", "2")
    for name in ("outbox/old.eml", "logs/zonewire.log.2026-06-11"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_781_150_400, 1_781_150_400))
    UpkeepWork(store, load(data_dir=tmp_path)).turn()
    assert [*tmp_path.glob("*/*.eml"), *tmp_path.glob("*/*.log*")] == []

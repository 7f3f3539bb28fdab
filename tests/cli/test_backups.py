"""`zonewire backup` and `zonewire restore`."""

import os
import stat
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from config.settings import made_secrets
from tests.builders import a_delivery, a_subscription
from tests.cli.conftest import Run
from workers.up import take_lock
from zonewire.operators import Act, recorded
from zonewire.store import Store
from zonewire.store.tables import deliveries

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "a key of the tests that is long enough"


def a_desk(store: Store) -> None:
    with store.writing() as db:
        a_subscription(db)
        a_delivery(db)


def test_a_backup_says_what_is_in_it_and_a_restore_what_came_of_it(
    store: Store, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_desk(store)
    monkeypatch.delenv("ZONEWIRE_SECRET_KEY", raising=False)
    file, data = tmp_path / "b.tgz", tmp_path / "data"
    assert (
        run_here("subscribe", "--channel", "webhook", "--to", "https://a.example/hook").returncode == 0
    )  # makes a key
    said = run_here("backup", str(file)).stdout
    assert said.startswith(f"{file}: 1 articles, 2 subscriptions, 3 endpoints, 1 deliveries (")
    assert said.endswith("MB. It holds the keys: keep it as you keep the machine.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    kept = (data / "secrets.env").read_bytes()
    (data / "secrets.env").unlink()
    refused = run_here("restore", str(file))
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    assert not (data / "secrets.env").exists()
    told = run_here("restore", str(file), "--replace").stdout.splitlines()
    assert told[0].startswith("Restored as it was on 20")
    assert told[1].startswith("Given up for it: 1 articles, 2 subscriptions, 3 endpoints, 1 deliveries (")
    assert len(told) == 2
    assert (data / "secrets.env").read_bytes() == kept
    with store.reading() as db:
        assert db.execute(select(deliveries.c.state)).scalars().all() == ["pending"]
        assert [(one.act, one.about) for one in recorded(db)] == [(Act.RESTORED, "b.tgz")]


def test_a_key_that_came_from_the_environment_is_asked_for(
    store: Store, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_desk(store)
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", KEY)
    taken = orjson.loads(run_here("backup", str(tmp_path / "b.tgz"), "--json").stdout)
    assert (taken["files"], taken["rows"]["deliveries"], len(taken["keys"])) == (["catalogue.toml"], 1, 1)
    assert KEY not in str(taken)
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", "another key that is long enough too")
    told = run_here("restore", str(tmp_path / "b.tgz"), "--replace").stdout
    assert f"The key that sealed it ({taken['keys'][0]}) is not here" in told
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", f"another key that is long enough too,{KEY}")
    restored = orjson.loads(run_here("restore", str(tmp_path / "b.tgz"), "--replace", "--json").stdout)
    assert (restored["opens"], restored["lost"]["deliveries"], restored["returned"]) == (True, 1, 0)


def test_secrets_that_stand_here_are_kept_beside_and_their_keys_in_the_ring(
    store: Store, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZONEWIRE_SECRET_KEY", raising=False)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "secrets.env").write_text("ZONEWIRE_SECRET_KEY=of then\nZONEWIRE_EVENT_TOKEN=then\n")
    a_desk(store)
    assert run_here("backup", str(tmp_path / "b.tgz")).returncode == 0
    (data / "secrets.env").write_text("ZONEWIRE_SECRET_KEY=of now,of then\nZONEWIRE_ADMIN_TOKEN=now\n")
    told = run_here("restore", str(tmp_path / "b.tgz"), "--replace").stdout
    assert f"The secrets that stood here before are kept in {data / 'secrets.env.before-restore'}." in told
    assert made_secrets(data) == {"secret_key": "of then,of now", "event_token": "then", "admin_token": "now"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.glob("secrets.env*")} == {0o600}


def test_where_something_runs_or_nothing_is_there_or_nothing_can_be_written_it_is_said(
    store: Store, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_here("backup", str(tmp_path / "b.tgz")).returncode == 0
    lock = take_lock(tmp_path / "data")
    assert f"another `zonewire up` (process {os.getpid()}) runs" in run_here("restore", str(tmp_path / "b.tgz")).stderr
    os.close(lock)
    assert "cannot be written: No such file" in run_here("backup", str(tmp_path / "none" / "b.tgz")).stderr
    assert "cannot be read: No such file" in run_here("restore", str(tmp_path / "none")).stderr
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", f"sqlite:///{tmp_path / 'none' / 'z.db'}")
    assert "is not there: nothing to back up" in run_here("backup", str(tmp_path / "b.tgz")).stderr
    assert not (tmp_path / "none").exists()

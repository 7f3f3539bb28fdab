"""What the doctor finds of secrets."""

from pathlib import Path
from typing import Any

import pytest

from config.settings import load
from tests.builders import an_endpoint
from workers.doctor.findings import Finding, Result
from workers.doctor.secrets import examine_guard, examine_secrets
from zonewire.keys import KeyRing
from zonewire.store import Store

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "a key of the tests that is long enough"


def found(store: Store, tmp_path: Path, **over: Any) -> list[Finding]:
    return list(examine_secrets(load(data_dir=tmp_path, database_url=store.url, **over)))


def test_a_ring_that_lacks_a_key_is_found(store: Store, tmp_path: Path) -> None:
    assert found(store, tmp_path) == []
    with store.writing() as db:
        for key in (KEY, KEY, "a key that is lost and was long"):
            an_endpoint(db, secret=KeyRing((key,)).seal(b"whsec_x"))
    (one,) = found(store, tmp_path, secret_key=KEY)
    assert (one.result, one.found.startswith("SECRET_KEY does not open 1 of the newest 3")) == (Result.FAIL, True)
    assert "does not open 3" in found(store, tmp_path)[0].found
    assert not (tmp_path / "secrets.env").exists()


def test_a_ring_that_opens_all_is_well(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        an_endpoint(db, secret=KeyRing((KEY,)).seal(b"whsec_x"))
    (one,) = found(store, tmp_path, secret_key=f"a newer key that is long enough,{KEY}")
    assert one.result is Result.OK


def test_secrets_that_can_be_guessed_are_found_and_not_shown(store: Store, tmp_path: Path) -> None:
    told = found(store, tmp_path, event_token="change-me", secret_key=f"{KEY},short", admin_token=KEY)
    assert [one.found for one in told] == [
        "ZONEWIRE_SECRET_KEY has fewer than 16 characters",
        "ZONEWIRE_EVENT_TOKEN has fewer than 16 characters",
    ]


def test_a_guard_that_is_off_is_found(store: Store, tmp_path: Path) -> None:
    assert [one.result for one in examine_guard(load(data_dir=tmp_path, allow_private_endpoints=True))] == [Result.WARN]
    assert list(examine_guard(load(data_dir=tmp_path))) == []

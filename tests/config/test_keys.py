"""The ring and the guard that the settings give."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.guard import guard_of
from config.keys import ring_of
from config.settings import SECRETS_FILE, load
from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "ALLOW_ENDPOINTS", "ALLOW_PRIVATE_ENDPOINTS"):
        monkeypatch.delenv(f"ZONEWIRE_{name}", raising=False)


def test_the_ring_is_that_of_the_setting(tmp_path: Path) -> None:
    assert ring_of(load(data_dir=tmp_path, secret_key="new,old")) == KeyRing(("new", "old"))
    assert not (tmp_path / SECRETS_FILE).exists()


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "not there yet"
    ring = ring_of(load(data_dir=data_dir))
    assert ring_of(load(data_dir=data_dir)) == ring
    assert stat.S_IMODE((data_dir / SECRETS_FILE).stat().st_mode) == 0o600


def test_a_folder_made_for_the_key_is_its_owners_and_one_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir(mode=0o755)
    for name, mode in (("new", 0o700), ("old", 0o755)):
        ring_of(load(data_dir=tmp_path / name))
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


def test_first_commands_at_once_agree_on_one_key(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ring_of, [settings] * 16))) == 1


def test_the_guard_lets_through_what_the_settings_name(tmp_path: Path) -> None:
    guard = guard_of(load(data_dir=tmp_path, allow_endpoints="127.0.0.1:9000, [::1]:9001"))
    assert guard.allows("127.0.0.1", 9000)
    assert guard.allows("::1", 9001)
    assert not guard.allows("127.0.0.1", 9001)
    assert guard_of(load(data_dir=tmp_path, allow_private_endpoints=True)).allows("10.0.0.1", 1)


def test_a_pair_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match="ALLOW_ENDPOINTS"):
        guard_of(load(data_dir=tmp_path, allow_endpoints="localhost"))

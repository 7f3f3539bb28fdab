"""The ring and the guard that the settings give."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.guard import guard_of
from config.keys import FileRing, ring_of
from config.settings import SECRETS_FILE, keep_secrets, load
from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing, make_token, read_token


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


def test_the_ring_of_the_file_follows_it_and_outlives_what_cannot_be_read(tmp_path: Path) -> None:
    moments = iter(range(100))
    keep_secrets(tmp_path, {"secret_key": "old"})
    ring = FileRing(tmp_path, clock=lambda: float(next(moments)))
    token, sealed = make_token(ring, "manage", 7), ring.seal(b"x")
    keep_secrets(tmp_path, {"secret_key": "new,old"})
    assert ring == KeyRing(("new", "old"))
    assert (ring.mark(b"a"), ring.open(sealed)) == (KeyRing(("new",)).mark(b"a"), b"x")
    assert read_token(ring, "manage", token) == 7
    assert make_token(ring, "manage", 7, now_s=1) == make_token(KeyRing(("new",)), "manage", 7, now_s=1)
    (tmp_path / SECRETS_FILE).write_text("nothing\n")
    assert ring == KeyRing(("new", "old"))


def test_the_file_is_not_looked_at_more_than_once_a_second(tmp_path: Path) -> None:
    keep_secrets(tmp_path, {"secret_key": "old"})
    ring = FileRing(tmp_path, clock=lambda: 0.0)
    assert ring.names() == KeyRing(("old",)).names()
    keep_secrets(tmp_path, {"secret_key": "new,old"})
    assert ring.names() == KeyRing(("old",)).names()


def test_a_ring_of_the_environment_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_secrets(tmp_path, {"secret_key": "of the file"})
    assert isinstance(ring_of(load(data_dir=tmp_path)), FileRing)
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", "given")
    assert type(ring_of(load(data_dir=tmp_path))) is KeyRing


def test_the_guard_lets_through_what_the_settings_name(tmp_path: Path) -> None:
    guard = guard_of(load(data_dir=tmp_path, allow_endpoints="127.0.0.1:9000, [::1]:9001"))
    assert guard.allows("127.0.0.1", 9000)
    assert guard.allows("::1", 9001)
    assert not guard.allows("127.0.0.1", 9001)
    assert guard_of(load(data_dir=tmp_path, allow_private_endpoints=True)).allows("10.0.0.1", 1)


def test_a_pair_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match="ALLOW_ENDPOINTS"):
        guard_of(load(data_dir=tmp_path, allow_endpoints="localhost"))

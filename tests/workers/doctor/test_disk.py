"""What the doctor finds of disks."""

import os
from pathlib import Path

import pytest

from config.settings import Settings, load
from tests.builders import DAY, a_delivery
from workers.doctor import disk
from workers.doctor.disk import examine_disk
from workers.doctor.findings import Finding, Result
from zonewire.store import Store, now

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Settings:
    return load(data_dir=tmp_path / "data", database_url=store.url)


def found(settings: Settings, word: str) -> Finding:
    return next(one for one in examine_disk(settings) if word in one.found)


def test_a_disk_that_is_nearly_full_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LITTLE", 2**60)
    assert "shorten ZONEWIRE_RETENTION_DAYS" in found(settings, "MiB free").mend
    monkeypatch.setattr(disk, "TOO_LITTLE", 2**60)
    assert found(settings, "MiB free").result is Result.FAIL


def test_a_disk_without_room_for_more_files_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "FEW_FILES", 2**60)
    if not os.statvfs(settings.data_dir.parent).f_files:
        pytest.skip("this disk has no table of files")
    assert (found(settings, "files more").result, found(settings, "files more").check) == (Result.FAIL, "disk")


def test_sqlite_on_a_network_disk_is_found(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(disk, "MOUNTS", mounts)
    mounts.write_text(f"27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:9 / {tmp_path} rw,relatime - nfs4 host:/x rw\n")
    assert found(settings, "network disk (nfs4)").result is Result.FAIL
    mounts.write_text(f"27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:9 / {tmp_path}/elsewhere rw - nfs4 host:/x rw\n")
    assert [one.result for one in examine_disk(settings)] == [Result.OK]


def test_a_database_on_a_disk_of_its_own_is_looked_at_too(settings: Settings) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == settings.data_dir.parent.stat().st_dev:
        pytest.skip("there is no second disk here")
    there = load(data_dir=settings.data_dir, database_url=f"sqlite:///{shared}/zonewire-of-no-test.db")
    assert [one.found.rpartition(" ")[2] for one in examine_disk(there)][1] == "/dev/shm"


def test_what_is_kept_for_longer_than_the_disk_lasts_is_found(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing() as db:
        a_delivery(db, state="delivered", created_at=now(db) - 2 * DAY)
    assert len(list(examine_disk(settings))) == 1
    monkeypatch.setattr(disk, "SMALL", 0)
    assert len(list(examine_disk(settings))) == 1
    for_good = load(data_dir=settings.data_dir, database_url=store.url, retention_days=10**9)
    assert found(for_good, "in 2 days: at that pace").result is Result.WARN

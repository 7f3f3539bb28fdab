"""Backups: taken while everything goes on, whole or not at all, out of either database and into either."""

import gzip
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Connection, Integer, LargeBinary, SmallInteger, Text, delete, func, select

from tests.builders import a_delivery, a_subscription, a_version, an_article, an_endpoint
from zonewire.backup import Checked, Restored, check, restore, take, whole_file
from zonewire.backup.rows import OF_THE_MOMENT
from zonewire.backup.taking import Beside
from zonewire.delivery import counts, heartbeats, ledger
from zonewire.delivery.counts import Moves
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.ledger import START, Places
from zonewire.errors import BackupUnreadable, Conflict, SettingWrong
from zonewire.store import Store, migrate, now, open_store
from zonewire.store.tables import articles, deliveries, leases, metadata

TABLES = [table for table in metadata.sorted_tables if table.name not in OF_THE_MOMENT]


@pytest.fixture
def other(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty database of the other kind than *store*'s."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    opened = open_store(url if store.is_postgresql else request.getfixturevalue("postgres").fresh())
    yield opened
    opened.close()


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def backed_up(store: Store, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tgz"
    with whole_file(path) as out:
        take(store, out, beside=lambda: Beside({"secrets.env": b"A=1\n"}, ("00c0ffee",)))
    return path


def restored(store: Store, path: Path, *, replace: bool = False) -> tuple[Checked, Restored]:
    checked = check(path)
    return checked, restore(store, path, checked, replace=replace)


def a_busy_desk(db: Connection) -> None:
    """Something of every kind of column: bytes, booleans, nulls, words of any script."""
    robot = an_endpoint(db, channel="dingtalk", secret=b"sealed\x00\xff", sealed_address=b"", gone=True)
    a_subscription(db, endpoint_id=robot)
    version = a_version(db, an_article(title='泰州 "引号" \\ \u2028 \n 🏭'))
    a_delivery(db, version=version)
    a_delivery(db, version=version, state="dead", reason="its tries ran out", plain=True)


def everything(store: Store) -> dict[str, Counter[tuple[object, ...]]]:
    with store.reading() as db:
        return {table.name: Counter(map(tuple, db.execute(select(table)))) for table in TABLES}


def test_all_rows_come_back_in_the_other_kind_of_database(store: Store, other: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_busy_desk(db)
    checked, _ = restored(other, backed_up(store, tmp_path))
    assert everything(other) == everything(store)
    assert checked.files == {"secrets.env": b"A=1\n"}
    assert (checked.manifest.keys, checked.rows["deliveries"]) == (("00c0ffee",), 2)


def test_what_comes_while_it_is_taken_is_not_in_it_and_waits_for_nothing(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_version(db)

    def meanwhile() -> Beside:
        with store.writing() as db:
            a_delivery(db)
        return Beside({}, ())

    with whole_file(tmp_path / "b") as out:
        taken = take(store, out, beside=meanwhile)
    assert (taken.rows["articles"], taken.rows["deliveries"]) == (1, 0)
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(articles)).scalar() == 2


def test_a_key_that_was_given_once_is_not_given_again(store: Store, other: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_delivery(db)
        highest = a_delivery(db, state="delivered")
        db.execute(delete(deliveries).where(deliveries.c.id == highest))  # long ago, by upkeep
    restored(other, backed_up(store, tmp_path))
    with other.writing() as db:
        assert a_delivery(db) > highest


@ON_SQLITE
def test_what_was_being_sent_goes_back_under_the_same_id(store: Store, other: Store, tmp_path: Path) -> None:
    def name_in(where: Store) -> str:
        with where.reading() as db:
            row = db.execute(select(deliveries.c.id, deliveries.c.created_at)).one()
            return delivery_uuid(migrate.installation_number(db), row.id, row.created_at)

    with store.writing() as db:
        a_delivery(db)
        moves: Moves = Counter()
        places = Places(total=9, per_host=9)
        ledger.claim_ready(db, lane="push.http", worker="w", places=places, after=START, now=now(db), moves=moves)
        counts.record(db, moves)
        heartbeats.beat(db, worker="w", lane="push.http")
    _, done = restored(other, backed_up(store, tmp_path))
    assert (done.returned, name_in(other)) == (1, name_in(store))
    with other.reading() as db:
        row = db.execute(select(deliveries)).one()
        assert (row.state, row.ready, row.lease_id, row.unknowns, row.lapses) == ("retrying", 1, None, 1, 0)
        assert db.execute(select(leases)).all() == []
        assert heartbeats.workers_by_lane(db) == Counter()
        assert [(slot.state, n) for slot, n in counts.read(db).items()] == [("retrying", 1)]


def test_a_database_that_holds_anything_is_given_up_only_when_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_delivery(db)
    path = backed_up(store, tmp_path)
    with store.writing() as db:
        lost = a_delivery(db)
    with pytest.raises(Conflict, match="2 articles, 0 subscriptions, 2 endpoints, 2 deliveries"):
        restored(store, path)
    _, done = restored(store, path, replace=True)
    assert done.lost["deliveries"] == 2
    with store.reading() as db:
        assert lost not in db.execute(select(deliveries.c.id)).scalars().all()


@ON_SQLITE
def test_nothing_is_restored_under_workers_that_run(store: Store, tmp_path: Path) -> None:
    path = backed_up(store, tmp_path)
    with store.writing() as db:
        heartbeats.beat(db, worker="w", lane="push.http")
    with pytest.raises(Conflict, match=r"workers run on this database \(lanes push.http\)"):
        restored(store, path, replace=True)


@ON_SQLITE
@pytest.mark.parametrize("fault", ["cut", "flipped", "another's", "nothing"])
def test_a_file_that_is_not_whole_is_refused_before_anything_is_touched(
    store: Store, tmp_path: Path, fault: str
) -> None:
    path = backed_up(store, tmp_path)
    good = path.read_bytes()
    middle = len(good) // 2
    spoiled = {
        "cut": good[:-40],
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "another's": gzip.compress(b"x" * 2000),
        "nothing": b"",
    }
    path.write_bytes(spoiled[fault])
    with pytest.raises(BackupUnreadable, match=r"is no backup|damaged"):
        check(path)


@ON_SQLITE
def test_a_row_that_was_changed_does_not_agree_with_its_sum(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_version(db, an_article(title="before"))
    path = backed_up(store, tmp_path)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"before", b"behind")))
    with pytest.raises(BackupUnreadable, match="its sums do not agree"):
        check(path)


@ON_SQLITE
def test_a_backup_or_a_database_of_a_newer_release_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = backed_up(store, tmp_path)
    monkeypatch.setattr(migrate, "HEAD", "0001")
    with pytest.raises(SettingWrong, match="is of a newer release"):
        check(path)
    with pytest.raises(SettingWrong, match="Take the backup with that release"):
        backed_up(store, tmp_path)


@ON_SQLITE
def test_a_restore_that_fails_at_its_end_leaves_what_was_there(store: Store, tmp_path: Path) -> None:
    path = backed_up(store, tmp_path)
    with store.writing() as db:
        a_delivery(db)
    before = everything(store)

    def fail(_: Connection) -> None:
        raise OSError("the secrets cannot be put back")

    with pytest.raises(OSError, match="put back"):
        restore(store, path, check(path), replace=True, before_commit=fail)
    assert everything(store) == before


def test_a_file_is_its_owners_and_there_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "backup.tgz"
    path.write_bytes(b"of yesterday")
    with pytest.raises(TypeError), whole_file(path) as out:
        out.writelines([b"half of it", None])  # type: ignore[list-item]  # something fails
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("backup.tgz", b"of yesterday")]
    with whole_file(path) as out:
        out.write(b"of today")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"of today", 0o600)


def test_every_column_is_of_a_kind_that_a_backup_can_carry() -> None:
    carried = (Integer, SmallInteger, Text, Boolean, LargeBinary)  # JSON would round a float
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    assert [str(column) for column in columns if not isinstance(column.type, carried)] == []

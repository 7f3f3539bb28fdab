"""What the doctor finds of the database, and of those who work on it."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text, update

from config.settings import load
from tests.builders import a_version, an_endpoint
from workers.doctor.database import NEEDED, examine_database
from workers.doctor.findings import Finding, Result
from workers.doctor.work import STARTS_WITHIN
from zonewire.alarms import tell
from zonewire.alarms.turns import take
from zonewire.delivery import heartbeats, pauses, tallies
from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, Store, migrate, now
from zonewire.store.tables import endpoints
from zonewire.store.tables import heartbeats as beats

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def found(store: Store, tmp_path: Path, check: str) -> list[Finding]:
    settings = load(data_dir=tmp_path, database_url=store.url)
    return [one for one in examine_database(settings) if one.check == check]


def test_a_database_that_takes_writes_and_workers_that_beat_are_well(store: Store, tmp_path: Path) -> None:
    def only(check: str) -> Finding:
        return found(store, tmp_path, check)[0]

    if store.is_postgresql:  # the tests' own is quick, and would not survive a power cut
        assert "runs with fsync and full_page_writes off" in only("database").found
    else:
        assert only("database").result is Result.OK
    assert "none runs" in only("workers").found
    with store.writing() as db:
        for lane in list(Lane)[1:]:
            heartbeats.beat(db, worker=f"{lane}@here", lane=lane)
    assert (only("workers").result, only("workers").found) == (Result.FAIL, "none on events")
    assert only("workers").mend == "Start `zonewire worker --lanes events`."


@ON_SQLITE
@pytest.mark.parametrize(
    ("shape", "said", "mend"),
    [
        ("0003", "has not this version's tables (migration 0003, wanted", "Run `zonewire db upgrade`"),
        ("9000", "is of a newer release (migration 9000, this one knows", "Bring this machine to that release."),
    ],
)
def test_tables_of_another_release_are_found(store: Store, tmp_path: Path, shape: str, said: str, mend: str) -> None:
    with store.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :shape"), {"shape": shape})
        db.execute(text("UPDATE installation SET works_from = '9000'"))
    (one,) = found(store, tmp_path, "database")
    assert (one.result, one.found.startswith(said), one.mend.startswith(mend)) == (Result.FAIL, True, True)
    assert migrate.HEAD in one.found


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_too_few_connections_are_found(store: Store, tmp_path: Path) -> None:
    name = store.url.rpartition("/")[2]
    with psycopg.connect(store.url, autocommit=True) as own:
        own.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {NEEDED - 1}".encode())
        few = found(store, tmp_path, "database")
        own.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1".encode())
    assert few[-1].found.startswith(f"PostgreSQL has {NEEDED - 1} connections for us")
    assert not [one for one in found(store, tmp_path, "database") if "connections" in one.found]


def test_a_clock_that_ran_ahead_is_found_by_what_it_accepted(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_version(db, accepted_at=now(db))
    assert [one.result for one in found(store, tmp_path, "clock")] == [Result.OK]
    with store.writing() as db:
        a_version(db, accepted_at=now(db) + 3_600 * SECOND)
    assert "s from now: the clock ran ahead, and was set back" in found(store, tmp_path, "clock")[-1].found


@ON_SQLITE
def test_a_database_that_was_slow_for_minutes_is_found(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        tallies.add(db, {(tallies.WRITES, "n"): 4, (tallies.WRITES, "us"): 9_200_000}, now=now(db))
    (slow, _) = found(store, tmp_path, "database")
    assert (slow.result, slow.found) == (Result.FAIL, "a small write took 2.3 s on average, for five minutes now")


@ON_SQLITE
def test_where_the_watch_gets_no_write_through_that_is_found(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        take(db, patience_s=15, now=now(db) - 180 * SECOND)
    assert len(found(store, tmp_path, "database")) == 1  # nothing runs, so nobody looks
    with store.writing() as db:
        heartbeats.beat(db, worker="upkeep@here", lane=Lane.UPKEEP)
    assert "nobody could note how things are for 15" in found(store, tmp_path, "database")[0].found


@ON_SQLITE
def test_a_beat_that_hints_nobody_is_found(store: Store, tmp_path: Path) -> None:
    def tasked(ago_s: float | None, *lanes: Lane) -> list[tuple[Result, str]]:
        with store.writing() as db:
            moment = None if ago_s is None else now(db) - int(ago_s * SECOND)
            db.execute(update(beats).where(beats.c.lane.in_(lanes or list(Lane))).values(tasked_at=moment))
        return [(one.result, one.found) for one in found(store, tmp_path, "beat")]

    with store.writing() as db:
        for lane in Lane:
            heartbeats.beat(db, worker=f"{lane}@here", lane=lane)
        db.execute(update(beats).values(started_at=now(db) - 2 * STARTS_WITHIN))
    assert tasked(None) == []  # a release that did not write it down
    with store.writing() as db:
        db.execute(update(beats).values(version="0.1.0"))
    assert tasked(None)[0][0] is Result.FAIL
    assert tasked(1) == [(Result.OK, "every lane is hinted")]
    assert tasked(60, Lane.FEEDS) == [(Result.WARN, "no hint reaches the workers of feeds")]
    assert tasked(60, Lane.DIGESTS, Lane.UPKEEP)[0][0] is Result.FAIL  # the others hear of work from those who made it
    assert tasked(60)[0][0] is Result.FAIL


@ON_SQLITE
def test_that_nobody_is_told_of_alarms_is_found(store: Store, tmp_path: Path) -> None:
    assert found(store, tmp_path, "alarms")[0].found == "nobody is told of alarms"
    with store.writing() as db:
        ident = an_endpoint(db, channel="email")
        tell(db, ident, locale="en", now=now(db))
    assert [one.result for one in found(store, tmp_path, "alarms")] == [Result.OK]
    with store.writing() as db:
        db.execute(update(endpoints).values(state="disabled"))
    assert found(store, tmp_path, "alarms")[0].mend.startswith(f"`zonewire endpoints enable e{ident}`")


@ON_SQLITE
def test_a_lane_that_rests_is_found(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        pauses.pause(db, Lane.PUSH_HTTP, operator="chen", reason="they move", until_at=None, now=now(db))
    (one,) = found(store, tmp_path, "lanes")
    assert (one.result, one.found.endswith("UTC, by chen: they move")) == (Result.WARN, True)
    assert one.mend.startswith("`zonewire lanes resume push.http`")

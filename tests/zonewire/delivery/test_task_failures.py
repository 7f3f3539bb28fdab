"""Faults of tasks and turns, written down."""

from sqlalchemy import Connection, func, select

from tests.builders import DAY, NOON
from zonewire.delivery import tallies, task_failures
from zonewire.delivery.task_failures import Failure
from zonewire.store import SECOND
from zonewire.store.tables import task_failures as table


def a_fault(words: str) -> Failure:
    error = ValueError(words)
    return Failure(lane="feeds", worker="feeds@host", error=error, task="feeds.turn", arguments="'li@mail.example'")


def test_a_fault_is_kept_with_where_it_was_and_without_people_and_secrets(db: Connection) -> None:
    assert task_failures.note(db, a_fault("li@mail.example: /send?key=abc \0" + "x" * 20_000), now=NOON)

    row = db.execute(select(table)).one()
    assert row.error.startswith("ValueError: l…@mail.example: /send?key=… x")
    assert "li@" not in row.traceback + row.arguments
    assert "abc" not in row.traceback
    assert len(row.traceback.encode()) <= 8_192
    assert (row.lane, row.task, row.arguments) == ("feeds", "feeds.turn", "'l…@mail.example'")


def test_a_fault_that_comes_each_second_has_so_many_rows_an_hour_and_is_counted_each_time(db: Connection) -> None:
    written = [task_failures.note(db, a_fault("again"), now=NOON + n * SECOND) for n in range(70)]

    assert sum(written) == task_failures.MOST_AN_HOUR
    assert tallies.totals(db)["task_failures", "feeds"] == 70
    assert task_failures.note(db, a_fault("later"), now=NOON + 2 * 3600 * SECOND)


def test_faults_go_after_a_month_and_beyond_a_thousand(db: Connection) -> None:
    blank = {"lane": "feeds", "worker": "w", "task": "", "task_id": "", "arguments": "", "error": "", "traceback": ""}
    db.execute(table.insert(), [blank | {"at": NOON + n} for n in range(1_002)])

    assert task_failures.forget(db, 5_000, NOON + DAY) == 2
    assert task_failures.forget(db, 5_000, NOON + DAY) == 0
    assert task_failures.forget(db, 300, NOON + 31 * DAY) == 300
    assert db.execute(select(func.count()).select_from(table)).scalar() == 700

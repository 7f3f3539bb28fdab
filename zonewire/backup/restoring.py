"""A database is made of a backup: whole, in one transaction, or not at all.

The file is read twice. First every sum is checked, and nothing is touched; then its rows go into tables of the shape
that they had, which are brought to this release's. What was being sent goes back as it does when a worker ends.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, MetaData, Table, func, select, table
from sqlalchemy.schema import DropTable

from zonewire.backup import archive
from zonewire.backup.manifest import Manifest, Sums
from zonewire.backup.numbering import go_on_behind
from zonewire.backup.rows import OF_THE_MOMENT, tables_of, write
from zonewire.backup.taking import Told
from zonewire.delivery import heartbeats, ledger
from zonewire.errors import BackupUnreadable, Conflict, SettingWrong
from zonewire.reaction import release_taken
from zonewire.store import Store, is_postgresql, migrate
from zonewire.store import now as clock

log = structlog.get_logger()

Files = Mapping[str, bytes]

OF_EVERY_START = OF_THE_MOMENT | {"installation", "job_runs", "delivery_counts"}
"""Tables whose rows are no loss."""

KNOWN = ("articles", "subscriptions", "endpoints", "deliveries")
"""Tables that people know by these words."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that is whole."""

    manifest: Manifest
    rows: Mapping[str, int]  # by table
    files: Files


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it."""

    returned: int  # deliveries that were being sent when the backup was taken
    lost: Mapping[str, int]  # rows that the database held before, by table


def check(path: Path, *, told: Told | None = None) -> Checked:
    """Read all of *path*, and compare its sums. Raises BackupUnreadable, SettingWrong for one of a newer release."""
    sums, others = Sums(), dict[str, bytes]()
    for name, body in archive.members(path):  # to its end, before anything in it is believed
        if name.startswith(archive.TABLES):
            sums.add(name.split("/")[1], body)
            if told:
                told(sum(sums.rows.values()), 0)
        else:
            others[name] = body
    if archive.MANIFEST not in others:
        raise BackupUnreadable(f"{path} is no backup of ours", mend="`zonewire backup FILE` makes one.")
    manifest = Manifest.parse(others[archive.MANIFEST])
    sums.open(shape.name for shape in manifest.shapes)
    if others.get(archive.SUMS) != sums.as_json():
        raise BackupUnreadable(f"{path} is damaged: its sums do not agree with its rows", mend="Take another backup.")
    if manifest.migration > migrate.HEAD:
        raise SettingWrong(
            f"{path} is of a newer release (migration {manifest.migration}, made by {manifest.release})",
            mend="Restore it with that release, or a newer one.",
        )
    files = {name.removeprefix(archive.FILES): body for name, body in others.items() if name.startswith(archive.FILES)}
    return Checked(manifest, dict(sums.rows), files)


def restore(
    store: Store,
    path: Path,
    checked: Checked,
    *,
    replace: bool,
    before_commit: Callable[[Connection], None] = lambda _: None,
    told: Told | None = None,
) -> Restored:
    """Make the database of *store* the one of *checked*, which stands in *path*. Raises Conflict, SettingWrong.

    One that holds anything is refused, unless it is to be *replaced*; one on which workers beat always is.
    *before_commit* is called when all is in it.
    """
    began = time.monotonic()
    with store.writing() as db:
        if is_postgresql(db):
            db.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout TO 0")
        migrate.wait_for_others(db)
        _refuse_running(db)
        lost = held(db)
        if lost and not replace:
            mend = "Name an empty one in ZONEWIRE_DATABASE_URL, or give --replace to lose what it holds."
            raise Conflict(f"the database holds something already: {in_words(lost)}", mend=mend)
        _clear(db)
        migrate.bring_to(db, checked.manifest.migration)
        _fill(db, path, checked, told)
        migrate.finish(db)
        returned = _begin_anew(db)
        if is_postgresql(db):
            db.exec_driver_sql("ANALYZE")
        before_commit(db)
    rows, took_ms = sum(checked.rows.values()), int((time.monotonic() - began) * 1000)
    log.info("backup.restored", migration=checked.manifest.migration, rows=rows, returned=returned, took_ms=took_ms)
    return Restored(returned, lost)


def _refuse_running(db: Connection) -> None:
    shape = migrate.shape_of(db)
    if shape is not None and shape > migrate.HEAD:
        raise SettingWrong(
            "the database is of a newer release, whose tables this one does not know",
            where="ZONEWIRE_DATABASE_URL",
            mend="Restore with that release, or into an empty database.",
        )
    if "heartbeats" in tables_of(db) and (beating := heartbeats.workers_by_lane(db)):
        raise Conflict(
            f"workers run on this database (lanes {', '.join(sorted(beating))})",
            mend="Stop every `zonewire up`, `worker`, `web` and `beat` first, and wait for ten seconds.",
        )


def held(db: Connection) -> dict[str, int]:
    """Rows by table, but for what every start makes anew."""
    found = {name: _rows(db, name) for name in tables_of(db) if name not in OF_EVERY_START}
    return {name: n for name, n in found.items() if n}


def in_words(rows: Mapping[str, int]) -> str:
    """How much *rows*, by table, come to, in things that people know."""
    return ", ".join(f"{rows.get(name, 0):,} {name}" for name in KNOWN) + f" ({sum(rows.values()):,} rows)"


def _rows(db: Connection, name: str) -> int:
    return int(db.execute(select(func.count()).select_from(table(name))).scalar_one())


def _clear(db: Connection) -> None:
    """Drop our tables, and the mark of their shape; whatever else stands in the database is not ours to touch."""
    ours = [*reversed(tables_of(db)), *(["alembic_version"] if migrate.shape_of(db) else [])]
    for name in ours:
        db.execute(DropTable(Table(name, MetaData())))


def _fill(db: Connection, path: Path, checked: Checked, told: Told | None) -> None:
    shapes = {shape.name: shape for shape in checked.manifest.shapes}
    done, expected = 0, sum(checked.rows.values())
    for name in reversed(shapes):  # what a migration has put there: its rows are in the backup
        db.execute(table(name).delete())
    for name, body in archive.members(path):
        if name.startswith(archive.TABLES):
            write(db, shapes[name.split("/")[1]], body)
            done += body.count(b"\n")
            if told:
                told(done, expected)
    for shape in shapes.values():
        if any(name == "id" for name, _ in shape.columns):
            go_on_behind(db, shape.name, shape.last_key)


def _begin_anew(db: Connection) -> int:
    """No worker of then lives: what each had taken is free. How many deliveries were being sent."""
    release_taken(db)
    return ledger.return_all(db, now=clock(db))

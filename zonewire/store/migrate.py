"""Bring a database to the newest shape. Safe beside another process that does the same."""

import hashlib
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, text, update

from zonewire.errors import SettingWrong
from zonewire.store.dialect import insert, is_postgresql
from zonewire.store.engine import Store
from zonewire.store.tables import installation

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0013"
"""The newest migration. Written down, since looking it up would load Alembic into every process: 6 MiB each."""
WORKS_FROM = "0012"
"""The oldest migration whose code works on a database of this shape. A release and the one before it run side by side
while processes are replaced one by one, so a migration only adds (with defaults on the server); what nobody looks at
any more goes a release later, and this moves on then."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x5A4F4E45  # "ZONE": the advisory lock of migrations on PostgreSQL


def upgrade(store: Store) -> None:
    """Run every migration that *store* lacks, and give a new installation its number, in one transaction.

    Leaves alone what a newer release has brought further. Raises SettingWrong where this code is too old for it.
    """
    with store.reading() as db:
        found = shape_of(db)
        if found == HEAD:  # the rule; without Alembic, whose loading takes a third of a second
            return
        if found is not None and found > HEAD:
            _refuse_too_new(db)
            return
    with store.writing() as db:
        wait_for_others(db)
        finish(db)


def finish(db: Connection) -> None:
    """Run the migrations that are lacking, and give an installation that has none its number."""
    bring_to(db, HEAD)
    number = secrets.randbits(62)
    row = {"id": 1, "number": number, "created_at": time.time_ns() // 1000}
    db.execute(insert(installation).values(row).on_conflict_do_nothing())
    db.execute(update(installation).values(works_from=WORKS_FROM))


def wait_for_others(db: Connection) -> None:
    """Be the only one who changes the shape, until the transaction ends."""
    if is_postgresql(db):
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def bring_to(db: Connection, revision: str) -> None:
    """Run the migrations up to *revision*, in the caller's transaction."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = db
    command.upgrade(config, revision)


def is_current(db: Connection) -> bool:
    """Whether the database has a shape that this code works on: its own, or a newer one that still allows it."""
    found = shape_of(db)
    return found == HEAD or (found is not None and found > HEAD and _works_from(db) <= HEAD)


def installation_number(db: Connection) -> int:
    """This installation's random number. Raises SettingWrong where the database's shape is not one for this code."""
    if not is_current(db):
        _refuse_too_new(db)
        raise SettingWrong(
            "the database does not have this version's tables",
            where="ZONEWIRE_DATABASE_URL",
            mend="Run `zonewire db upgrade` (`zonewire up` does it by itself).",
        )
    return int(db.execute(select(func.max(installation.c.number))).scalar_one())


def installation_name(number: int) -> str:
    """What an installation is called where anybody may see it: tells two apart, and nothing of its number."""
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=6, person=b"zonewire-name").hexdigest()


def shape_of(db: Connection) -> str | None:
    """The newest migration that the database has been through; None before the first."""
    exists = (
        "SELECT to_regclass('alembic_version') IS NOT NULL"
        if is_postgresql(db)
        else "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    )
    if not db.execute(text(exists)).scalar():
        return None
    found = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _works_from(db: Connection) -> str:
    return str(db.execute(select(func.max(installation.c.works_from))).scalar_one())


def _refuse_too_new(db: Connection) -> None:
    """Raise SettingWrong where a newer release has left nothing for this one to work on."""
    if (shape_of(db) or "") > HEAD and _works_from(db) > HEAD:
        raise SettingWrong(
            "the database is of a newer release, which this one cannot work beside",
            where="ZONEWIRE_DATABASE_URL",
            mend="Bring this machine to that release, or restore a backup of before.",
        )


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config

"""Bring a database to the newest shape. Safe beside another process that does the same."""

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select, text

from zonewire.errors import SettingWrong
from zonewire.store.dialect import insert, is_postgresql
from zonewire.store.engine import Store
from zonewire.store.tables import installation

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"
"""The newest migration. Written down, since looking it up would load Alembic into every process: 6 MiB each."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x5A4F4E45  # "ZONE": the advisory lock of migrations on PostgreSQL


def upgrade(store: Store) -> None:
    """Run every migration that *store* lacks, and give a new installation its number, in one transaction."""
    from alembic import command

    with store.writing() as db:
        if is_postgresql(db):
            db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = db
        command.upgrade(config, "head")
        number = secrets.randbits(62)
        row = {"id": 1, "number": number, "created_at": time.time_ns() // 1000}
        db.execute(insert(installation).values(row).on_conflict_do_nothing())


def is_current(db: Connection) -> bool:
    """Whether the database has the shape that this code wants."""
    exists = (
        "SELECT to_regclass('alembic_version') IS NOT NULL"
        if is_postgresql(db)
        else "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    )
    if not db.execute(text(exists)).scalar():
        return False
    found = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return bool(found == HEAD)


def installation_number(db: Connection) -> int:
    """This installation's random number. Raises SettingWrong where the database was never migrated."""
    if not is_current(db):
        raise SettingWrong(
            "the database does not have this version's tables",
            where="ZONEWIRE_DATABASE_URL",
            mend="Run `zonewire db upgrade` (`zonewire up` does it by itself).",
        )
    return int(db.execute(select(func.max(installation.c.number))).scalar_one())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config

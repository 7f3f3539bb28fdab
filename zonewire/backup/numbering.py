"""The sequences that give tables their keys: how far they are, and behind which key they go on.

A delivery's id outside is made of its key, so a key must not be given twice, also not where the row that had it last
is long pruned. Where SQLite counts by the highest row alone, there is nothing to set.
"""

from sqlalchemy import Connection, column, func, select, table, text

from zonewire.store import is_postgresql

_SEQUENCE = text("SELECT pg_get_serial_sequence(:name, 'id')")
_COUNTED = text("SELECT count(*) FROM sqlite_master WHERE name = :name AND sql LIKE '%AUTOINCREMENT%'")
_LAST = text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
_FORGET = text("DELETE FROM sqlite_sequence WHERE name = :name")
_REMEMBER = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
_GO_ON = text("SELECT setval(CAST(:sequence AS regclass), :last)")


def last_key(db: Connection, name: str) -> int | None:
    """The highest key that the table *name*, which has a column `id`, has given; None where no sequence knows."""
    if not is_postgresql(db):
        return db.execute(_LAST, {"name": name}).scalar() if _is_counted(db, name) else None
    sequence = db.execute(_SEQUENCE, {"name": name}).scalar()
    if sequence is None:
        return None
    last, is_called = db.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
    return int(last) if is_called else None


def go_on_behind(db: Connection, name: str, last: int | None) -> None:
    """Let the table *name*, which has a column `id`, give keys above *last* and above every key that it holds."""
    highest = db.execute(select(func.max(column("id"))).select_from(table(name))).scalar()
    last = max(last or 0, highest or 0)
    if not last:
        return
    if is_postgresql(db):
        sequence = db.execute(_SEQUENCE, {"name": name}).scalar()
        if sequence is not None:
            db.execute(_GO_ON, {"sequence": sequence, "last": last})
    elif _is_counted(db, name):
        db.execute(_FORGET, {"name": name})  # the table of sequences has no unique key
        db.execute(_REMEMBER, {"name": name, "last": last})


def _is_counted(db: Connection, name: str) -> bool:
    return bool(db.execute(_COUNTED, {"name": name}).scalar())

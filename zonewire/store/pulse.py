"""Whether the database takes writes, and when a worker last completed a turn: what `/readyz` asks."""

from sqlalchemy import Connection, func, select, update

from zonewire.store.dialect import now
from zonewire.store.tables import heartbeats, installation

# No row. It takes SQLite's write lock, and PostgreSQL refuses it on a standby, so it fails wherever a write would.
_WRITE_NOTHING = update(installation).where(installation.c.id == 0).values(id=0)

_NEWEST_TURN = select(func.max(heartbeats.c.turned_at))


def write_nothing(db: Connection) -> None:
    """A write that changes nothing. Raises what a real one would."""
    db.execute(_WRITE_NOTHING)


def since_newest_turn(db: Connection) -> int | None:
    """Microseconds since some worker's heart completed a turn; None where none ever did."""
    turned_at = db.execute(_NEWEST_TURN).scalar()
    return None if turned_at is None else max(now(db) - int(turned_at), 0)

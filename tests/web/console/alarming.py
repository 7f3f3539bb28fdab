"""Alarms that are on, as the watch leaves them, for pages that show them."""

import orjson
from sqlalchemy import Connection, insert

from zonewire.store import SECOND
from zonewire.store.tables import alarms


def an_alarm(db: Connection, name: str, about: str = "", *, since: int, **seen: float | str) -> None:
    """An alarm that began at *since* and has lasted; *seen* is what its sentence is filled with."""
    detail = orjson.dumps({"seen": seen, "away_at": None, "told": {}}).decode()
    row = {"name": name, "about": about, "began_at": since, "seen_at": since + SECOND, "detail": detail}
    db.execute(insert(alarms).values(row | {"is_told": True}))

"""Readings: what one process looked at last, for all to know, such as until when a certificate or a token holds.

They stand among the tallies, under a span of their own: a number for each name and label, replaced by the next.
"""

from collections.abc import Mapping

import structlog
from sqlalchemy import Connection, bindparam, select

from zonewire.errors import ZonewireError
from zonewire.store import Store, insert
from zonewire.store.tables import tallies

DATABASE_WRITE_US = "database_write_us"  # ""; how long the watch's last small write took, from asking to the disk
TOKEN_UNTIL_S = "token_until_s"  # noqa: S105  # the appid; Unix seconds until which the token fetched last is taken
TOKEN_REFUSED = "token_refused"  # noqa: S105  # the appid; the platform's code for refusing us one, or 0
WATCHED_MS = "watched_ms"  # ""; Unix milliseconds until which somebody watches, or when they last did: alarms/turns.py
CERTIFICATE_UNTIL_S = "certificate_until_s"  # BASE_URL; Unix seconds until which its certificate holds

log = structlog.get_logger()

_SPAN = "last"
_NOTE = insert(tallies).values(
    span=_SPAN, at=0, name=bindparam("of_name"), label=bindparam("of_label"), shard=0, n=bindparam("value")
)
_NOTE = _NOTE.on_conflict_do_update(
    index_elements=["span", "at", "name", "label", "shard"], set_={"n": _NOTE.excluded.n}
)
# By the primary key.
_ALL = select(tallies.c.name, tallies.c.label, tallies.c.n).where(tallies.c.span == _SPAN, tallies.c.at == 0)


def note(db: Connection, found: Mapping[tuple[str, str], int]) -> None:
    """Let *found*, by name and label, be what is known now."""
    rows = [{"of_name": name, "of_label": label, "value": value} for (name, label), value in sorted(found.items())]
    if rows:
        db.execute(_NOTE, rows)


def note_token(store: Store, account: str, *, until_s: float | None = None, refused: int = 0) -> None:
    """An access token was fetched for *account*, or refused with a code. Never raises: the call goes on without us."""
    found = {(TOKEN_REFUSED, account): refused}
    if until_s is not None:
        found[TOKEN_UNTIL_S, account] = int(until_s)
    try:
        with store.settling() as db:
            note(db, found)
    except ZonewireError as error:
        log.warning("reading.unwritten", account=account, error=error.what)


def read(db: Connection) -> dict[tuple[str, str], int]:
    """All of them, by name and label."""
    return {(name, label): int(value) for name, label, value in db.execute(_ALL)}

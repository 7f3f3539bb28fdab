"""Sessions: who is logged in, known by the hash of a random cookie.

One ends when it was unused for twelve hours, after a week at the latest, at logging out, and with its operator's role
or password.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from zonewire.operators.people import Operator
from zonewire.operators.roles import Role
from zonewire.store import SECOND
from zonewire.store.tables import operator_sessions, operators

UNUSED_FOR = 12 * 3600 * SECOND
LONGEST = 7 * 24 * 3600 * SECOND
SEEN_EVERY = 60 * SECOND
"""A session that is used is written down once in this time."""
TOKEN_BYTES = 32
SOFTWARE_CHARS = 120

_FIND = (
    select(operator_sessions, operators.c.name, operators.c.role, operators.c.created_at)
    .join(operators, operators.c.id == operator_sessions.c.operator_id)
    .where(
        operator_sessions.c.token_hash == bindparam("of_token"),
        operator_sessions.c.seen_at > bindparam("seen_after"),
        operator_sessions.c.made_at > bindparam("made_after"),
    )
)
_SEEN = (
    update(operator_sessions)
    .where(operator_sessions.c.token_hash == bindparam("of_token"))
    .values(seen_at=bindparam("moment"))
)
_END = delete(operator_sessions).where(operator_sessions.c.token_hash == bindparam("of_token"))
_FORGET = delete(operator_sessions).where(
    or_(operator_sessions.c.seen_at <= bindparam("seen_after"), operator_sessions.c.made_at <= bindparam("made_after"))
)


@dataclass(frozen=True, slots=True)
class Session:
    """An operator who is logged in."""

    operator: Operator
    made_at: int
    seen_at: int


def begin_session(db: Connection, operator_id: int, *, came_from: str, software: str, now: int) -> str:
    """The token of a new session: whoever has it is the operator."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"token_hash": _hash(token), "operator_id": operator_id, "made_at": now, "seen_at": now}
    db.execute(insert(operator_sessions).values(row | {"came_from": came_from, "software": software[:SOFTWARE_CHARS]}))
    return token


def find_session(db: Connection, token: str, *, now: int) -> Session | None:
    """The session of *token*, while it lasts."""
    row = db.execute(_FIND, {"of_token": _hash(token), **_limits(now)}).first()
    if row is None:
        return None
    return Session(Operator(row.operator_id, row.name, Role(row.role), row.created_at), row.made_at, row.seen_at)


def note_seen(db: Connection, token: str, *, now: int) -> None:
    """The session of *token* is in use."""
    db.execute(_SEEN, {"of_token": _hash(token), "moment": now})


def end_session(db: Connection, token: str) -> None:
    """Log out."""
    db.execute(_END, {"of_token": _hash(token)})


def forget_sessions(db: Connection, *, now: int) -> int:
    """Forget those that are over; how many."""
    return db.execute(_FORGET, _limits(now)).rowcount


def _limits(now: int) -> dict[str, int]:
    return {"seen_after": now - UNUSED_FOR, "made_after": now - LONGEST}


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

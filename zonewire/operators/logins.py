"""Logging in: a name and its password, tried as often as a person mistypes and no oftener.

A try is written down before the password is looked at, and taken back when it was right: any number at once count.
"""

import hashlib

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from zonewire.errors import TooMany
from zonewire.keys import passwords
from zonewire.operators.sessions import begin_session
from zonewire.store import SECOND, Store, is_postgresql
from zonewire.store import now as clock
from zonewire.store.tables import login_tries, operators

WITHIN = 15 * 60 * SECOND
OF_A_NAME_FROM_A_PLACE = 6
OF_A_PLACE = 30
OF_A_NAME = 60
"""Wrong passwords within a quarter of an hour: of one name from one address, of all names from it, and of one name from
everywhere. The last is high, so that a stranger cannot easily lock an operator out."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:lock)")
_LOCK = 0x5A4F4E47  # "ZONG": the advisory lock of logins on PostgreSQL

_TRY = insert(login_tries).returning(login_tries.c.id)
_TAKE_BACK = delete(login_tries).where(login_tries.c.id == bindparam("of_try"))
_OPERATOR = select(operators.c.id, operators.c.password).where(operators.c.name == bindparam("of_name"))
_KEEP = update(operators).where(operators.c.id == bindparam("of_operator")).values(password=bindparam("made_anew"))
_FORGET = delete(login_tries).where(login_tries.c.at < bindparam("before"))
_TRIED = select(func.count()).select_from(login_tries).where(login_tries.c.at >= bindparam("since"))


def log_in(store: Store, name: str, password: str, *, came_from: str, software: str) -> str | None:
    """The token of a new session; None where name and password do not fit. Raises TooMany.

    Opens its own transactions: the password is looked at between them, which takes a while.
    """
    with store.writing() as db:
        _check_tries(db, name, came_from)
        row = {"name": _hash(name), "came_from": came_from, "at": clock(db)}
        tried = db.execute(_TRY, row).scalar_one()
        found = db.execute(_OPERATOR, {"of_name": name}).first()
    if not passwords.is_password(password, found.password if found else None) or found is None:
        return None
    with store.writing() as db:
        db.execute(_TAKE_BACK, {"of_try": tried})
        if passwords.is_outdated(found.password):
            db.execute(_KEEP, {"of_operator": found.id, "made_anew": passwords.hashed(password)})
        return begin_session(db, found.id, came_from=came_from, software=software, now=clock(db))


def forget_tries(db: Connection, *, now: int) -> int:
    """Forget those that no longer count; how many."""
    return db.execute(_FORGET, {"before": now - WITHIN}).rowcount


def _check_tries(db: Connection, name: str, came_from: str) -> None:
    if is_postgresql(db):
        db.execute(_ONE_AT_A_TIME, {"lock": _LOCK})
    since = {"since": clock(db) - WITHIN}
    of_name, of_place = login_tries.c.name == _hash(name), login_tries.c.came_from == came_from
    for conditions, most in (
        ((of_name, of_place), OF_A_NAME_FROM_A_PLACE),
        ((of_place,), OF_A_PLACE),
        ((of_name,), OF_A_NAME),
    ):
        if db.execute(_TRIED.where(*conditions), since).scalar_one() >= most:
            raise TooMany("too many wrong passwords", retry_after_s=WITHIN // SECOND, mend="Wait a quarter of an hour.")


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()

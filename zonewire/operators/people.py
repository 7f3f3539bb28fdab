"""Operators themselves: made, listed, given another role or password, removed."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from zonewire.errors import Conflict, NotFound, WrongUsage
from zonewire.keys import passwords
from zonewire.operators.roles import Role
from zonewire.store.tables import operator_sessions, operators

_NAME = re.compile(r"[\w.@+-]{2,64}")

_ALL = select(operators.c.id, operators.c.name, operators.c.role, operators.c.created_at).order_by(operators.c.name)
_END_SESSIONS = delete(operator_sessions).where(operator_sessions.c.operator_id == bindparam("of_operator"))
_ADMINISTRATORS = select(func.count()).select_from(operators).where(operators.c.role == Role.ADMINISTER)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may come to the console."""

    id: int
    name: str
    role: Role
    created_at: int


def add(db: Connection, name: str, role: Role, password: str, *, now: int) -> Operator:
    """A new operator. Raises WrongUsage for what can be no name or password, Conflict where the name is taken."""
    if not _NAME.fullmatch(name):
        raise WrongUsage(f"{name[:80]!r} can be no operator's name", mend="Take 2 to 64 letters, digits, . _ @ + or -.")
    passwords.check_password(password, name=name)
    if db.execute(_ALL.where(operators.c.name == name)).first() is not None:
        raise Conflict(f"there is an operator {name} already", mend="`zonewire operators list` shows them.")
    row = {"name": name, "role": role, "password": passwords.hashed(password), "created_at": now}
    ident = db.execute(insert(operators).values(row).returning(operators.c.id)).scalar_one()
    return Operator(ident, name, role, now)


def list_operators(db: Connection) -> list[Operator]:
    """All of them, by name."""
    return [Operator(row.id, row.name, Role(row.role), row.created_at) for row in db.execute(_ALL)]


def named(db: Connection, name: str) -> Operator:
    """The operator of that name. Raises NotFound."""
    row = db.execute(_ALL.where(operators.c.name == name)).first()
    if row is None:
        raise NotFound(f"there is no operator {name[:80]!r}", mend="`zonewire operators list` shows them.")
    return Operator(row.id, row.name, Role(row.role), row.created_at)


def change_role(db: Connection, name: str, role: Role) -> Operator:
    """Give *name* another role; what is open in a browser ends. Raises NotFound, and Conflict as `remove` does."""
    operator = named(db, name)
    if not role.may(Role.ADMINISTER):
        _keep_an_administrator(db, operator)
    db.execute(update(operators).where(operators.c.id == operator.id).values(role=role))
    db.execute(_END_SESSIONS, {"of_operator": operator.id})
    return Operator(operator.id, name, role, operator.created_at)


def change_password(db: Connection, name: str, password: str) -> None:
    """Give *name* another password; what is open in a browser ends. Raises NotFound, WrongUsage."""
    operator = named(db, name)
    passwords.check_password(password, name=name)
    db.execute(update(operators).where(operators.c.id == operator.id).values(password=passwords.hashed(password)))
    db.execute(_END_SESSIONS, {"of_operator": operator.id})


def remove(db: Connection, name: str) -> None:
    """Let *name* in no more. Raises NotFound, and Conflict for the last who administers while there are others."""
    operator = named(db, name)
    _keep_an_administrator(db, operator)
    db.execute(_END_SESSIONS, {"of_operator": operator.id})
    db.execute(delete(operators).where(operators.c.id == operator.id))


def _keep_an_administrator(db: Connection, operator: Operator) -> None:
    """Raise Conflict where nobody could look after the others without *operator*."""
    is_last = operator.role is Role.ADMINISTER and db.execute(_ADMINISTRATORS).scalar_one() == 1
    if is_last and len(list_operators(db)) > 1:
        raise Conflict(
            f"{operator.name} is the last who administers",
            mend="Make another one first: `zonewire operators add NAME --role administer`.",
        )

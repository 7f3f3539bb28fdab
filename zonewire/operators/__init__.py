"""Operators: who may come to the console, what each may do, and what they did.

Knows no HTTP: the console asks here who holds a cookie, and writes down here what was done.
"""

from zonewire.operators.audit import Act, Actor, record, recorded
from zonewire.operators.logins import forget_tries, log_in
from zonewire.operators.people import Operator, add, change_password, change_role, list_operators, remove
from zonewire.operators.roles import Role
from zonewire.operators.sessions import Session, end_session, find_session, forget_sessions, note_seen

__all__ = [
    "Act",
    "Actor",
    "Operator",
    "Role",
    "Session",
    "add",
    "change_password",
    "change_role",
    "end_session",
    "find_session",
    "forget_sessions",
    "forget_tries",
    "list_operators",
    "log_in",
    "note_seen",
    "record",
    "recorded",
    "remove",
]

"""Where a process can be stopped: inside each transaction, around each commit, around each send and each reply.

`Cut` counts the points that a job passes and ends the process at the one that it was given; the `into_…` functions make
the real parts pass them. They belong in a forked child: what they change is changed for the rest of its life.
"""

import os
import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pycurl
from sqlalchemy import Connection, Engine, event

from zonewire.outbound.couriers.transfers import Transfer
from zonewire.store import Store

Pass = Callable[[str], None]
"""Called at each point with its name; may not return."""

WRITES = re.compile(r"\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")
STOPPED = 9
"""The exit status of a process that was cut."""


@dataclass(slots=True)
class Cut:
    """Ends this process at the point number *at*, from 0, and tells where that was."""

    at: int
    tell: Callable[[str], None]
    passed: int = 0

    def __call__(self, where: str) -> None:
        """Pass the point *where*."""
        if self.passed == self.at:
            self.tell(where)
            os._exit(STOPPED)  # nothing is closed, flushed or rolled back: as kill -9 leaves it
        self.passed += 1


def into_store(store: Store, passing: Pass, *, reads: bool) -> None:
    """Points in each transaction of *store*: once inside it, and before and after its commit if it writes.

    Without *reads* only those that write: being cut while reading leaves the same behind as after the commit before.
    """
    # On PostgreSQL the reader is the writer.
    for engine, name in {store._reader: "read", store._writer: "write", store._settler: "settle"}.items():
        _into_engine(engine, name, passing, reads=reads)


def _into_engine(engine: Engine, name: str, passing: Pass, *, reads: bool) -> None:
    begun: set[int] = set()  # connections that have not passed the point inside
    written: set[int] = set()  # those that have something to commit

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        begun.add(id(db.connection.dbapi_connection))
        written.discard(id(db.connection.dbapi_connection))

    @event.listens_for(engine, "after_cursor_execute")
    def inside(db: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        connection = id(db.connection.dbapi_connection)
        if WRITES.search(statement):
            written.add(connection)
        elif not reads:
            return
        if connection in begun and not statement.lstrip().startswith(("BEGIN", "SET")):
            begun.discard(connection)
            passing(f"{name}: inside, after {' '.join(statement.split())[:60]}")

    commit = engine.dialect.do_commit

    def committing(connection: Any) -> None:
        writes = id(connection.dbapi_connection) in written
        if writes:
            passing(f"{name}: before the commit")
        commit(connection)
        if writes:
            passing(f"{name}: after the commit")

    engine.dialect.do_commit = committing  # type: ignore[method-assign, assignment]  # of this engine's dialect alone


def into_transfer(transfer: Transfer, passing: Pass) -> None:
    """Points in one HTTP transfer: after the last byte of the request, before and after the reply is read."""
    names = {
        pycurl.INFOTYPE_HEADER_OUT: "http: the head was sent",
        pycurl.INFOTYPE_DATA_OUT: "http: the last byte was sent",
    }
    seen: list[int] = []

    def said(kind: int, _data: bytes) -> None:
        if kind in names and kind not in seen:
            passing(names[kind])
        if kind == pycurl.INFOTYPE_HEADER_IN and kind not in seen:
            passing("http: the first line of the reply was read")
        seen.append(kind)

    transfer.curl.setopt(pycurl.VERBOSE, 1)
    transfer.curl.setopt(pycurl.DEBUGFUNCTION, said)


def into_smtp(passing: Pass, *, every_line: bool) -> None:
    """Points in every SMTP dialogue of this process: before and after each send, before and after each reply.

    Without *every_line* only around the mail itself, and the reply that decides: where no other is asked for.
    """
    send, getreply = smtplib.SMTP.send, smtplib.SMTP.getreply
    decides: set[int] = set()  # dialogues whose next reply says whether the mail was taken

    def sending(smtp: smtplib.SMTP, data: Any) -> None:
        command = data[:4].strip() if isinstance(data, str) else ""
        if not command:
            decides.add(id(smtp))
        if every_line or not command:
            passing(f"smtp: before the first byte of {command or 'the mail itself'}")
        send(smtp, data)
        if every_line or not command:
            passing(f"smtp: after the last byte of {command or 'the mail itself'}")

    def replied(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        asked = every_line or id(smtp) in decides
        decides.discard(id(smtp))
        if asked:
            passing("smtp: before a reply is read")
        reply = getreply(smtp)
        if asked:
            passing("smtp: after a reply was read")
        return reply

    smtplib.SMTP.send = sending  # type: ignore[method-assign, assignment]
    smtplib.SMTP.getreply = replied  # type: ignore[method-assign, assignment]

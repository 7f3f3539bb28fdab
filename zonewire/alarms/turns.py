"""Whose turn it is to watch: one process at a time, whichever finds that nobody has looked for a while.

Upkeep looks every few seconds. The web face would look too, but has more patience, so that it stands in where upkeep is
gone: somebody must tell that. A turn ends by itself, so one who is killed in it is replaced; one who is late finds out
that the turn is another's before anything is written.
"""

from sqlalchemy import Connection, bindparam, or_, select, update

from zonewire.delivery.readings import WATCHED_MS
from zonewire.store import SECOND, insert
from zonewire.store.tables import tallies

TURN_S, TELLING_S = 30, 120
"""A turn is over after so long, and one in which somebody is told."""

AHEAD_S = 2 * TELLING_S
"""No turn reaches so far ahead: where one does, the clock was put back since."""

UNSEEN_S = 120
"""Nobody has looked for so long: nobody can."""

_MS = SECOND // 1_000
_ROW = {"span": "last", "at": 0, "name": WATCHED_MS, "label": "", "shard": 0}
_OURS = [tallies.c[name] == value for name, value in _ROW.items()]
# By the primary key, each of them.
_WATCHED = select(tallies.c.n).where(*_OURS)
_TAKE = insert(tallies).values(**_ROW, n=bindparam("until"))
_TAKE = _TAKE.on_conflict_do_update(
    index_elements=["span", "at", "name", "label", "shard"],
    set_={"n": _TAKE.excluded.n},
    where=or_(tallies.c.n <= bindparam("free"), tallies.c.n > bindparam("ahead")),
)
_CHANGE = update(tallies).where(*_OURS, tallies.c.n == bindparam("mine")).values(n=bindparam("until"))


def watched(db: Connection) -> int | None:
    """Until when somebody watches, or when somebody last did (Unix milliseconds); None where nobody ever has."""
    return db.execute(_WATCHED).scalar()


def is_free(db: Connection, *, patience_s: float, now: int) -> bool:
    """Whether nobody watches, nor has for *patience_s* seconds."""
    until = watched(db)
    return until is None or not _free(patience_s, now) < until <= _ahead(now)


def blind_since(db: Connection, *, now: int) -> int | None:
    """When somebody last looked, where that is too long ago; None where all is well, or nobody ever has.

    A look begins with a small write, and the web face looks where upkeep does not. So where a web face is there to ask,
    the database takes no writes.
    """
    until = watched(db)
    return until * _MS if until is not None and now - until * _MS > UNSEEN_S * SECOND else None


def take(db: Connection, *, patience_s: float, now: int) -> int | None:
    """Take the turn, where it is free; what `hold` wants to see, or None."""
    wanted = {"until": now // _MS + TURN_S * 1_000, "free": _free(patience_s, now), "ahead": _ahead(now)}
    return db.execute(_TAKE.returning(tallies.c.n), wanted).scalar()


def hold(db: Connection, mine: int, *, for_s: float, now: int) -> int | None:
    """Go on for *for_s* seconds from *now*; what `hold` wants next, or None where the turn is another's by now."""
    until = max(mine + 1, now // _MS + int(for_s * 1_000)) if for_s else now // _MS
    return until if db.execute(_CHANGE, {"mine": mine, "until": until}).rowcount else None


def _free(patience_s: float, now: int) -> int:
    return now // _MS - int(patience_s * 1_000)


def _ahead(now: int) -> int:
    return now // _MS + AHEAD_S * 1_000

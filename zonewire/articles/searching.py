"""Finding articles: a page of them, the one that was accepted last first, in a bounded time.

A guid finds its article at once, and without words a page is read from the end of the versions. Words are looked for in
titles and guids backwards in portions, until the page is full or the time is over: then the page says how far it
looked, and the next one goes on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select

from zonewire.store import many, values_of
from zonewire.store.tables import articles, versions

PORTION = 2_000
"""So many versions are looked at by one statement. Each has its text beside it."""
LOOKS_FOR_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSearch:
    """Which articles are looked for; None and "" leave a thing open."""

    words: str = ""  # a guid, or what stands in a title or in a guid
    since: int | None = None  # its newest version was accepted at or after, microseconds
    until: int | None = None  # accepted before


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundArticles:
    """A page of them, each by its newest version."""

    rows: Sequence[Any]
    before: int | None = None  # the acceptance number before which the next page begins; None: there is none
    looked_to: int | None = None  # the page is not full, and what was accepted before this moment was not looked at


_SHOWN = select(
    articles.c.id,
    articles.c.guid,
    articles.c.version,
    articles.c.withdrawn,
    versions.c.number,
    versions.c.title,
    versions.c.accepted_at,
).select_from(versions.join(articles, articles.c.id == versions.c.article_id))
# By the unique key of guids; and by primary keys.
_NEWEST_OF = select(articles.c.newest).where(articles.c.guid == bindparam("guid"))
_BY_NUMBER = _SHOWN.where(versions.c.number.in_(values_of(many("numbers")))).order_by(versions.c.number.desc())
# The newest versions of articles, from a number downwards, by primary keys. Each asks its article by a subquery: in a
# join both databases may read all articles first.
_NEWEST, _GUID = (
    select(column).where(articles.c.id == versions.c.article_id).correlate(versions).scalar_subquery()
    for column in (articles.c.newest, articles.c.guid)
)
_PORTION = (
    select(versions.c.number)
    .where(versions.c.number < bindparam("top"), versions.c.number >= bindparam("floor"), versions.c.number == _NEWEST)
    .order_by(versions.c.number.desc())
    .limit(bindparam("most"))
)
# Each by one step in the primary key; both in one SELECT would read all of it on SQLite.
_ENDS = select(
    select(func.min(versions.c.number)).scalar_subquery(), select(func.max(versions.c.number)).scalar_subquery()
)
# By the index on the moment, which rises with the number.
_FIRST_SINCE = (
    select(versions.c.number)
    .where(versions.c.accepted_at >= bindparam("moment"))
    .order_by(versions.c.accepted_at)
    .limit(1)
)
_ACCEPTED_AT = (
    select(versions.c.accepted_at).where(versions.c.number >= bindparam("number")).order_by(versions.c.number).limit(1)
)


def search_articles(
    db: Connection,
    wanted: ArticleSearch,
    *,
    before: int | None = None,
    limit: int = 30,
    looks_for_s: float = LOOKS_FOR_S,
) -> FoundArticles:
    """The *limit* articles accepted last that are *wanted*, of those with smaller numbers than *before*."""
    if wanted.words and (named := db.execute(_NEWEST_OF, {"guid": wanted.words}).scalar()):
        return FoundArticles(rows=_rows(db, [named]))
    lowest, highest = db.execute(_ENDS).one()
    if highest is None:
        return FoundArticles(rows=[])
    floor = lowest if wanted.since is None else _first_since(db, wanted.since, highest)
    top = highest + 1 if wanted.until is None else _first_since(db, wanted.until, highest)
    top = top if before is None else min(top, before)
    numbers, looked_to = _looked(db, wanted.words, top=top, floor=floor, most=limit + 1, looks_for_s=looks_for_s)
    rows = _rows(db, numbers[:limit])
    if len(numbers) > limit:
        return FoundArticles(rows=rows, before=numbers[limit - 1])
    if looked_to is None:
        return FoundArticles(rows=rows)
    moment = db.execute(_ACCEPTED_AT, {"number": looked_to}).scalar()
    return FoundArticles(rows=rows, before=looked_to, looked_to=moment)


def _rows(db: Connection, numbers: Sequence[int]) -> Sequence[Any]:
    return db.execute(_BY_NUMBER, {"numbers": list(numbers)}).all() if numbers else []


def _first_since(db: Connection, moment: int, highest: int) -> int:
    found = db.execute(_FIRST_SINCE, {"moment": moment}).scalar()
    return int(highest) + 1 if found is None else int(found)


def _looked(
    db: Connection, words: str, *, top: int, floor: int, most: int, looks_for_s: float
) -> tuple[list[int], int | None]:
    """Numbers from *top* downwards; and, if the time was over before *floor*, the one down to which was looked."""
    deadline = time.monotonic() + looks_for_s
    statement = _PORTION.where(*_holds(words))
    numbers: list[int] = []
    while top > floor and len(numbers) < most:
        lower = max(floor, top - PORTION)
        numbers += db.execute(statement, {"top": top, "floor": lower, "most": most - len(numbers)}).scalars()
        top = lower
        if time.monotonic() > deadline and len(numbers) < most and top > floor:
            return numbers, top
    return numbers, None


def _holds(words: str) -> list[ColumnElement[bool]]:
    if not words:
        return []
    return [or_(*(column.icontains(words, autoescape=True) for column in (versions.c.title, _GUID)))]

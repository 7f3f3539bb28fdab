"""What stands in a window, for any filter: read once a tick, however many subscriptions fall due.

A window is (after, up_to] in acceptance numbers. All windows of a tick close at the same number, so of each article
one version counts, its newest up to there; whether it stands in a window depends on `after` alone. Each version's
filters are found once and kept for the tick.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection

from zonewire.articles.model import unpack
from zonewire.digests import statements
from zonewire.filters import MATCHING, KeywordIndex, facts_of, keyword_index

log = structlog.get_logger()


class Role(StrEnum):
    """Why an edition names a version."""

    STORY = "story"
    CORRECTION = "correction"  # of what an earlier edition carried
    WITHDRAWAL = "withdrawal"


Contents = tuple[tuple[int, Role], ...]
"""Acceptance numbers and their roles, in order of acceptance."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version of an article that counts in the windows of a tick."""

    number: int
    article_id: int
    is_tombstone: bool
    stands: bool  # the article is not withdrawn now
    is_update: bool  # there are older versions: somebody may have been sent one


@dataclass(slots=True)
class Windows:
    """All windows that close at *up_to*, as far back as somebody has asked."""

    up_to: int
    late_before: int | None = None  # who was due by this moment (microseconds) gets a digest that says it is late
    _open_from: int = field(init=False)
    _candidates: list[Candidate] = field(init=False, default_factory=list)  # by number
    _numbers: list[int] = field(init=False, default_factory=list)
    _passing: dict[int, list[Candidate]] = field(init=False, default_factory=dict)  # by filter, by number

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._open_from = self.up_to

    def open(self, db: Connection, *, after: int) -> None:
        """Read what was accepted after *after*, unless it is read already."""
        if after >= self._open_from:
            return
        index = keyword_index(db)
        fresh: list[Candidate] = []
        passing: dict[int, list[Candidate]] = {}
        rows = db.execute(statements.WINDOW, {"after": after, "end": self._open_from, "up_to": self.up_to}).all()
        for row in rows:
            one = Candidate(row.number, row.article_id, row.withdrawn, not row.withdrawn_now, row.is_update)
            fresh.append(one)
            if one.stands and not one.is_tombstone:
                for filter_id in _filters_of(db, row, index):
                    passing.setdefault(filter_id, []).append(one)
        for filter_id, older in passing.items():
            self._passing[filter_id] = older + self._passing.get(filter_id, [])
        self._candidates = fresh + self._candidates
        self._numbers = [one.number for one in self._candidates]
        self._open_from = after

    def stories(self, *, filter_id: int, after: int) -> list[Candidate]:
        """What passes the filter *filter_id* and was accepted after *after*."""
        passing = self._passing.get(filter_id, [])
        return passing[bisect_right(passing, after, key=lambda one: one.number) :]

    def updates(self, *, after: int) -> list[Candidate]:
        """What was accepted after *after* of articles that somebody may know from before."""
        since = self._candidates[bisect_right(self._numbers, after) :]
        return [one for one in since if one.is_update]

    def contents(self, *, filter_id: int, after: int, had: frozenset[int]) -> Contents:
        """What an edition of this window holds for readers who were sent an older version of the articles *had*."""
        named = [
            (one.number, Role.STORY)
            for one in self.stories(filter_id=filter_id, after=after)
            if one.article_id not in had
        ]
        if had:
            known = [one for one in self.updates(after=after) if one.article_id in had]
            named += [(one.number, Role.CORRECTION) for one in known if one.stands and not one.is_tombstone]
            named += [(one.number, Role.WITHDRAWAL) for one in known if one.is_tombstone and not one.stands]
        return tuple(sorted(named))


def carried_before(
    db: Connection, *, updates: Iterable[Candidate], filter_ids: Iterable[int], subscription_ids: Sequence[int]
) -> Mapping[int, frozenset[int]]:
    """By subscription, which articles of *updates* an edition of its filter has carried to it."""
    article_ids = sorted({one.article_id for one in updates})
    if not article_ids:
        return {}
    lists = {"article_ids": article_ids, "filter_ids": sorted(set(filter_ids)), "subscription_ids": subscription_ids}
    had: dict[int, set[int]] = {}
    for subscription_id, article_id in db.execute(statements.CARRIED, lists):
        had.setdefault(subscription_id, set()).add(article_id)
    return {subscription_id: frozenset(articles) for subscription_id, articles in had.items()}


def filters_of(rows: Iterable[Any]) -> set[int]:
    """The filters that some subscriptions have and had: what an edition of an earlier one carried, they know."""
    earlier = (int(one) for row in rows if row.filters_before for one in orjson.loads(row.filters_before))
    return {row.filter_id for row in rows} | set(earlier)


def has_story(contents: Contents) -> bool:
    """Whether *contents* are worth an edition: corrections alone are not."""
    return any(role is Role.STORY for _, role in contents)


def _filters_of(db: Connection, row: Any, index: KeywordIndex) -> Iterable[int]:
    """None for an article of which nothing can be made: it must not keep all others from their readers."""
    try:
        facts = facts_of(unpack(row.content), index)
    except Exception:
        log.exception("article.left_out", number=row.number)
        return ()
    return db.execute(MATCHING, {"dimensions": facts.dimensions, "values": facts.values}).scalars()

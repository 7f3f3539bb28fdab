"""What a filter would have brought: how many articles of the last days, and what the last digest would have held."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select

from zonewire.articles.model import Version
from zonewire.articles.reading import readable
from zonewire.digests.contents import sheet_of
from zonewire.digests.rendering import MOST_STORIES, Edition, Occasion, in_words
from zonewire.digests.windows import Role
from zonewire.filters import Filter, Passing, as_options
from zonewire.store import SECOND
from zonewire.store.tables import articles, versions
from zonewire.subscriptions import SubscriptionRequest
from zonewire.subscriptions.cadence import PERIOD, next_due

DAYS = 30
DAY = 86_400 * SECOND
MOST_LOOKED_AT = 3_000
"""Articles that are matched, the newest: about half a second's work."""
AT_ONCE = 500

# The newest versions of articles that stand, downwards from a number. By primary key.
_STANDING = (
    select(versions.c.number)
    .join(articles, articles.c.id == versions.c.article_id)
    .where(
        versions.c.number < bindparam("below"),
        versions.c.number == articles.c.newest,
        versions.c.accepted_at >= bindparam("since"),
        ~articles.c.withdrawn,
    )
    .order_by(versions.c.number.desc())
    .limit(bindparam("most"))
)
_HIGHEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """What would have come."""

    count: int  # articles of the last DAYS that pass
    is_all: bool  # False: there were more than are looked at
    at: int  # microseconds
    due_at: int | None  # of the digest that is shown (microseconds), which may be to come; None where nothing passes
    stories: tuple[Version, ...]  # which it would have held


def look_back(db: Connection, asked: SubscriptionRequest, *, now: int) -> LookBack:
    """What *asked* would have brought by *now*; the newest digest that would have had something in it.

    Instant news is looked at as if it had come once a day. Writes nothing.
    """
    passes, found, looked = Passing(asked.wanted), list[Version](), 0
    for one in _standing(db, since=now - DAYS * DAY):
        looked += 1
        if passes(one.article):
            found.append(one)
    due_at, stories = _last_digest(found, asked, now=now)
    return LookBack(at=now, count=len(found), is_all=looked < MOST_LOOKED_AT, due_at=due_at, stories=stories)


def sample_edition(look: LookBack, wanted: Filter, occasion: Occasion) -> Edition | None:
    """The digest that *look* has found, in words; None where there would have been none."""
    if look.due_at is None:
        return None
    sheet = sheet_of(
        look.stories,
        {one.number: Role.STORY for one in look.stories},
        base_url=occasion.base_url,
        most=MOST_STORIES,
        withdrawn=frozenset(),
        locale=occasion.locale,
    )
    assert sheet is not None  # noqa: S101 - where there is a moment there are stories
    return in_words(sheet, replace(occasion, made_at=look.due_at), options=as_options(wanted))


def _standing(db: Connection, *, since: int) -> Iterator[Version]:
    below = _HIGHEST
    for _ in range(0, MOST_LOOKED_AT, AT_ONCE):
        numbers = list(db.execute(_STANDING, {"below": below, "since": since, "most": AT_ONCE}).scalars())
        some = readable(db, numbers)
        yield from (some[number] for number in numbers if number in some)
        if len(numbers) < AT_ONCE:
            return
        below = numbers[-1]


def _last_digest(
    found: list[Version], asked: SubscriptionRequest, *, now: int
) -> tuple[int | None, tuple[Version, ...]]:
    """The newest moment at which a digest with something in it was due, and what it would have held.

    Where all of it has come since then: the next one, as far as it is known.
    """
    cadence = "daily" if asked.cadence == "instant" else asked.cadence
    for newest in found:  # downwards: the first that fell due already
        due_at = next_due(cadence, asked.at_minute, asked.weekday, asked.timezone, newest.accepted_at)
        if due_at <= now:
            since = due_at - PERIOD[cadence]
            return due_at, tuple(one for one in reversed(found) if since <= one.accepted_at < due_at)
    if not found:
        return None, ()
    due_at = next_due(cadence, asked.at_minute, asked.weekday, asked.timezone, now)
    return due_at, tuple(reversed(found))

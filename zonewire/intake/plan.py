"""What becomes of each event of a batch, decided in the order in which they came. No database here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from zonewire.articles.model import Article
from zonewire.articles.versions import digest_of
from zonewire.intake.event import Event

EventKey = tuple[str, str]
"""(source, id): the identity of an event."""


class Result(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"  # it made a version
    UNCHANGED = "unchanged"  # it says what stands already
    DUPLICATE = "duplicate"  # it was taken before
    STALE = "stale"  # a newer one about its article was taken before


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer about one event."""

    id: str
    guid: str
    version: int
    result: Result


@dataclass(frozen=True, slots=True)
class Step:
    """A version to be made of an article."""

    of: "Standing"
    version: int
    withdrawn: bool
    article: Article
    digest: bytes


@dataclass(slots=True)
class Standing:
    """How an article stands, moved on by each event of the batch."""

    guid: str
    article_id: int | None = None  # None: new
    newest: int = 0  # acceptance number
    version: int = 0
    withdrawn: bool = False
    event_at: int = 0
    entry_id: str = ""
    article: Article | None = None  # what stands, or stood last
    digest: bytes = b""
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch, decided."""

    answers: list[Accepted]
    taken: list[tuple[Event, int]]  # events to be remembered, each with the version that it left standing
    steps: list[Step]  # in the order of the events: so acceptance numbers are given
    standings: dict[str, Standing]  # by guid
    now: int


def decide(
    events: Sequence[Event],
    standings: dict[str, Standing],
    known: Mapping[EventKey, tuple[str, int]],
    *,
    now: int,
) -> Plan:
    """Decide *events*; *known* are those taken before, with guid and version. Moves *standings* on."""
    seen = dict(known)
    plan = Plan([], [], [], standings, now)
    for event in events:
        key = (event.source, event.id)
        if key in seen:
            guid, version = seen[key]
            plan.answers.append(Accepted(event.id, guid, version, Result.DUPLICATE))
            continue
        standing = standings.setdefault(event.guid, Standing(event.guid))
        result = _apply(event, standing, plan)
        seen[key] = (event.guid, standing.version)
        plan.taken.append((event, standing.version))
        plan.answers.append(Accepted(event.id, event.guid, standing.version, result))
    return plan


def _apply(event: Event, standing: Standing, plan: Plan) -> Result:
    at = plan.now if event.time is None or event.time > plan.now else event.time
    if standing.version and at < standing.event_at:
        return Result.STALE
    standing.event_at, standing.touched = at, True
    if event.article is None:
        return _withdraw(standing, plan)
    digest = digest_of(event.article)
    if digest == standing.digest and not standing.withdrawn:
        return Result.UNCHANGED
    standing.article, standing.digest = _dated(event.article, standing, plan.now), digest
    return _step(standing, plan, withdrawn=False)


def _withdraw(standing: Standing, plan: Plan) -> Result:
    """A tombstone keeps the text that stood last; where nothing ever stood, it has none."""
    if standing.withdrawn:
        return Result.UNCHANGED
    standing.article = standing.article or Article(guid=standing.guid, title="", published_at=standing.event_at)
    return _step(standing, plan, withdrawn=True)


def _step(standing: Standing, plan: Plan, *, withdrawn: bool) -> Result:
    assert standing.article is not None  # noqa: S101  # both callers have set it
    standing.version += 1
    standing.withdrawn = withdrawn
    plan.steps.append(Step(standing, standing.version, withdrawn, standing.article, standing.digest))
    return Result.ACCEPTED


def _dated(article: Article, standing: Standing, now: int) -> Article:
    """An article without a date keeps the one that it had, else it was published now."""
    if article.published_at:
        return article
    return replace(article, published_at=standing.article.published_at if standing.article else now)

"""What was said to have happened to an article. Identity: (source, id)."""

from dataclasses import dataclass
from enum import StrEnum

from zonewire.articles.model import Article


class EventType(StrEnum):
    """What happened."""

    PUBLISHED = "article.published"
    UPDATED = "article.updated"  # for an unknown guid: a publication
    WITHDRAWN = "article.withdrawn"  # for an unknown guid: leaves a tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, valid; its article sanitised."""

    source: str
    id: str
    type: EventType
    guid: str
    time: int | None = None  # microseconds; None counts as the moment of acceptance
    article: Article | None = None  # None exactly where it is withdrawn

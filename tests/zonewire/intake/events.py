"""Builders of events."""

import uuid
from typing import Any

from tests.builders import an_article
from zonewire.articles import Article
from zonewire.intake import Event, EventType

SOURCE = "https://portal.example/cms"
HOST = "wire.example"
PAST = 1_600_000_000_000_000
"""A September of 2020: what happened then is no news to anybody's clock."""


def a_publication(article: Article | None = None, **over: Any) -> Event:
    """An event that publishes *article*, each with an id of its own."""
    article = article or (None if "guid" in over else an_article())
    fields: dict[str, Any] = {
        "source": SOURCE,
        "id": str(uuid.uuid4()),
        "type": EventType.PUBLISHED,
        "guid": article.guid if article else "",
        "article": article,
    }
    return Event(**(fields | over))


def a_withdrawal(guid: str, **over: Any) -> Event:
    """An event that withdraws *guid*."""
    return a_publication(type=EventType.WITHDRAWN, guid=guid, **over)

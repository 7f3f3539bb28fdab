"""Deliveries of which tries ended without an answer, so that their receivers may have got them more than once.

For whoever judges afterwards what came again; it looks through the whole ledger.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from zonewire.delivery.ids import delivery_uuid
from zonewire.store.tables import articles, deliveries, endpoints, versions

# A scan, in the order in which they were made.
_UNANSWERED = (
    select(
        deliveries.c.id,
        deliveries.c.created_at,
        deliveries.c.unknowns,
        endpoints.c.channel,
        endpoints.c.address,
        articles.c.guid,
        versions.c.version,
    )
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .join(articles, articles.c.id == deliveries.c.article_id, isouter=True)
    .join(versions, versions.c.number == deliveries.c.number, isouter=True)
    .where(deliveries.c.unknowns > 0)
    .order_by(deliveries.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """One such delivery: a worker died with it in its hands, or its receiver said nothing."""

    id: str
    channel: str
    to: str  # as it is shown
    guid: str | None  # None where it is about no article
    version: int | None
    times: int  # tries that ended so


def list_unanswered(db: Connection, *, installation: int) -> list[Unanswered]:
    """All of them, the oldest first."""
    return [
        Unanswered(
            id=delivery_uuid(installation, row.id, row.created_at),
            channel=row.channel,
            to=row.address or "",
            guid=row.guid,
            version=row.version,
            times=row.unknowns,
        )
        for row in db.execute(_UNANSWERED)
    ]

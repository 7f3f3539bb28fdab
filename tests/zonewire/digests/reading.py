"""What tests of digests look at: which edition each subscription was sent, and what it carried."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, literal_column, select

from zonewire.store import SECOND
from zonewire.store.tables import deliveries, edition_versions, editions, subscriptions, versions

HOUR = 3_600 * SECOND


@dataclass(frozen=True, slots=True)
class Sent:
    """One digest that is owed, or was sent, to one subscription."""

    edition_id: int
    after: int
    up_to: int
    carried: tuple[tuple[int, int, str], ...]  # article, acceptance number, role

    def articles(self, role: str = "story") -> list[int]:
        """The articles that it names in *role*."""
        return [article for article, _, as_what in self.carried if as_what == role]


def sent_to(db: Connection) -> dict[int, list[Sent]]:
    """By subscription, its digests in the order of their windows."""
    contents: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    rows = select(edition_versions.c.edition_id, versions.c.article_id, versions.c.number, edition_versions.c.role)
    rows = rows.join(versions, versions.c.number == edition_versions.c.number).order_by(versions.c.number)
    for edition_id, article_id, number, role in db.execute(rows):
        contents[edition_id].append((article_id, number, role))
    sent: dict[int, list[Sent]] = defaultdict(list)
    owed = (
        select(deliveries.c.subscription_id, editions.c.id, editions.c.after, editions.c.up_to)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(literal_column("kind") == "digest")
        .order_by(editions.c.up_to)
    )
    for subscription_id, edition_id, after, up_to in db.execute(owed):
        sent[subscription_id].append(Sent(edition_id, after, up_to, tuple(contents[edition_id])))
    return sent


def window_of(db: Connection, subscription_id: int) -> tuple[int, int | None]:
    """Where its open window begins, and when it is cut."""
    row = select(subscriptions.c.window_after, subscriptions.c.next_at).where(subscriptions.c.id == subscription_id)
    after, next_at = db.execute(row).one()
    return int(after), next_at

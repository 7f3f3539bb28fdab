"""How often the links of mails were opened, by page and by day; by nobody in particular."""

from sqlalchemy import Connection, delete, func, select

from zonewire.store import SECOND, insert
from zonewire.store.tables import visits

PAGES, VISITORS = ("manage", "confirm", "unsubscribe", "edition"), ("person", "scanner")
DAY = 86_400 * SECOND
KEPT_DAYS = 90

_add = insert(visits)
_ADD = _add.on_conflict_do_update(
    index_elements=[visits.c.day, visits.c.page, visits.c.visitor],
    set_={"visits": visits.c.visits + _add.excluded.visits},
)
_TOTALS = select(visits.c.page, visits.c.visitor, func.sum(visits.c.visits).label("visits")).group_by(
    visits.c.page, visits.c.visitor
)


def count_visit(db: Connection, *, page: str, visitor: str, now: int, times: int = 1) -> None:
    """So many more visits of *page* (manage, confirm, unsubscribe, edition) by a *visitor* (person, scanner)."""
    db.execute(_ADD, {"day": now // DAY, "page": page, "visitor": visitor, "visits": times})


def visits_by_page(db: Connection) -> dict[tuple[str, str], int]:
    """By page and visitor, the visits of the last KEPT_DAYS."""
    return {(row.page, row.visitor): int(row.visits) for row in db.execute(_TOTALS)}


def forget_visits(db: Connection, *, now: int) -> int:
    """Forget what is older than KEPT_DAYS; how many rows."""
    return db.execute(delete(visits).where(visits.c.day < now // DAY - KEPT_DAYS)).rowcount

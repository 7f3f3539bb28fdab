"""Who is the same person: all subscribers whose address is the same but for capitals.

Mail goes to the spelling that was given, since a local part may mean something by its capitals; but whoever asks what
is kept about them, asks for their links or wants to be forgotten means all spellings.
"""

from sqlalchemy import Connection, bindparam, func, select

from zonewire.store.tables import subscribers

# By primary key, and the index on lower(address).
_SAME = select(subscribers.c.id).where(
    func.lower(subscribers.c.address)
    == select(func.lower(subscribers.c.address)).where(subscribers.c.id == bindparam("subscriber")).scalar_subquery()
)


def same_person(db: Connection, subscriber_id: int) -> list[int]:
    """That subscriber and those who are the same person, in one order for everybody."""
    return sorted({subscriber_id, *db.execute(_SAME, {"subscriber": subscriber_id}).scalars()})

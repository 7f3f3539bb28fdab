"""Whether what was accepted has arrived: what `publish --wait` waits for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from zonewire.intake import statements


@dataclass(slots=True)
class Arrival:
    """Some versions on their way; ask `is_complete` until it says so."""

    numbers: list[int]
    _marks: dict[int, int] | None = None  # feed -> what it must be published up to; known once the reaction is done

    def is_complete(self, db: Connection) -> bool:
        """Whether the versions stand in their feeds' documents, and each instant delivery had its first try.

        What is held (its endpoint is disabled) is not waited for.
        """
        wanted = {"numbers": self.numbers}
        if db.execute(statements.OUTBOX_LEFT, wanted).scalar_one():
            return False
        if self._marks is None:
            self._marks = {row.id: row.dirty_to for row in db.execute(statements.FEEDS_TOUCHED, wanted)}
        published = db.execute(statements.FEEDS_PUBLISHED, {"feeds": list(self._marks)})
        if any(row.published_to < self._marks[row.id] for row in published):
            return False
        return not db.execute(statements.UNTRIED, wanted).scalar_one()


def arrival_of(db: Connection, guids: Sequence[str]) -> Arrival:
    """The arrival of the newest versions under *guids*."""
    return Arrival([row.newest for row in db.execute(statements.NEWEST_NUMBERS, {"guids": list(guids)})])

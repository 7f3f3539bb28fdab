"""A lane that an operator lets rest."""

import pytest
from sqlalchemy import Connection

from tests.builders import NOON
from zonewire.delivery import pauses
from zonewire.delivery.lanes import Lane
from zonewire.delivery.pauses import Pause
from zonewire.errors import Conflict
from zonewire.store import SECOND

HOUR = 3_600 * SECOND


def test_a_lane_rests_until_it_is_resumed(db: Connection) -> None:
    pauses.pause(db, Lane.PUSH_HTTP, operator="chen", reason=" they move ", until_at=None, now=NOON)

    assert pauses.paused(db, now=NOON + 1_000 * HOUR) == {
        Lane.PUSH_HTTP: Pause(Lane.PUSH_HTTP, NOON, None, "chen", "they move")
    }
    assert pauses.resume(db, Lane.PUSH_HTTP)
    assert not pauses.resume(db, Lane.PUSH_HTTP)
    assert pauses.paused(db, now=NOON) == {}


def test_a_pause_with_an_end_ends_by_itself(db: Connection) -> None:
    pauses.pause(db, Lane.FEEDS, operator="chen", reason="", until_at=NOON + HOUR, now=NOON)

    assert pauses.is_paused(db, Lane.FEEDS, now=NOON + HOUR - 1)
    assert not pauses.is_paused(db, Lane.FEEDS, now=NOON + HOUR)


def test_pausing_again_gives_another_end_and_keeps_the_beginning(db: Connection) -> None:
    pauses.pause(db, Lane.FEEDS, operator="chen", reason="", until_at=NOON + HOUR, now=NOON)
    again = pauses.pause(db, Lane.FEEDS, operator="li", reason="longer", until_at=None, now=NOON + 1)
    later = pauses.pause(db, Lane.DIGESTS, operator="li", reason="", until_at=NOON + 2, now=NOON + 1)

    assert again == Pause(Lane.FEEDS, NOON, None, "li", "longer")
    assert (
        pauses.pause(db, Lane.DIGESTS, operator="li", reason="", until_at=None, now=NOON + HOUR).began_at
        > later.began_at
    )


def test_upkeep_cannot_rest(db: Connection) -> None:
    with pytest.raises(Conflict, match="upkeep"):
        pauses.pause(db, Lane.UPKEEP, operator="chen", reason="", until_at=None, now=NOON)

"""The heart goes on whatever its lane's turn does, and not in a rush."""

import time
from itertools import pairwise

import pytest

from tasks.heart import BUSY_STEP_S, Heart
from tasks.work import Idle
from tests.eventually import eventually
from zonewire.errors import StoreUnavailable
from zonewire.store import Store


class Refused(Idle):
    """Something is due, and the database is away, or there is a fault of ours."""

    def __init__(self, error: Exception) -> None:
        self.next_at = time.monotonic() - 1
        self.error = error
        self.turned_at: list[float] = []

    def turn(self) -> bool:
        self.turned_at.append(time.monotonic())
        raise self.error


@pytest.mark.parametrize("error", [StoreUnavailable("it is away"), RuntimeError("ours")], ids=["refused", "failed"])
def test_a_turn_that_fails_is_tried_again_after_a_rest_however_much_is_due(store: Store, error: Exception) -> None:
    work = Refused(error)
    heart = Heart(store, work, lane="feeds", worker="feeds@here")

    heart.start()
    eventually(lambda: len(work.turned_at) >= 3, within_s=5)
    heart.stop()

    assert min(after - before for before, after in pairwise(work.turned_at)) > 0.9 * BUSY_STEP_S

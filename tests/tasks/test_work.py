"""A lane's work: when its turns follow each other, and when they rest."""

import time

import pytest
from sqlalchemy.exc import IntegrityError

from tasks import work
from tasks.work import PushWork, Resting
from tests.eventually import eventually
from tests.servers.receiver import hang
from tests.zonewire.test_push import Pushing, pushing, refused
from zonewire import push
from zonewire.delivery import pauses
from zonewire.delivery.lanes import Lane
from zonewire.store import now

__all__ = ["pushing"]  # the fixture

REST_S = 1.0


def test_a_full_turn_is_followed_at_once_and_one_that_fails_is_not(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (push, work):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    pushing.receiver.behave("/hook", hang)
    keys = [pushing.owe("/hook") for _ in range(10)]
    lane = a_lane(pushing)

    assert lane.turn()
    assert _rest(lane) < REST_S

    with refused(pushing.store, keys[-1], "sending"):
        with pytest.raises(IntegrityError):
            lane.turn()
        assert _rest(lane) >= REST_S  # nothing came back meanwhile


def test_a_lane_that_rests_settles_what_is_out_and_claims_nothing(pushing: Pushing) -> None:
    pushing.owe("/hook")
    lane = a_lane(pushing)
    lane.turn()
    with pushing.store.writing() as db:
        pauses.pause(db, Lane.PUSH_HTTP, operator="chen", reason="", until_at=None, now=now(db))
    pushing.owe("/hook")
    resting = a_lane(pushing, lane)

    eventually(lambda: (resting.turn(), pushing.states() == {"delivered": 1, "pending": 1})[1], within_s=5)

    with pushing.store.writing() as db:
        assert pauses.resume(db, Lane.PUSH_HTTP)
    again = a_lane(pushing, lane)
    eventually(lambda: (again.turn(), pushing.states() == {"delivered": 2})[1], within_s=5)


def a_lane(pushing: Pushing, other: PushWork | None = None) -> PushWork:
    """Its work, with the pusher of *other*; looks anew whether it rests."""
    pusher = other._pusher if other else pushing.pusher(timeout_s=5)
    return PushWork(pusher, Lane.PUSH_HTTP, Resting(pushing.store, Lane.PUSH_HTTP))


def _rest(lane: PushWork) -> float:
    began = time.monotonic()
    lane.wait(REST_S)
    return time.monotonic() - began

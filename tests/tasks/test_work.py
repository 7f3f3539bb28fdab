"""A lane's work: when its turns follow each other, and when they rest."""

import time

import pytest
from sqlalchemy.exc import IntegrityError

from tasks import work
from tasks.work import PushWork
from tests.servers.receiver import hang
from tests.zonewire.test_push import Pushing, pushing, refused
from zonewire import push
from zonewire.delivery.lanes import Lane

__all__ = ["pushing"]  # the fixture

REST_S = 1.0


def test_a_full_turn_is_followed_at_once_and_one_that_fails_is_not(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (push, work):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    pushing.receiver.behave("/hook", hang)
    keys = [pushing.owe("/hook") for _ in range(10)]
    lane = PushWork(pushing.pusher(timeout_s=5), Lane.PUSH_HTTP)

    assert lane.turn()
    assert _rest(lane) < REST_S

    with refused(pushing.store, keys[-1], "sending"):
        with pytest.raises(IntegrityError):
            lane.turn()
        assert _rest(lane) >= REST_S  # nothing came back meanwhile


def _rest(lane: PushWork) -> float:
    began = time.monotonic()
    lane.wait(REST_S)
    return time.monotonic() - began

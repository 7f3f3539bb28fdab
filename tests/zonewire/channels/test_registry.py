"""The channels by name."""

from zonewire.channels import CHANNELS
from zonewire.channels.registry import ROBOTS, TERMS
from zonewire.delivery import channel_names
from zonewire.delivery.lanes import Lane, lane_of


def test_the_channels_that_can_be_named_are_those_that_there_are() -> None:
    assert set(channel_names.BUILT) == set(CHANNELS)
    assert set(channel_names.ROBOTS) == set(ROBOTS)


def test_whatever_is_pushed_on_the_lane_of_robots_says_how_much_may_be_sent() -> None:
    assert {name for name in CHANNELS if lane_of(name) is Lane.PUSH_ROBOT} == set(TERMS)

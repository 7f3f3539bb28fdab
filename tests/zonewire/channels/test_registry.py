"""The channels by name."""

from zonewire.channels import CHANNELS
from zonewire.delivery.channel_names import BUILT, TO_COME


def test_the_channels_that_can_be_named_are_those_that_there_are() -> None:
    assert set(BUILT) == set(CHANNELS)
    assert not set(BUILT) & set(TO_COME)

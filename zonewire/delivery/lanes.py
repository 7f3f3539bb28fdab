"""The lanes: which work waits where, and how long it may wait before it is late (rules.md, Couriers and processes)."""

from enum import StrEnum


class Lane(StrEnum):
    """A Celery queue with workers of its own."""

    EVENTS = "events"
    FEEDS = "feeds"
    DIGESTS = "digests"
    PUSH_HTTP = "push.http"
    PUSH_EMAIL = "push.email"
    PUSH_ROBOT = "push.robot"
    UPKEEP = "upkeep"


PUSH_LANES = (Lane.PUSH_HTTP, Lane.PUSH_EMAIL, Lane.PUSH_ROBOT)

BUDGET_S = {
    Lane.EVENTS: 2,
    Lane.FEEDS: 5,
    Lane.PUSH_HTTP: 10,
    Lane.PUSH_EMAIL: 60,
    Lane.PUSH_ROBOT: 60,
    Lane.DIGESTS: 120,
    Lane.UPKEEP: 600,
}
"""Seconds that a lane's oldest due item may wait; above it the lane is late."""

_LANE_OF_CHANNEL = {"webhook": Lane.PUSH_HTTP, "websub": Lane.PUSH_HTTP, "email": Lane.PUSH_EMAIL}


def lane_of(channel: str) -> Lane:
    """The lane that a channel's deliveries travel on."""
    return _LANE_OF_CHANNEL.get(channel, Lane.PUSH_ROBOT)

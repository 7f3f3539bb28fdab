"""Pictures: one on which all is well, and one for each symptom."""

from dataclasses import replace
from typing import Any

from zonewire.alarms import LaneSeen, Picture, Surroundings, Tries
from zonewire.alarms.symptoms import GIBIBYTE, MEBIBYTE
from zonewire.delivery.lanes import Lane

DAY_S = 86_400.0

WELL = Picture(
    lanes={lane: LaneSeen(lane=lane, came_in=500, went_out=501) for lane in Lane},
    tries={"email": Tries(100, 3), "wecom": Tries(9, 9)},  # too few to say
    beat_s=1.0,
    write_s=0.004,
    tokens_refused={"wx1": 0},
    certificate_s=60 * DAY_S,
    around=Surroundings(disk_free=50 * GIBIBYTE, disk_size=100 * GIBIBYTE, is_broker_up=True),
)


def on_lane(lane: Lane, **seen: Any) -> Picture:
    """All is well but this lane."""
    return replace(WELL, lanes={**WELL.lanes, lane: replace(WELL.lanes[lane], **seen)})


def around(**seen: Any) -> Picture:
    """All is well but what is around."""
    return replace(WELL, around=replace(WELL.around, **seen))


EACH = {
    ("article-not-out", "events"): on_lane(Lane.EVENTS, waiting=1, age_s=61.0),
    ("deliveries-late", "push.email"): on_lane(Lane.PUSH_EMAIL, waiting=9, age_s=61.0),
    ("digest-missed", "digests"): on_lane(Lane.DIGESTS, waiting=4, age_s=601.0),
    ("dead-letters-growing", "push.http"): on_lane(Lane.PUSH_HTTP, died=10),
    ("queue-not-draining", "push.http"): on_lane(Lane.PUSH_HTTP, waiting=101, came_in=7, went_out=7),
    ("no-workers", "feeds"): on_lane(Lane.FEEDS, workers=0),
    ("lane-paused", "push.robot"): on_lane(Lane.PUSH_ROBOT, paused_s=3_601.0, age_s=9_999.0, waiting=200),
    ("channel-failing", "email"): replace(WELL, tries={"email": Tries(10, 6)}),
    ("token-invalid", "wx1"): replace(WELL, tokens_refused={"wx1": 40164}),
    ("beat-gone", ""): replace(WELL, beat_s=61.0),
    ("broker-gone", ""): around(is_broker_up=False),
    ("database-slow", ""): replace(WELL, write_s=1.1),
    ("disk-nearly-full", ""): around(disk_free=GIBIBYTE - 1),
    ("certificate-expires", ""): replace(WELL, certificate_s=13 * DAY_S),
}
"""By what is seen in it, a picture with one thing wrong."""

LAST = {
    ("disk-nearly-full", "last"): around(disk_free=256 * MEBIBYTE - 1),
    ("certificate-expires", "last"): replace(WELL, certificate_s=1.9 * DAY_S),
}
"""With the milder form of the same beside it."""

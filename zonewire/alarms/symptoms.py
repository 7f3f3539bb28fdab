"""The symptoms, each a small function over one picture, and how long it must be there before it counts.

The same as in config/deploy/prometheus/rules.yml, with the same names, thresholds and patience; a test compares them.
Pure: no database, no clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from zonewire.alarms.picture import LaneSeen, Picture
from zonewire.delivery.lanes import PUSH_LANES, Lane

MEBIBYTE, GIBIBYTE = 1024**2, 1024**3
DAY_S = 86_400

NOT_OUT_S, MISSED_S = 60, 600
FEWEST_TRIES, FAILING_SHARE, TRIES_MINUTES = 10, 0.5, 30
FEWEST_DEAD, DEAD_MINUTES = 10, 60
FEWEST_WAITING, FLOW_MINUTES = 100, 15
FORGOTTEN_S = 3_600
BEAT_S = 60.0
SLOW_WRITE_S, WRITE_MINUTES = 1.0, 5
LITTLE_DISK, NO_DISK = GIBIBYTE, 256 * MEBIBYTE
CERTIFICATE_DAYS, CERTIFICATE_LAST_DAYS = 14, 2

LAST = "last"
"""What an alarm is about that has a milder form: its last, which wakes somebody."""

Detail = dict[str, int | float | str]
Found = dict[str, Detail]
"""What was seen, by what it is about: a lane, a channel, an account; "" where there is one alone."""


class Alarm(StrEnum):
    """Their names: anchors of docs/operators/runbook.md."""

    DELIVERIES_LATE = "deliveries-late"
    ARTICLE_NOT_OUT = "article-not-out"
    DIGEST_MISSED = "digest-missed"
    DEAD_LETTERS_GROWING = "dead-letters-growing"
    QUEUE_NOT_DRAINING = "queue-not-draining"
    CHANNEL_FAILING = "channel-failing"
    NO_WORKERS = "no-workers"
    LANE_PAUSED = "lane-paused"
    BEAT_GONE = "beat-gone"
    BROKER_GONE = "broker-gone"
    DATABASE_SLOW = "database-slow"
    DISK_NEARLY_FULL = "disk-nearly-full"
    CERTIFICATE_EXPIRES = "certificate-expires"
    TOKEN_INVALID = "token-invalid"  # noqa: S105  # a symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One of them."""

    name: Alarm
    judge: Callable[[Picture], Found]
    lasts_s: int  # so long it must be there before it counts
    gone_s: int = 60  # so long it must be away before it is over
    wakes: bool = True  # else it waits for the morning
    follows: tuple[Alarm, ...] = ()  # while one of these is on nobody is told of it: it follows from that
    follows_on_lane: tuple[Alarm, ...] = ()  # the same, where it is about the same lane


Key = tuple[Alarm, str]


def judge(picture: Picture) -> dict[Key, tuple[Symptom, Detail]]:
    """What is seen in *picture*, however long it has been there, the worst first."""
    return {
        (symptom.name, about): (symptom, detail)
        for symptom in SYMPTOMS
        for about, detail in symptom.judge(picture).items()
    }


def symptom_of(name: str, about: str) -> Symptom:
    """The symptom of an alarm that is kept."""
    same = [symptom for symptom in SYMPTOMS if symptom.name == name]
    return next((symptom for symptom in same if symptom.wakes == (about == LAST)), same[0])


def is_explained(symptom: Symptom, about: str, on: Mapping[tuple[str, str], object]) -> bool:
    """Whether an alarm of *on* is why, so that nobody needs to hear of this one."""
    if about != LAST and (symptom.name, LAST) in on:
        return True
    causes = any(name in symptom.follows for name, _ in on)
    return causes or any((name, about) in on for name in symptom.follows_on_lane)


# --- lanes -----------------------------------------------------------------------------------------------------------


def _not_out(picture: Picture) -> Found:
    seen = [picture.lanes[lane] for lane in (Lane.EVENTS, Lane.FEEDS)]
    return {one.lane.value: _age(one) for one in seen if one.paused_s is None and one.age_s > NOT_OUT_S}


def _late(picture: Picture) -> Found:
    seen = [picture.lanes[lane] for lane in PUSH_LANES]
    return {one.lane.value: _age(one) for one in seen if one.paused_s is None and one.age_s > one.budget_s}


def _missed(picture: Picture) -> Found:
    one = picture.lanes[Lane.DIGESTS]
    return {one.lane.value: _age(one)} if one.paused_s is None and one.age_s > MISSED_S else {}


def _not_draining(picture: Picture) -> Found:
    return {
        one.lane.value: _age(one) | {"came_in": one.came_in, "went_out": one.went_out}
        for one in picture.lanes.values()
        if one.paused_s is None and one.waiting > FEWEST_WAITING and one.went_out <= one.came_in
    }


def _age(one: LaneSeen) -> Detail:
    return {"waiting": one.waiting, "age_s": round(one.age_s), "budget_s": one.budget_s}


def _no_workers(picture: Picture) -> Found:
    return {one.lane.value: {"waiting": one.waiting} for one in picture.lanes.values() if not one.workers}


def _forgotten(picture: Picture) -> Found:
    return {
        one.lane.value: {"waiting": one.waiting, "paused_s": round(one.paused_s)}
        for one in picture.lanes.values()
        if one.paused_s is not None and one.paused_s > FORGOTTEN_S
    }


# --- what is sent ----------------------------------------------------------------------------------------------------


def _dead(picture: Picture) -> Found:
    return {one.lane.value: {"n": one.died} for one in picture.lanes.values() if one.died >= FEWEST_DEAD}


def _failing(picture: Picture) -> Found:
    return {
        channel: {"failed": tries.failed, "all": tries.all}
        for channel, tries in sorted(picture.tries.items())
        if tries.all >= FEWEST_TRIES and tries.failed > tries.all * FAILING_SHARE
    }


def _refused(picture: Picture) -> Found:
    return {account: {"code": code} for account, code in sorted(picture.tokens_refused.items()) if code}


# --- what is around --------------------------------------------------------------------------------------------------


def _beat(picture: Picture) -> Found:
    if not (picture.lanes[Lane.DIGESTS].workers or picture.lanes[Lane.UPKEEP].workers):
        return {}  # nobody is there to be hinted
    if picture.beat_s is None or picture.beat_s > BEAT_S:
        return {"": {} if picture.beat_s is None else {"age_s": round(picture.beat_s)}}
    return {}


def _broker(picture: Picture) -> Found:
    return {"": {}} if picture.around.is_broker_up is False else {}


def _database(picture: Picture) -> Found:
    took = picture.write_s
    return {"": {"took_s": round(took, 1)}} if took is not None and took > SLOW_WRITE_S else {}


def _disk(about: str, least: int) -> Callable[[Picture], Found]:
    def judged(picture: Picture) -> Found:
        free, size = picture.around.disk_free, picture.around.disk_size
        if free is None or size is None or free >= least:
            return {}
        return {about: {"free_mib": free // MEBIBYTE, "size_mib": size // MEBIBYTE}}

    return judged


def _certificate(about: str, days: int) -> Callable[[Picture], Found]:
    def judged(picture: Picture) -> Found:
        left = picture.certificate_s
        return {} if left is None or left >= days * DAY_S else {about: {"n": max(0, int(left // DAY_S))}}

    return judged


_CAUSES = (Alarm.DATABASE_SLOW, Alarm.BROKER_GONE)

SYMPTOMS = (
    Symptom(name=Alarm.DISK_NEARLY_FULL, judge=_disk(LAST, NO_DISK), lasts_s=120),
    Symptom(name=Alarm.DATABASE_SLOW, judge=_database, lasts_s=120, gone_s=300),
    Symptom(name=Alarm.BROKER_GONE, judge=_broker, lasts_s=120),
    Symptom(name=Alarm.NO_WORKERS, judge=_no_workers, lasts_s=120),
    Symptom(
        name=Alarm.ARTICLE_NOT_OUT,
        judge=_not_out,
        lasts_s=120,
        follows=_CAUSES,
        follows_on_lane=(Alarm.NO_WORKERS,),
    ),
    Symptom(
        name=Alarm.DELIVERIES_LATE,
        judge=_late,
        lasts_s=300,
        gone_s=300,
        follows=_CAUSES,
        follows_on_lane=(Alarm.NO_WORKERS,),
    ),
    Symptom(
        name=Alarm.DIGEST_MISSED,
        judge=_missed,
        lasts_s=120,
        follows=_CAUSES,
        follows_on_lane=(Alarm.NO_WORKERS,),
    ),
    Symptom(name=Alarm.CHANNEL_FAILING, judge=_failing, lasts_s=600, gone_s=600),
    Symptom(name=Alarm.TOKEN_INVALID, judge=_refused, lasts_s=900),
    Symptom(name=Alarm.CERTIFICATE_EXPIRES, judge=_certificate(LAST, CERTIFICATE_LAST_DAYS), lasts_s=600),
    Symptom(
        name=Alarm.QUEUE_NOT_DRAINING,
        judge=_not_draining,
        lasts_s=1_800,
        wakes=False,
        follows=_CAUSES,
        follows_on_lane=(Alarm.NO_WORKERS,),
    ),
    Symptom(name=Alarm.DEAD_LETTERS_GROWING, judge=_dead, lasts_s=300, wakes=False),
    Symptom(name=Alarm.DISK_NEARLY_FULL, judge=_disk("", LITTLE_DISK), lasts_s=1_800, wakes=False),
    Symptom(name=Alarm.CERTIFICATE_EXPIRES, judge=_certificate("", CERTIFICATE_DAYS), lasts_s=3_600, wakes=False),
    Symptom(name=Alarm.LANE_PAUSED, judge=_forgotten, lasts_s=300, wakes=False),
    Symptom(name=Alarm.BEAT_GONE, judge=_beat, lasts_s=300, wakes=False, follows=_CAUSES),
)
"""The worst first."""

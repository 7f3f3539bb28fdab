"""What is a symptom, and what is none."""

from dataclasses import replace

import pytest

from tests.zonewire.alarms.pictures import EACH, LAST, WELL, around, on_lane
from zonewire.alarms import Alarm, Picture, judge
from zonewire.delivery.lanes import Lane
from zonewire.rendering.translation import LOCALES, words


@pytest.mark.parametrize(("key", "picture"), EACH.items(), ids=[name for name, _ in EACH])
def test_each_symptom_is_seen_and_nothing_else(key: tuple[str, str], picture: Picture) -> None:
    assert set(judge(picture)) == {key}


@pytest.mark.parametrize(("key", "picture"), LAST.items(), ids=[name for name, _ in LAST])
def test_at_the_last_both_forms_are_seen(key: tuple[str, str], picture: Picture) -> None:
    assert list(judge(picture)) == [key, (key[0], "")]


def test_there_is_a_picture_for_each_alarm() -> None:
    assert {name for name, _ in EACH} == set(Alarm)


def test_nothing_is_seen_where_all_is_well_or_nothing_is_known() -> None:
    unknown = replace(WELL, beat_s=1, write_s=None, certificate_s=None, around=around(is_broker_up=None).around)
    assert judge(WELL) == {}
    assert judge(unknown) == {}


def test_a_paused_lane_is_late_on_purpose() -> None:
    assert judge(on_lane(Lane.PUSH_EMAIL, paused_s=60.0, age_s=9_999.0, waiting=5_000, went_out=0)) == {}


def test_beat_is_not_missed_where_nobody_is_there_to_be_hinted() -> None:
    dead = {lane: replace(seen, workers=0) for lane, seen in WELL.lanes.items()}
    assert {name for name, _ in judge(replace(WELL, lanes=dead, beat_s=9_999.0))} == {"no-workers"}


def test_a_beat_that_never_hinted_anybody_is_missed() -> None:
    assert set(judge(replace(WELL, beat_s=None))) == {("beat-gone", "")}


def test_every_alarm_has_its_words_in_every_language() -> None:
    for locale in LOCALES:
        sentences = words(locale).sentences
        assert all(f"alarms.{name}.{key}" in sentences for name in Alarm for key in ("title", "says", "to_do"))

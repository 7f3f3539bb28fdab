"""What is kept of symptoms: they begin once they have lasted, and end once they have been away."""

from collections.abc import Iterator
from itertools import product
from typing import cast

import orjson
import pytest
from sqlalchemy import Connection, delete, func, insert, select

from tests.builders import NOON, an_endpoint
from tests.zonewire.alarms.pictures import EACH, LAST, WELL, on_lane
from zonewire.alarms import SYMPTOMS, Kept, Known, Picture, judge, keep, on_now, receivers, said, tell, untell
from zonewire.alarms.symptoms import symptom_of
from zonewire.alarms.turns import hold, take, watched
from zonewire.delivery.lanes import Lane
from zonewire.errors import WrongUsage
from zonewire.rendering.translation import LOCALES, words
from zonewire.store import SECOND, now
from zonewire.store.tables import alarms

EVERY_S = 15


def looks(
    db: Connection, picture: Picture, *, since_s: int = 0, up_to_s: int, every_s: int = EVERY_S
) -> Iterator[tuple[int, Kept]]:
    """Look every so many seconds."""
    for at_s in range(since_s, up_to_s + 1, every_s):
        yield at_s, keep(db, judge(picture), now=NOON + at_s * SECOND)


def names(kept: list[tuple[int, Kept]]) -> list[tuple[int, str, str]]:
    """When something began or ended."""
    return [
        (at_s, what, one.name)
        for at_s, look in kept
        for what, some in (("begins", look.begun), ("ends", look.ended))
        for one in some
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the others run on both
@pytest.mark.parametrize(("key", "picture"), [*EACH.items(), *LAST.items()], ids=[":".join(k) for k in [*EACH, *LAST]])
def test_each_begins_once_when_it_has_lasted_and_ends_once(
    db: Connection, key: tuple[str, str], picture: Picture
) -> None:
    symptom = symptom_of(*key)
    gone_s = symptom.lasts_s + 60
    seen = [
        *looks(db, picture, up_to_s=gone_s - 60, every_s=60),
        *looks(db, WELL, since_s=gone_s, up_to_s=gone_s + 900, every_s=60),
    ]
    mine = [one for one in names(seen) if one[2] == key[0]]
    assert mine == [(symptom.lasts_s, "begins", key[0]), (gone_s + symptom.gone_s, "ends", key[0])]


def test_what_comes_and_goes_is_never_told(db: Connection) -> None:
    bad = EACH["broker-gone", ""]
    flapping = [
        one
        for n in range(20)
        for one in looks(db, WELL if n % 4 == 3 else bad, since_s=n * EVERY_S, up_to_s=n * EVERY_S)
    ]
    assert names(flapping) == []
    assert db.execute(select(func.count()).select_from(alarms)).scalar_one() == 0


def test_what_is_away_for_a_moment_goes_on(db: Connection) -> None:
    bad = EACH["broker-gone", ""]
    list(looks(db, bad, up_to_s=150))
    list(looks(db, WELL, since_s=165, up_to_s=195))
    assert names(list(looks(db, bad, since_s=210, up_to_s=400))) == []
    assert [one.since for one in on_now(db, words("en"))] == [NOON]


def test_what_nobody_looked_at_meanwhile_has_not_lasted(db: Connection) -> None:
    list(looks(db, EACH["broker-gone", ""], up_to_s=15))
    assert names(list(looks(db, EACH["broker-gone", ""], since_s=7_200, up_to_s=7_300))) == []


def test_what_follows_from_a_cause_is_not_told_beside_it(db: Connection) -> None:
    both = on_lane(Lane.PUSH_EMAIL, workers=0, waiting=500, age_s=900.0, went_out=0)
    assert names(list(looks(db, both, up_to_s=3_600))) == [(120, "begins", "no-workers")]
    only_late = on_lane(Lane.PUSH_EMAIL, waiting=400, age_s=900.0, went_out=900)
    told = names(list(looks(db, only_late, since_s=3_615, up_to_s=3_700)))
    assert told == [(3_675, "ends", "no-workers"), (3_690, "begins", "deliveries-late")]


def test_the_worst_stands_first_and_has_its_words(db: Connection) -> None:
    list(looks(db, EACH["lane-paused", "push.robot"], up_to_s=300))
    list(looks(db, on_lane(Lane.PUSH_ROBOT, paused_s=3_700.0, workers=0), since_s=315, up_to_s=450))
    for locale in LOCALES:
        assert [one.name for one in on_now(db, words(locale))] == ["no-workers", "lane-paused"]
    first = on_now(db, words("en"))[0]
    assert (first.about, first.since, first.wakes) == ("push.robot", NOON + 315 * SECOND, True)
    assert (first.title, first.sentence) == ("Nobody works: robots", "The lane push.robot has no worker. Waiting: 0.")


def test_where_nobody_can_look_the_console_knows_that_the_database_takes_no_writes(db: Connection) -> None:
    take(db, patience_s=15, now=now(db) - 60 * SECOND)
    assert on_now(db, words("en")) == []
    list(looks(db, LAST["disk-nearly-full", "last"], up_to_s=150))
    take(db, patience_s=15, now=now(db) + 600 * SECOND)
    hold(db, cast("int", watched(db)), for_s=0, now=(last := now(db) - 200 * SECOND))
    assert [one.name for one in on_now(db, words("en"))] == ["disk-nearly-full"]  # which is why
    db.execute(delete(alarms))
    (one,) = on_now(db, words("en"))
    assert (one.title, one.sentence) == ("The database is slow", "The database takes no writes.")
    assert 0 <= last - one.since < SECOND


def test_rows_of_another_release_break_nothing(db: Connection) -> None:
    list(looks(db, EACH["lane-paused", "push.robot"], up_to_s=300))
    like_it = {"began_at": NOON, "seen_at": NOON, "is_told": True}
    told = {"told": {"7": {"began": True, "by_voice": True}}}
    for name, about, detail in (
        ("of-tomorrow", "", {}),
        ("beat-gone", "last", told),
        ("dead-letters-growing", "x", {}),
    ):
        row = {"name": name, "about": about, "detail": orjson.dumps(detail).decode()}
        db.execute(insert(alarms).values(row | like_it))
    for locale in LOCALES:
        assert {one.name for one in on_now(db, words(locale))} == {"lane-paused", "beat-gone", "dead-letters-growing"}
    assert "Dead letters are growing: x" in {one.sentence for one in on_now(db, words("en"))}
    list(looks(db, WELL, since_s=315, up_to_s=1_500))
    assert on_now(db, words("en")) == []
    assert db.execute(select(alarms.c.name).where(alarms.c.ended_at.is_(None))).scalars().all() == ["of-tomorrow"]


def test_every_alarm_can_be_said_though_its_row_does_not_say_what_was_seen() -> None:
    for locale, symptom, about in product(LOCALES, SYMPTOMS, ("", "last", "feeds")):
        text = said([Known(id=1, name=symptom.name, about=about, began_at=NOON, seen_at=NOON)], words(locale))
        assert all((text.title, *text.sentences, text.by_itself, text.to_do))


def test_receivers_come_and_go(db: Connection) -> None:
    ident = an_endpoint(db, channel="email")
    tell(db, ident, locale="en", now=NOON)
    tell(db, ident, locale="zh-CN", now=NOON)
    assert [(one.endpoint_id, one.locale, one.is_on) for one in receivers(db)] == [(ident, "zh-CN", True)]
    assert untell(db, ident)
    assert not untell(db, ident)
    with pytest.raises(WrongUsage, match="carries no alarms"):
        tell(db, an_endpoint(db, channel="indexnow"), locale="en", now=NOON)


def test_a_symptom_never_needs_longer_to_end_than_a_quarter_of_an_hour() -> None:
    assert max(symptom.gone_s for symptom in SYMPTOMS) <= 900

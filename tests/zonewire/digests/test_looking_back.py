"""What a filter would have brought: the count of the last days, and the digest that would have come last."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from tests.builders import DAY, NOON, a_version, an_article
from tests.zonewire.digests.reading import HOUR
from tests.zonewire.subscriptions.requests import a_request
from zonewire.digests import LookBack, Occasion, look_back, looking_back, sample_edition
from zonewire.filters import Filter
from zonewire.rendering.portal import Portal

EIGHT = NOON - 4 * HOUR


def looked(db: Connection, wanted: Filter, **over: Any) -> LookBack:
    asked = replace(a_request(channel="email", **over), wanted=wanted)
    return look_back(db, asked, now=NOON)


def numbers(look: LookBack) -> list[int]:
    return [one.number for one in look.stories]


def test_it_counts_what_passes_and_stands_of_the_last_thirty_days(db: Connection) -> None:
    gone = an_article(city="泰州")
    for age, city in ((31, "泰州"), (29, "泰州"), (2, "苏州"), (1, "泰州")):
        a_version(db, an_article(city=city), accepted_at=NOON - age * DAY)
    a_version(db, gone, accepted_at=NOON - DAY)
    a_version(db, gone, withdrawn=True, accepted_at=NOON - DAY)

    look = looked(db, Filter(cities=("泰州",)))

    assert (look.count, look.is_all) == (2, True)


def test_an_article_that_changed_counts_once(db: Connection) -> None:
    article = an_article()
    for age in (3, 2):
        a_version(db, article, accepted_at=NOON - age * DAY)

    assert looked(db, Filter()).count == 1


def test_words_are_found_in_any_width_case_and_script(db: Connection) -> None:
    a_version(db, an_article(title="ＡＩ 汽車產業園"), accepted_at=NOON - DAY)

    assert looked(db, Filter(keywords=("汽车产业园",))).count == 1
    assert looked(db, Filter(keywords=("ai",))).count == 1


def test_the_digest_shown_is_the_last_that_had_something_in_it(db: Connection) -> None:
    a_version(db, accepted_at=EIGHT - 7 * DAY)
    early = a_version(db, accepted_at=EIGHT - 6 * DAY)
    late = a_version(db, accepted_at=EIGHT - 5 * DAY - 1)

    look = looked(db, Filter())

    assert look.due_at == EIGHT - 5 * DAY
    assert set(numbers(look)) == {early.number, late.number}


def test_what_has_come_since_is_shown_as_the_next_one_so_far(db: Connection) -> None:
    fresh = a_version(db, accepted_at=NOON - HOUR)

    look = looked(db, Filter())

    assert (look.due_at, numbers(look)) == (EIGHT + DAY, [fresh.number])
    assert looked(db, Filter(cities=("合肥",))).due_at is None


def test_a_weekly_one_holds_a_week_and_instant_news_is_shown_as_a_day(db: Connection) -> None:
    monday = EIGHT - 3 * DAY
    held = [a_version(db, accepted_at=monday - age * DAY) for age in (6, 1)]

    weekly = looked(db, Filter(), cadence="weekly")
    assert (weekly.due_at, numbers(weekly)) == (monday, [one.number for one in held])
    assert numbers(looked(db, Filter(), cadence="instant")) == [held[1].number]


def test_more_than_are_looked_at_is_said(db: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(looking_back, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(looking_back, "AT_ONCE", 2)
    for _ in range(5):
        a_version(db, accepted_at=NOON - DAY)

    look = looked(db, Filter())

    assert (look.is_all, look.count >= 3) == (False, True)


def test_the_sample_is_a_mail_of_that_day(db: Connection) -> None:
    a_version(db, an_article(title="样稿"), accepted_at=EIGHT - HOUR)
    occasion = Occasion(
        filter_id=0, locale="en", template="digest", made_at=0, base_url="https://w.example", portal=Portal(), sender=""
    )

    edition = sample_edition(looked(db, Filter()), Filter(cities=("泰州",)), occasion)

    assert edition is not None
    assert edition.subject == "样稿"
    assert "Thursday 11 June" in edition.text
    assert "city: 泰州" in edition.text
    assert sample_edition(looked(db, Filter(cities=("合肥",))), Filter(), occasion) is None

"""A filter's document that is kept: it stands only while it is what would be made anew."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.builders import NOON, a_version, an_article
from tests.examples import examples
from zonewire.feeds import Catalogue, Filtered, Format, Making, brought_up, filtered, filtered_document, private_cover
from zonewire.filters import Filter
from zonewire.store import SECOND, Store

COVER = private_cover("s1", "t" * 32, Format.JSON, said="城市：泰州", language="zh-CN")
TAIZHOU = Filter(cities=("泰州",))

SELDOM = st.sampled_from([False, False, True])
# Which article, whether it passes, whether it goes, how long before its acceptance it was published.
NEWS = st.tuples(st.integers(0, 7), SELDOM, SELDOM, st.integers(0, 3))
ROUNDS = st.lists(st.lists(NEWS, min_size=1, max_size=2), min_size=3, max_size=10)


def accept(db: Connection, name: object, *, passing: bool, withdrawn: bool = False, age_s: int = 0) -> None:
    guid, city = f"https://portal.example/{name}", "泰州" if passing else "苏州"
    a_version(db, an_article(guid=guid, city=city, published_at=NOON - age_s * SECOND), withdrawn=withdrawn)


def made(db: Connection, *, most: int = 2) -> Filtered:
    return filtered_document(db, TAIZHOU, COVER, making=Making("https://wire.example", Catalogue(entries=most)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=ROUNDS, most=st.integers(1, 3), old=st.integers(2, 8))
def test_what_stands_is_what_would_be_made_anew(
    store: Store, rounds: list[list[tuple[int, bool, bool, int]]], most: int, old: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, store._writer.connect() as db:  # nothing is committed
        patch.setattr(filtered, "LOOKED_AT", 4)
        patch.setattr(filtered, "AT_ONCE", 2)
        patch.setattr(filtered, "LOOKED_THROUGH", 3)
        for n in range(old):
            accept(db, n, passing=n % 3 == 0)
        kept = made(db, most=most)
        for news in rounds:
            for name, passing, withdrawn, age_s in news:
                accept(db, name, passing=passing, withdrawn=withdrawn, age_s=age_s)
            stands, anew = brought_up(db, kept, TAIZHOU), made(db, most=most)
            event("stands" if stands else "made anew")
            assert stands is None or stands.document == anew.document
            kept = stands or anew


def test_news_for_others_leaves_a_document_as_it_is(db: Connection) -> None:
    accept(db, "ours", passing=True)
    accept(db, "theirs", passing=False)
    kept = made(db)
    assert brought_up(db, kept, TAIZHOU) is kept

    accept(db, "another", passing=False)
    accept(db, "theirs", passing=False, withdrawn=True)
    stands = brought_up(db, kept, TAIZHOU)

    assert stands == replace(kept, up_to=4, room=kept.room - 2)
    assert stands.document is kept.document
    assert brought_up(db, stands, TAIZHOU) is stands


@pytest.mark.parametrize(
    ("name", "passing", "withdrawn"),
    [
        ("new", True, False),
        ("ours", True, False),  # an update
        ("ours", False, False),  # it moves away
        ("ours", True, True),
        ("theirs", True, False),  # it passes only now
        ("gone", True, False),  # it is published again
    ],
)
def test_what_concerns_a_document_makes_it_anew(
    db: Connection,
    name: str,
    passing: bool,  # noqa: FBT001
    withdrawn: bool,  # noqa: FBT001
) -> None:
    accept(db, "ours", passing=True)
    accept(db, "theirs", passing=False)
    accept(db, "gone", passing=True)
    accept(db, "gone", passing=True, withdrawn=True)
    kept = made(db)

    accept(db, name, passing=passing, withdrawn=withdrawn)

    assert brought_up(db, kept, TAIZHOU) is None


def test_a_version_that_another_has_replaced_is_not_asked(db: Connection) -> None:
    kept = made(db)
    accept(db, "brief", passing=True)
    accept(db, "brief", passing=True, withdrawn=True)
    assert brought_up(db, kept, TAIZHOU) == replace(kept, up_to=2, room=kept.room - 2)


def test_after_much_news_nothing_is_looked_through(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filtered, "LOOKED_THROUGH", 3)
    kept = made(db)
    for n in range(3):
        accept(db, n, passing=False)
    assert brought_up(db, kept, TAIZHOU) is not None
    accept(db, 3, passing=False)
    assert brought_up(db, kept, TAIZHOU) is None


def test_what_falls_out_of_the_looked_at_and_what_comes_in_are_seen(
    db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered, "LOOKED_AT", 3)
    monkeypatch.setattr(filtered, "AT_ONCE", 3)
    accept(db, "ours", passing=True)
    accept(db, "a", passing=False)
    kept = made(db)
    accept(db, "b", passing=False)
    stands = brought_up(db, kept, TAIZHOU)
    assert stands is not None  # the last of three
    accept(db, "c", passing=False)
    assert brought_up(db, stands, TAIZHOU) is None
    without = made(db)
    assert without.carried == frozenset()

    accept(db, "c", passing=False, withdrawn=True)

    assert brought_up(db, without, TAIZHOU) is None
    assert len(made(db).carried) == 1

"""Interning: equal filters are one row."""

import threading

import pytest
from sqlalchemy import Connection, func, select

from zonewire.filters import Filter, filter_of, intern, intern_many, parse_written
from zonewire.store import Store
from zonewire.store.tables import filter_terms, filters

SAME = [
    Filter(cities=("泰州", "苏州"), keywords=("開發區",), not_zones=("KEZ",)),
    Filter(cities=("苏州 ", "泰州", "泰州"), keywords=("开发区",), not_zones=("ｋｅｚ",)),
]


def rows(db: Connection) -> int:
    return db.execute(select(func.count()).select_from(filters)).scalar_one()


def test_equal_filters_are_one_row_however_they_are_written(db: Connection) -> None:
    assert intern(db, SAME[0]) == intern(db, SAME[1])
    assert rows(db) == 1


def test_equal_filters_are_one_row_in_bulk_too(db: Connection) -> None:
    ids = intern_many(db, [*SAME, Filter(), Filter(cities=("泰州",)), *SAME])
    assert len(ids) == 4
    assert ids[SAME[0]] == ids[SAME[1]]
    assert rows(db) == 3
    assert intern_many(db, list(ids)) == ids
    assert rows(db) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Filter(cities=("泰州",)), Filter(zones=("泰州",))),
        (Filter(cities=("泰州",)), Filter(not_cities=("泰州",))),
        (Filter(keywords=("a", "b")), Filter(keywords=("a b",))),
        (Filter(cities=("東莞",)), Filter(cities=("东莞",))),  # only keywords fold traditional characters
    ],
)
def test_different_filters_stay_apart(db: Connection, one: Filter, other: Filter) -> None:
    assert intern(db, one) != intern(db, other)


def test_terms_are_folded_and_counted(db: Connection) -> None:
    filter_id = intern(db, SAME[1])
    terms = db.execute(select(filter_terms).order_by(filter_terms.c.dimension, filter_terms.c.value)).all()
    assert {tuple(row) for row in terms} == {
        ("city", "泰州", filter_id),
        ("city", "苏州", filter_id),
        ("keyword", "开发区", filter_id),
        ("not_zone", "kez", filter_id),
    }
    assert db.execute(select(filters.c.wanted)).scalar_one() == 2


def test_a_filter_is_shown_as_it_was_first_written(db: Connection) -> None:
    for one in SAME:
        intern(db, one)
    written = parse_written(db.execute(select(filters.c.written)).scalar_one())
    assert written == {"city": ["泰州", "苏州"], "keyword": ["開發區"], "not_zone": ["KEZ"]}
    assert filter_of(written) == SAME[0]


def test_a_thousand_filters_take_a_handful_of_statements(db: Connection) -> None:
    ids = intern_many(db, [Filter(keywords=(f"词{n}",)) for n in range(1_000)])
    assert len(set(ids.values())) == 1_000


def test_two_transactions_that_make_the_same_filter_agree(store: Store) -> None:
    found: list[int] = []

    def make() -> None:
        with store.writing() as db:
            found.append(intern(db, SAME[len(found) % 2]))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_filter_of_very_many_values_is_found_again(db: Connection) -> None:
    long = Filter(cities=tuple(f"第{n}开发区" for n in range(1_000)), keywords=("汽车",))

    first = intern(db, long)

    assert intern(db, Filter(cities=long.cities[::-1], keywords=long.keywords)) == first
    assert intern(db, Filter(cities=long.cities[1:], keywords=long.keywords)) != first
    assert len(long.key) < 100
    assert db.execute(select(func.count()).where(filter_terms.c.filter_id == first)).scalar_one() == 1_001

"""Slugs: given once, unique per kind, the folded value being the identity."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.statements import counted
from zonewire.articles import slug_for, slugs_for
from zonewire.articles.slugs import MAX_LENGTH, plain_slug
from zonewire.store import Store


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("泰州", "taizhou"),
        ("重庆", "chongqing"),
        ("江苏泰州港经济开发区", "jiangsutaizhougangjingjikaifaqu"),
        ("长城 Park 2", "changcheng-park-2"),
        ("São Paulo", "sao-paulo"),
        ("ＡＢＣ", "abc"),
        ("！？", "zone"),
    ],
)
def test_a_slug_says_the_name_in_ascii(name: str, slug: str) -> None:
    assert plain_slug(name, fallback="zone") == slug


@given(st.text(max_size=300))
def test_a_slug_can_stand_in_an_address(name: str) -> None:
    slug = plain_slug(name, fallback="zone")
    assert 0 < len(slug) <= MAX_LENGTH
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug == slug.strip("-")


def test_the_first_to_come_keeps_the_slug_and_the_next_get_numbers(db: Connection) -> None:
    given = [slug_for(db, "city", name) for name in ("泰州", "台州", "Taizhou")]
    assert given == ["taizhou", "taizhou-2", "taizhou-3"]
    assert [slug_for(db, "city", name) for name in ("泰州", "台州", "Taizhou")] == given


def test_names_that_fold_to_the_same_value_are_one(db: Connection) -> None:
    assert slug_for(db, "zone", "ABC 园区") == slug_for(db, "zone", " ａｂｃ  园区 ")


def test_each_kind_has_its_own_slugs(db: Connection) -> None:
    assert slug_for(db, "city", "泰州") == slug_for(db, "zone", "泰州") == "taizhou"


def test_a_number_that_is_a_name_of_its_own_is_passed_over(db: Connection) -> None:
    assert slug_for(db, "zone", "taizhou 2") == "taizhou-2"
    assert slug_for(db, "zone", "泰州") == "taizhou"
    assert slug_for(db, "zone", "台州") == "taizhou-3"


def test_many_new_names_are_given_in_a_handful_of_statements(db: Connection) -> None:
    names = [("zone", f"第{n}开发区") for n in range(100)] + [("zone", "！" * n) for n in range(1, 30)]
    with counted(db) as statements:
        slugs = slugs_for(db, names)
    assert len(set(slugs.values())) == len(names)
    assert len(statements) <= 6
    with counted(db) as statements:
        assert slugs_for(db, names) == slugs
    assert len(statements) == 1


def test_two_transactions_that_name_the_same_thing_agree(store: Store) -> None:
    given: list[str] = []

    def name_it() -> None:
        with store.writing() as db:
            given.append(slug_for(db, "city", "泰州"))

    threads = [threading.Thread(target=name_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == ["taizhou"] * 4

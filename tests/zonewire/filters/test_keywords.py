"""The index of keywords: up to date with what was interned, and rebuilt no more than needed."""

from sqlalchemy import Connection

from zonewire.filters import Filter, KeywordIndex, intern, keyword_index
from zonewire.store import Store


def found(index: KeywordIndex, *fields: str) -> set[str]:
    return index.found_in(fields)


def test_no_keywords_are_found_where_nobody_asks_for_any() -> None:
    assert found(KeywordIndex(frozenset()), "泰州") == set()


def test_keywords_that_overlap_are_all_found() -> None:
    index = KeywordIndex(frozenset({"新能源", "新能源汽车", "能源", "汽车"}))
    assert found(index, "新能源汽车") == {"新能源", "新能源汽车", "能源", "汽车"}


def test_a_keyword_that_once_stands_inside_a_word_and_once_alone_is_found() -> None:
    assert found(KeywordIndex(frozenset({"car"})), "cargo car") == {"car"}
    assert found(KeywordIndex(frozenset({"car"})), "cargo scar") == set()


def test_the_index_knows_wanted_and_excluded_keywords_folded(db: Connection) -> None:
    intern(db, Filter(keywords=("開發區", "ＢＹＤ"), not_keywords=("氢能",), cities=("泰州",)))
    assert keyword_index(db).keywords == {"开发区", "byd", "氢能"}


def test_a_filter_that_comes_later_is_in_the_next_index(store: Store) -> None:
    for words, known in ((("氢能",), {"氢能"}), (("芯片",), {"氢能", "芯片"})):
        with store.writing() as db:
            intern(db, Filter(keywords=words))
        with store.reading() as db:
            assert keyword_index(db).keywords == known


def test_the_automaton_is_kept_while_no_new_keyword_comes(store: Store) -> None:
    with store.writing() as db:
        intern(db, Filter(keywords=("氢能",)))
    with store.reading() as db:
        first = keyword_index(db)
        assert found(first, "氢能") == {"氢能"}
    with store.writing() as db:
        intern(db, Filter(keywords=("氢能",), cities=("泰州",)))
    with store.reading() as db:
        second = keyword_index(db)
    assert second.revision > first.revision
    assert second.__dict__["_automaton"] is first.__dict__["_automaton"]


def test_nothing_is_read_again_while_no_filter_comes(store: Store) -> None:
    with store.writing() as db:
        intern(db, Filter(keywords=("氢能",)))
    with store.reading() as db:
        assert keyword_index(db) is keyword_index(db)

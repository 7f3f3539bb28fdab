"""Matching: the SQL finds just the filters that an article passes."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, literal, select

from tests.builders import an_article
from tests.examples import examples
from tests.plans import plan_of
from tests.zonewire.filters.oracle import matches
from zonewire.articles.model import Article
from zonewire.filters import MATCHING, Filter, facts_of, filter_of, intern, intern_many, keyword_index
from zonewire.store.tables import filter_terms, filters

ZONES = ("泰州港经济开发区", "泰州港經濟開發區", "ＫＥＺ Kunshan", "kez  kunshan", "苏州工业园区", "")
CITIES = ("泰州", "台州", "Taizhou", "TAIZHOU ", "")
SECTIONS = ("开发区新闻", "文字新闻", "Investment News", "investment news")
WORDS = (
    "新能源",
    "新能源汽車",
    "汽车",
    "BYD",
    "byd",
    "AI",
    "MAIN",
    "C++",
    "电 池",
    "乾隆",
    "干",
    "5G",
    "car",
    "cars",
    "カー",
)


WHOLE_TABLE = re.compile(r"SCAN (terms|filters|filter_terms)\b(?!.*INDEX)|Seq Scan on filter")


def any_of(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from([v for v in values if v]), max_size=most).map(tuple)


FILTERS = st.builds(
    Filter,
    zones=any_of(ZONES),
    cities=any_of(CITIES),
    sections=any_of(SECTIONS),
    keywords=any_of(WORDS, 3),
    not_zones=any_of(ZONES, 1),
    not_cities=any_of(CITIES, 1),
    not_sections=any_of(SECTIONS, 1),
    not_keywords=any_of(WORDS, 1),
)
TEXTS = st.lists(st.sampled_from([*WORDS, " ", "，", "-", "园区", "s", "x", "\n\n", "開"]), max_size=8).map("".join)
ARTICLES = st.builds(
    an_article,
    title=TEXTS,
    summary=TEXTS,
    text=TEXTS,
    keywords=st.lists(TEXTS, max_size=2).map(tuple),
    zone=st.sampled_from(ZONES),
    city=st.sampled_from(CITIES),
    section=any_of(SECTIONS, 3),
)


def passed(db: Connection, article: Article) -> set[int]:
    facts = facts_of(article, keyword_index(db))
    return set(db.execute(MATCHING, {"dimensions": facts.dimensions, "values": facts.values}).scalars())


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(FILTERS, min_size=1, max_size=12), articles=st.lists(ARTICLES, min_size=1, max_size=3))
def test_the_statement_says_what_ten_lines_of_python_say(
    db: Connection, wanted: list[Filter], articles: list[Article]
) -> None:
    ids = intern_many(db, wanted)
    for article in articles:
        found = passed(db, article)
        assert {one for one in wanted if ids[one] in found} == {one for one in wanted if matches(one, article)}


def test_an_empty_filter_passes_everything(db: Connection) -> None:
    everything = intern(db, Filter())
    assert passed(db, an_article()) == {everything}
    assert passed(db, Article(guid="g", title="t")) == {everything}


def test_an_exclusion_alone_passes_all_but_what_it_names(db: Connection) -> None:
    not_taizhou = intern(db, Filter(not_cities=("泰州",)))
    assert passed(db, an_article(city="泰州")) == set()
    assert passed(db, an_article(city="苏州")) == {not_taizhou}
    assert passed(db, an_article(city="")) == {not_taizhou}


def test_what_an_article_lacks_fails_an_inclusion(db: Connection) -> None:
    intern(db, Filter(cities=("泰州",)))
    assert passed(db, an_article(city="")) == set()


def test_dimensions_are_all_needed_and_one_value_of_each_is_enough(db: Connection) -> None:
    wanted = intern(db, Filter(cities=("泰州", "苏州"), keywords=("汽车", "电池")))
    assert passed(db, an_article(city="苏州", title="新电池")) == {wanted}
    assert passed(db, an_article(city="苏州", title="园区", summary="", text="", keywords=())) == set()
    assert passed(db, an_article(city="无锡", title="新电池")) == set()


@pytest.mark.parametrize(
    ("keyword", "title", "found"),
    [
        ("AI", "发展AI产业", True),
        ("ai", "ＡＩ产业", True),
        ("AI", "MAIN street", False),
        ("AI", "AI5", False),
        ("AI", "(AI)", True),
        ("开发区", "泰州开发区新闻", True),
        ("開發區", "泰州开发区新闻", True),
        ("开发区", "泰州開發區新聞", True),
        ("乾隆", "乾隆年间", True),
        ("干", "乾杯", True),
        ("A区", "BA区", True),  # it holds a CJK character: a substring
        ("Straße", "Große STRASSE", True),
        ("big car", "a big  car", True),
        ("big car", "big", False),
        ("%", "100 %", True),
    ],
)
def test_keywords_inside_chinese_and_whole_words_elsewhere(
    db: Connection,
    keyword: str,
    title: str,
    found: bool,  # noqa: FBT001
) -> None:
    wanted = intern(db, Filter(keywords=(keyword,)))
    article = an_article(title=title, summary="", text="", keywords=())
    assert passed(db, article) == ({wanted} if found else set())


def test_a_keyword_does_not_span_two_fields(db: Connection) -> None:
    intern(db, Filter(keywords=("新能源", "big car")))
    assert passed(db, an_article(title="创新", summary="能源", text="a big", keywords=("car",))) == set()


@pytest.mark.parametrize("field", ["title", "summary", "text", "keywords"])
def test_keywords_are_looked_for_in_every_text_of_an_article(db: Connection, field: str) -> None:
    wanted = intern(db, Filter(keywords=("氢能",)))
    empty = {"title": "t", "summary": "", "text": "", "keywords": ()}
    said: str | tuple[str, ...] = ("氢能源",) if field == "keywords" else "氢能源"
    assert passed(db, an_article(**{**empty, field: said})) == {wanted}


def test_matching_works_inside_an_insert_from_a_select(db: Connection) -> None:
    wanted, _ = intern(db, Filter(cities=("泰州",))), intern(db, Filter(cities=("苏州",)))
    rows = select(literal("seen"), literal("yes"), filters.c.id).where(filters.c.id.in_(MATCHING))
    facts = facts_of(an_article(), keyword_index(db))
    db.execute(
        insert(filter_terms).from_select(["dimension", "value", "filter_id"], rows),
        {"dimensions": facts.dimensions, "values": facts.values},
    )
    seen = select(filter_terms.c.filter_id).where(filter_terms.c.dimension == "seen")
    assert db.execute(seen).scalars().all() == [wanted]


def test_matching_never_reads_all_filters(db: Connection) -> None:
    many = [
        filter_of({"city": [f"城市{n}"], "zone": [f"园区{n % 50}"] if n % 3 else [], "keyword": [f"词{n % 400}号"]})
        for n in range(6_000)
    ]
    intern_many(db, many)
    db.exec_driver_sql("ANALYZE")
    facts = {"dimensions": ["city", "not_city", "zone"], "values": ["城市7", "城市7", "园区7"]}
    plan = plan_of(db, MATCHING, facts)
    assert [line for line in plan if WHOLE_TABLE.search(line)] == [], "\n".join(plan)

"""Versions: their numbers, their moments, and reading them back."""

from dataclasses import replace

from sqlalchemy import Connection

from tests.builders import NOON, a_version, an_article
from zonewire.articles import Article, address_of, by_numbers, newest, newest_by_id
from zonewire.articles.versions import Draft, digest_of, write_versions


def a_draft(article: Article | None = None, *, version: int = 1) -> Draft:
    article = article or an_article()
    return Draft(
        article_id=1,
        version=version,
        withdrawn=False,
        entry_id=article.guid,
        article=article,
        digest=digest_of(article),
    )


def test_numbers_follow_each_other_from_one(db: Connection) -> None:
    made = write_versions(db, [a_draft(version=1), a_draft(version=2)], now=NOON)
    assert [version.number for version in made] == [1, 2]
    assert [version.number for version in write_versions(db, [a_draft(version=3)], now=NOON)] == [3]


def test_acceptance_rises_with_the_number_also_when_the_clock_jumps_back(db: Connection) -> None:
    first = write_versions(db, [a_draft(version=1), a_draft(version=2)], now=NOON)
    second = write_versions(db, [a_draft(version=3)], now=NOON - 60_000_000)
    assert [version.accepted_at for version in first + second] == [NOON, NOON + 1, NOON + 2]


def test_the_digest_sees_the_content_and_not_when_it_was_touched() -> None:
    article = an_article()
    assert digest_of(article) == digest_of(replace(article, updated_at=NOON))
    assert digest_of(article) != digest_of(replace(article, title="另一个题目"))
    assert digest_of(article) != digest_of(replace(article, city="苏州"))


def test_versions_are_read_back_as_they_were_written(db: Connection) -> None:
    article = an_article()
    first, second = a_version(db, article), a_version(db, replace(article, title="更正"))
    assert newest(db, article.guid) == newest_by_id(db, first.article_id) == second
    assert by_numbers(db, [first.number, second.number, 99]) == {1: first, 2: second}


def test_what_is_not_there_is_none(db: Connection) -> None:
    assert newest(db, "unknown") is None
    assert newest_by_id(db, 1) is None
    assert by_numbers(db, []) == {}


def test_an_article_without_an_address_is_linked_on_our_page(db: Connection) -> None:
    with_one, without = a_version(db), a_version(db, an_article(url=""))
    assert address_of(with_one, "https://wire.example") == with_one.article.url
    assert address_of(without, "https://wire.example") == f"https://wire.example/articles/a{without.article_id}"

"""Accepting events: what becomes of each, and what stands in the database then (rules.md, Intake)."""

from dataclasses import replace

import pytest
from sqlalchemy import Table, func, select, update
from structlog.testing import capture_logs

from tests.builders import an_article
from tests.statements import counted
from tests.zonewire.intake.events import HOST, PAST, a_publication, a_withdrawal
from zonewire.articles import Version, newest
from zonewire.errors import StoreBusy
from zonewire.intake import Accepted, Event, EventType, accept
from zonewire.intake.accept import plan_batch, write_batch
from zonewire.store import Store, tables


def took(store: Store, *events: Event) -> list[Accepted]:
    return accept(store, events, host=HOST)


def results(store: Store, *events: Event) -> list[tuple[str, int]]:
    return [(answer.result.value, answer.version) for answer in took(store, *events)]


def stands(store: Store, guid: str) -> Version:
    with store.reading() as db:
        version = newest(db, guid)
    assert version is not None
    return version


def rows(store: Store, table: Table) -> int:
    with store.reading() as db:
        return db.execute(select(func.count()).select_from(table)).scalar_one()


def test_an_article_is_stored_with_its_version_and_an_outbox_row(store: Store) -> None:
    article = an_article()
    (answer,) = took(store, event := a_publication(article))
    assert answer == Accepted(event.id, article.guid, 1, answer.result)
    assert answer.result == "accepted"
    version = stands(store, article.guid)
    assert (version.number, version.version, version.withdrawn, version.article) == (1, 1, False, article)
    with store.reading() as db:
        assert db.execute(select(tables.outbox.c.number, tables.outbox.c.stage)).all() == [(1, "feeds")]


def test_a_repeated_event_is_a_duplicate_and_answers_as_the_first_did(store: Store) -> None:
    event = a_publication()
    took(store, event)
    took(store, a_publication(replace(event.article or an_article(), title="更正")))
    changed = a_publication(an_article(guid="another"), id=event.id)
    (answer,) = took(store, changed)
    assert (answer.result, answer.guid, answer.version) == ("duplicate", event.guid, 1)
    assert rows(store, tables.versions) == 2
    assert rows(store, tables.articles) == 1


def test_a_duplicate_inside_one_batch_is_found(store: Store) -> None:
    event = a_publication()
    assert results(store, event, event, a_publication()) == [("accepted", 1), ("duplicate", 1), ("accepted", 1)]
    assert rows(store, tables.events) == 2


def test_the_same_id_from_another_source_is_another_event(store: Store) -> None:
    article = an_article()
    first = a_publication(article, id="1")
    second = a_publication(replace(article, title="更正"), id="1", source="urn:other")
    assert results(store, first, second) == [("accepted", 1), ("accepted", 2)]


def test_the_same_content_makes_no_version_and_no_outbox_row(store: Store) -> None:
    article = an_article()
    took(store, a_publication(article))
    again = a_publication(replace(article, updated_at=PAST), type=EventType.UPDATED)
    assert results(store, again) == [("unchanged", 1)]
    assert rows(store, tables.outbox) == 1
    assert results(store, again) == [("duplicate", 1)]


def test_an_older_event_is_stale_and_makes_nothing(store: Store) -> None:
    article = an_article()
    took(store, a_publication(article, time=PAST))
    older = a_publication(replace(article, title="旧题"), time=PAST - 1)
    assert results(store, older) == [("stale", 1)]
    assert stands(store, article.guid).article.title == article.title
    same_time = a_publication(replace(article, title="同时"), time=PAST)
    assert results(store, same_time) == [("accepted", 2)]


def test_what_says_nothing_new_still_makes_older_events_stale(store: Store) -> None:
    article = an_article()
    took(store, a_publication(article, time=PAST))
    took(store, a_publication(article, time=PAST + 2))
    between = a_publication(replace(article, title="过时"), time=PAST + 1)
    assert results(store, between) == [("stale", 1)]


@pytest.mark.parametrize("time", [None, 2**53])
def test_an_event_without_a_time_or_from_the_future_counts_as_now(store: Store, time: int | None) -> None:
    article = an_article()
    took(store, a_publication(article, time=time))
    earlier = a_publication(replace(article, title="昨天"), time=PAST)
    later = a_publication(replace(article, title="刚才"))
    assert results(store, earlier, later) == [("stale", 1), ("accepted", 2)]


def test_an_update_of_an_unknown_article_is_a_publication(store: Store) -> None:
    assert results(store, a_publication(type=EventType.UPDATED)) == [("accepted", 1)]


def test_a_withdrawal_leaves_a_tombstone_with_the_last_text(store: Store) -> None:
    article = an_article()
    took(store, a_publication(article))
    assert results(store, a_withdrawal(article.guid)) == [("accepted", 2)]
    version = stands(store, article.guid)
    assert (version.withdrawn, version.article) == (True, article)
    assert results(store, a_withdrawal(article.guid)) == [("unchanged", 2)]


def test_what_cannot_be_read_any_more_can_be_withdrawn_and_published_anew(store: Store) -> None:
    article = an_article()
    took(store, a_publication(article))
    with store.writing() as db:
        db.execute(update(tables.versions).values(content="nothing that can be read"))

    assert results(store, a_withdrawal(article.guid)) == [("accepted", 2)]
    assert results(store, a_publication(article)) == [("accepted", 3)]
    assert stands(store, article.guid).article == article


def test_a_withdrawal_of_an_unknown_article_leaves_a_tombstone_too(store: Store) -> None:
    assert results(store, a_withdrawal("17", time=PAST)) == [("accepted", 1)]
    version = stands(store, "17")
    assert (version.withdrawn, version.article.title, version.entry_id) == (True, "", f"tag:{HOST},2020:17")
    assert results(store, a_publication(an_article(guid="17"), time=PAST - 1)) == [("stale", 1)]


def test_publishing_a_withdrawn_article_again_is_a_new_version_under_the_same_id(store: Store) -> None:
    article = an_article(guid="17")
    took(store, a_publication(article), a_withdrawal("17"))
    before = stands(store, "17")
    assert results(store, a_publication(article)) == [("accepted", 3)]
    after = stands(store, "17")
    assert (after.entry_id, after.article_id, after.withdrawn) == (before.entry_id, before.article_id, False)


def test_versions_of_one_article_in_one_batch_follow_each_other(store: Store) -> None:
    article = an_article()
    changed = replace(article, title="二")
    batch = [a_publication(article), a_publication(changed), a_publication(), a_withdrawal(article.guid)]
    assert results(store, *batch) == [("accepted", 1), ("accepted", 2), ("accepted", 1), ("accepted", 3)]
    assert stands(store, article.guid).number == 4


def test_acceptance_numbers_go_by_the_order_of_the_events(store: Store) -> None:
    known = an_article(guid="a")
    took(store, a_publication(known))
    took(store, a_publication(an_article(guid="z")), a_publication(replace(known, title="二")))
    assert (stands(store, "z").number, stands(store, "a").number) == (2, 3)
    assert stands(store, "z").accepted_at < stands(store, "a").accepted_at


def test_an_article_without_a_date_was_published_when_it_was_accepted_and_keeps_that(store: Store) -> None:
    article = an_article(published_at=0)
    took(store, a_publication(article))
    first = stands(store, article.guid)
    assert abs(first.article.published_at - first.accepted_at) < 60_000_000
    assert results(store, a_publication(article)) == [("unchanged", 1)]
    took(store, a_publication(replace(article, title="更正")))
    assert stands(store, article.guid).article.published_at == first.article.published_at


def test_the_entry_id_is_minted_once_from_the_articles_host(store: Store) -> None:
    article = an_article(guid="17", url="https://portal.example:8443/17")
    took(store, a_publication(article))
    took(store, a_publication(replace(article, url="https://moved.example/17")))
    assert stands(store, "17").entry_id == "tag:portal.example,2026:17"
    took(store, a_publication(an_article(guid="18", url="")))
    assert stands(store, "18").entry_id == f"tag:{HOST},2026:18"


def test_zone_city_and_sections_get_their_slugs_at_once(store: Store) -> None:
    took(store, a_publication(an_article(zone="甲区", city="泰州", section=("要闻", "文字新闻"))))
    with store.reading() as db:
        found = {tuple(row) for row in db.execute(select(tables.slugs.c.kind, tables.slugs.c.slug))}
    assert found == {("zone", "jiaqu"), ("city", "taizhou"), ("section", "yaowen"), ("section", "wenzixinwen")}


def test_no_events_are_no_trouble(store: Store) -> None:
    assert took(store) == []


def test_a_batch_of_a_hundred_takes_a_handful_of_statements(store: Store) -> None:
    articles = [an_article(zone=f"第{n % 5}区") for n in range(100)]
    with store.writing() as db, counted(db) as first:
        write_batch(db, plan_batch(db, [a_publication(article) for article in articles], host=HOST))
    changed = [a_publication(replace(article, title="更正")) for article in articles]
    with store.writing() as db, counted(db) as second:
        write_batch(db, plan_batch(db, changed, host=HOST))
    assert len(first) <= 14
    assert len(second) <= 11
    assert rows(store, tables.versions) == 200


def test_a_batch_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    def broken() -> None:
        with store.writing() as db:
            write_batch(db, plan_batch(db, [a_publication(), a_publication()], host=HOST))
            raise StoreBusy("the end is cut off")

    with pytest.raises(StoreBusy):
        broken()
    assert [rows(store, t) for t in (tables.articles, tables.versions, tables.outbox, tables.events)] == [0, 0, 0, 0]


def test_a_batch_is_one_line_in_the_log(store: Store) -> None:
    event = a_publication()
    with capture_logs() as lines:
        took(store, event, event)
    (line,) = (line for line in lines if line["event"] == "article.accepted")
    assert (line["accepted"], line["duplicate"], line["article_guids"]) == (1, 1, [f"{event.guid} v1"])

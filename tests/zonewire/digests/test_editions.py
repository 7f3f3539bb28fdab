"""What a cut makes: who gets which edition, what it carries, and what happens to windows and hours."""

from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from tests.builders import DAY, NOON, a_filter, a_subscription, a_version, an_article, an_endpoint
from tests.statements import counted
from tests.zonewire.digests.reading import HOUR, sent_to, window_of
from zonewire.digests import Cut, cut_due, statements
from zonewire.digests.editions import cut_part, prepare
from zonewire.digests.windows import Windows
from zonewire.filters import Filter, intern
from zonewire.store import Store
from zonewire.store.tables import deliveries, editions, job_runs, subscriptions, versions
from zonewire.subscriptions import change, find, pause, resume
from zonewire.subscriptions.changing import rhythm_of

MINUTE = HOUR // 60


def a_reader(db: Connection, **over: Any) -> int:
    return a_subscription(db, channel="email", **over)


def test_subscriptions_of_one_filter_share_one_edition_and_get_a_delivery_each(store: Store) -> None:
    with store.writing() as db:
        readers = [a_reader(db, filter_id=a_filter(db, city="泰州")) for _ in range(3)]
        in_taizhou = a_version(db, an_article(city="泰州"))
        a_version(db, an_article(city="苏州"))

    cut = cut_due(store, at=NOON)

    assert cut == Cut(editions=1, deliveries=3, subscriptions=3)
    with store.reading() as db:
        sent = sent_to(db)
        assert {sent[reader][0].edition_id for reader in readers} == {sent[readers[0]][0].edition_id}
        assert sent[readers[0]][0].articles() == [in_taizhou.article_id]


def test_what_is_owed_is_due_at_once_by_the_real_clock(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        a_version(db)

    cut_due(store, at=NOON + 30 * DAY, now=NOON + 5)

    with store.reading() as db:
        row = db.execute(select(deliveries)).one()
    assert (row.kind, row.lane, row.state, row.ready) == ("digest", "push.email", "pending", 1)
    assert (row.subscription_id, row.due_at, row.created_at) == (reader, NOON + 5, NOON + 5)


def test_a_window_with_nothing_in_it_sends_nothing_and_moves_on(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db, filter_id=a_filter(db, city="苏州"))
        newest = a_version(db, an_article(city="泰州"))

    cut = cut_due(store, at=NOON)

    assert cut == Cut(editions=0, deliveries=0, subscriptions=1)
    with store.reading() as db:
        after, next_at = window_of(db, reader)
    assert (after, next_at) == (newest.number, NOON + 20 * HOUR)  # from noon to eight


def test_however_many_hours_were_missed_there_is_one_digest(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db, cadence="hourly")
        a_version(db)

    first = cut_due(store, at=NOON + 50 * HOUR)
    second = cut_due(store, at=NOON + 50 * HOUR)

    assert (first.deliveries, second) == (1, Cut())
    with store.reading() as db:
        assert window_of(db, reader)[1] == NOON + 51 * HOUR


def test_the_next_window_opens_where_the_last_one_closed(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        first = a_version(db)
    cut_due(store, at=NOON)
    with store.writing() as db:
        second = a_version(db)
    cut_due(store, at=NOON + DAY)

    with store.reading() as db:
        one, two = sent_to(db)[reader]
    assert (one.articles(), two.articles()) == ([first.article_id], [second.article_id])
    assert (one.up_to, two.after) == (first.number, first.number)


def test_a_late_article_with_an_old_date_is_in_the_window_in_which_it_was_accepted(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        a_version(db)
    cut_due(store, at=NOON)
    with store.writing() as db:
        late = a_version(db, an_article(published_at=NOON - 400 * DAY))
    cut_due(store, at=NOON + DAY)

    with store.reading() as db:
        assert sent_to(db)[reader][1].articles() == [late.article_id]


def test_an_article_that_cannot_be_read_keeps_no_other_from_its_readers(store: Store) -> None:
    with store.writing() as db:
        reader, poisoned, other = a_reader(db), a_version(db), a_version(db)
        db.execute(update(versions).where(versions.c.number == poisoned.number).values(content="spoiled"))

    cut_due(store, at=NOON)

    with store.reading() as db:
        assert sent_to(db)[reader][0].articles() == [other.article_id]


def test_an_update_inside_the_window_replaces_the_older_version(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        article = an_article()
        a_version(db, article)
        newer = a_version(db, article)

    cut_due(store, at=NOON)

    with store.reading() as db:
        assert sent_to(db)[reader][0].carried == ((newer.article_id, newer.number, "story"),)


def test_a_filter_is_asked_of_the_version_that_stands_at_the_cut(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db, filter_id=a_filter(db, city="泰州"))
        article = an_article(city="泰州")
        a_version(db, article)
        a_version(db, an_article(guid=article.guid, city="苏州"))

    assert cut_due(store, at=NOON).deliveries == 0
    with store.reading() as db:
        assert sent_to(db)[reader] == []


def test_what_is_withdrawn_by_the_cut_is_in_no_edition(store: Store) -> None:
    with store.writing() as db:
        a_reader(db)
        article = an_article()
        a_version(db, article)
        a_version(db, article, withdrawn=True)

    assert cut_due(store, at=NOON).deliveries == 0


def test_a_correction_of_what_was_sent_is_listed_in_the_next_edition(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        article = an_article()
        a_version(db, article)
    cut_due(store, at=NOON)
    with store.writing() as db:
        corrected = a_version(db, article)
        news = a_version(db)
    cut_due(store, at=NOON + DAY)

    with store.reading() as db:
        second = sent_to(db)[reader][1]
    assert second.articles() == [news.article_id]
    assert second.articles("correction") == [corrected.article_id]


def test_corrections_alone_make_no_edition_but_are_not_forgotten(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db)
        corrected, gone = an_article(), an_article()
        a_version(db, corrected)
        a_version(db, gone)
    cut_due(store, at=NOON)
    with store.writing() as db:
        newer = a_version(db, corrected)
        tombstone = a_version(db, gone, withdrawn=True)

    alone = cut_due(store, at=NOON + DAY)
    with store.writing() as db:
        news = a_version(db)
    cut_due(store, at=NOON + 2 * DAY)

    assert alone == Cut(editions=0, deliveries=0, subscriptions=1)
    with store.reading() as db:
        _, second = sent_to(db)[reader]
    assert second.articles() == [news.article_id]
    assert second.articles("correction") == [newer.article_id]
    assert second.articles("withdrawal") == [tombstone.article_id]


def test_who_came_later_gets_as_news_what_others_get_as_a_correction(store: Store) -> None:
    with store.writing() as db:
        veteran = a_reader(db)
        article = an_article()
        first = a_version(db, article)
    cut_due(store, at=NOON)
    with store.writing() as db:
        newcomer = a_reader(db, window_after=first.number, next_at=NOON + DAY)
        a_version(db, article)
        a_version(db)
    cut_due(store, at=NOON + DAY)

    with store.reading() as db:
        sent = sent_to(db)
    assert (len(sent[veteran][1].articles()), len(sent[veteran][1].articles("correction"))) == (1, 1)
    assert (len(sent[newcomer][0].articles()), len(sent[newcomer][0].articles("correction"))) == (2, 0)


@pytest.mark.parametrize("state", ["paused", "unconfirmed", "ended"])
def test_only_active_subscriptions_are_cut(store: Store, state: str) -> None:
    with store.writing() as db:
        a_reader(db, state=state)
        a_version(db)

    assert cut_due(store, at=NOON + 30 * DAY) == Cut()


def test_a_subscription_is_not_cut_before_its_hour(store: Store) -> None:
    with store.writing() as db:
        a_reader(db)
        a_version(db)

    assert cut_due(store, at=NOON - 1) == Cut()
    assert cut_due(store, at=NOON).subscriptions == 1


def test_a_disabled_endpoints_digest_is_held_and_a_gone_ones_is_not_made(store: Store) -> None:
    with store.writing() as db:
        held = a_reader(db, endpoint_id=an_endpoint(db, channel="email", state="disabled"))
        a_reader(db, endpoint_id=an_endpoint(db, channel="email", state="disabled", gone=True))
        a_version(db)

    cut_due(store, at=NOON)

    with store.reading() as db:
        row = db.execute(select(deliveries)).one()
    assert (row.subscription_id, row.state, row.ready, row.due_at) == (held, "pending", None, None)


def test_locales_have_editions_of_their_own(store: Store) -> None:
    with store.writing() as db:
        a_reader(db, locale="zh-CN")
        a_reader(db, locale="en")
        a_version(db)

    assert cut_due(store, at=NOON).editions == 2


def test_all_that_cut_in_one_minute_close_their_windows_at_the_same_number(store: Store) -> None:
    with store.writing() as db:
        a_reader(db)
        first = a_version(db)
    cut_due(store, now=NOON)
    with store.writing() as db:
        a_reader(db)
        late = a_version(db)

    cut_due(store, now=NOON + 1)

    with store.reading() as db:
        assert db.execute(select(editions.c.up_to).distinct()).scalars().all() == [first.number]
        assert db.execute(select(func.count()).select_from(job_runs)).scalar_one() == 1
    with store.writing() as db:
        db.execute(update(subscriptions).values(next_at=NOON + 60_000_000))
    cut_due(store, now=NOON + 60_000_000)
    with store.reading() as db:
        assert db.execute(select(func.max(editions.c.up_to))).scalar_one() == late.number


def test_a_window_that_opened_behind_the_ticks_end_waits_for_the_next_tick(store: Store) -> None:
    with store.writing() as db:
        a_reader(db)
        a_version(db)
    cut_due(store, now=NOON)
    with store.writing() as db:
        newest = a_version(db)
        newcomer = a_reader(db, window_after=newest.number)

    cut_due(store, now=NOON + 1)

    with store.reading() as db:
        assert window_of(db, newcomer) == (newest.number, NOON)


def test_an_edition_with_thousands_of_stories_and_many_editions_in_one_cut_are_all_made(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonewire.digests.editions.MOST_VERSIONS", 5)
    with store.writing() as db:
        filters = [a_filter(db), *(a_filter(db, city=f"城市{n}") for n in range(4))]
        for filter_id in filters:
            for _ in range(3):
                a_reader(db, filter_id=filter_id)
        for n in range(12):
            a_version(db, an_article(city=f"城市{n % 4}"))

    cut = cut_due(store, at=NOON)

    assert cut == Cut(editions=5, deliveries=15, subscriptions=15)
    with store.reading() as db:
        sizes = sorted(len(sent[0].articles()) for sent in sent_to(db).values())
    assert sizes == [3] * 12 + [12] * 3


def test_a_digest_that_the_schedule_cuts_late_says_so_and_one_that_is_run_by_hand_does_not(store: Store) -> None:
    with store.writing() as db:
        in_time, late = a_reader(db, next_at=NOON - 29 * MINUTE), a_reader(db, next_at=NOON - 3 * HOUR)
        a_version(db)

    cut_due(store, now=NOON)

    with store.reading() as db:
        assert since(db) == {in_time: None, late: NOON - 3 * HOUR}
    with store.writing() as db:
        a_version(db)
    cut_due(store, at=NOON + 5 * DAY, now=NOON)
    with store.reading() as db:
        assert since(db) == {in_time: None, late: None}


def since(db: Connection) -> dict[int, int | None]:
    """Since when the newest digest of each subscription is late."""
    sent = sent_to(db)
    rows = {row.id: row.late_since for row in db.execute(select(editions))}
    return {reader: rows[some[-1].edition_id] for reader, some in sent.items()}


def test_the_first_digest_behind_a_pause_says_how_many_stories_were_left_out(store: Store) -> None:
    with store.writing() as db:
        reader, other = a_reader(db), a_reader(db)
        pause(db, reader, NOON)
        for age in (9, 8, 7):
            a_version(db, accepted_at=NOON + (10 - age) * DAY)
        resume(db, reader, NOON + 10 * DAY)
        a_version(db, accepted_at=NOON + 10 * DAY)
    cut_due(store, at=NOON + 11 * DAY)

    with store.reading() as db:
        skipped = {row.id: row.skipped for row in db.execute(select(editions))}
        sent = sent_to(db)
    assert (skipped[sent[reader][0].edition_id], skipped[sent[other][0].edition_id]) == (3, None)
    with store.writing() as db:
        a_version(db, accepted_at=NOON + 12 * DAY)
    cut_due(store, at=NOON + 12 * DAY)
    with store.reading() as db:
        (_, second) = sent_to(db)[reader]
        assert {row.id: row.skipped for row in db.execute(select(editions))}[second.edition_id] is None


def test_what_a_pause_left_out_waits_for_a_digest_that_can_say_it(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db, filter_id=a_filter(db, city="泰州"))
        pause(db, reader, NOON)
        a_version(db, accepted_at=NOON + DAY)
        a_version(db, an_article(city="苏州"), accepted_at=NOON + 10 * DAY)
        resume(db, reader, NOON + 10 * DAY)
    cut_due(store, at=NOON + 11 * DAY)  # nothing from 泰州: no digest
    with store.writing() as db:
        a_version(db, accepted_at=NOON + 11 * DAY)
    cut_due(store, at=NOON + 12 * DAY)

    with store.reading() as db:
        (row,) = db.execute(select(editions)).all()
    assert row.skipped == 1


def test_what_was_sent_by_an_earlier_filter_is_corrected_and_not_repeated(store: Store) -> None:
    article = an_article(city="泰州", section=("开发区新闻",))
    with store.writing() as db:
        reader = a_reader(db, filter_id=intern(db, Filter(cities=("泰州",))))
        a_version(db, article)
    cut_due(store, at=NOON)
    with store.writing() as db:
        change(db, reader, rhythm_of(find(db, reader)), NOON, wanted=Filter(sections=("开发区新闻",)))
        a_version(db, article)
        fresh = a_version(db, an_article(section=("开发区新闻",)))
    cut_due(store, at=NOON + DAY)

    with store.reading() as db:
        (_, second) = sent_to(db)[reader]
    assert (len(second.articles("correction")), second.articles()) == (1, [fresh.article_id])


def test_a_filter_that_changes_while_a_cut_is_under_way_loses_nothing(store: Store) -> None:
    with store.writing() as db:
        reader = a_reader(db, filter_id=intern(db, Filter(cities=("泰州",))))
        a_version(db, an_article(city="泰州"))
        wanted = a_version(db, an_article(city="苏州"))
    windows = Windows(wanted.number)
    with store.reading() as db:
        rows = db.execute(statements.DUE, {"at": NOON, "up_to": windows.up_to, "most": 10}).all()
        due = prepare(db, windows, rows, at=NOON)
    with store.writing() as db:
        change(db, reader, rhythm_of(find(db, reader)), NOON, wanted=Filter(cities=("苏州",)))
    with store.writing() as db:
        assert cut_part(db, due, at=NOON, now=NOON) == Cut()
    cut_due(store, at=NOON)

    with store.reading() as db:
        (only,) = sent_to(db)[reader]
    assert only.articles() == [wanted.article_id]


def test_what_a_pause_left_out_is_matched_once_for_all_who_come_back(store: Store) -> None:
    with store.writing() as db:
        filters = [a_filter(db, city=f"城{n}") for n in range(20)]
        readers = [a_reader(db, filter_id=one) for one in filters]
        for _ in range(10):
            a_version(db, an_article(city="城3"))
        last = a_version(db, an_article(city="城3"))
        db.execute(update(subscriptions).values(skipped_after=0, window_after=last.number - 1))

    windows = Windows(last.number)
    with store.reading() as db:
        rows = db.execute(statements.DUE, {"at": NOON, "up_to": windows.up_to, "most": 100}).all()
        with counted(db) as sent:
            prepare(db, windows, rows, at=NOON)
    assert sum("hits" in one for one in sent) == 11, "each version once"
    cut_due(store, at=NOON)
    with store.reading() as db:
        (edition,) = db.execute(select(editions)).all()
        assert (edition.skipped, list(sent_to(db))) == (10, [readers[3]])


def test_a_correction_of_what_was_sent_is_not_called_left_out(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        reader = a_reader(db)
        a_version(db, article, accepted_at=NOON - DAY)
    cut_due(store, at=NOON)
    with store.writing() as db:
        pause(db, reader, NOON)
        a_version(db, article, accepted_at=NOON + DAY)
        a_version(db, accepted_at=NOON + 2 * DAY)
        resume(db, reader, NOON + 10 * DAY)
        a_version(db, accepted_at=NOON + 10 * DAY)
    cut_due(store, at=NOON + 11 * DAY)

    with store.reading() as db:
        (_, edition) = db.execute(select(editions).order_by(editions.c.id)).all()
    assert edition.skipped == 1

"""The reaction: who is owed what of an article, whatever happens in between."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, select, update

from tests.builders import a_delivery, a_filter, a_subscription, a_version, an_article, an_endpoint
from zonewire import reaction
from zonewire.articles.model import Article, Version
from zonewire.delivery import owing
from zonewire.reaction import Reacted, react
from zonewire.store import SECOND, Store, insert, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, endpoints, feed_entries, outbox, subscriptions, versions

IN_ONE_TURN_S = 60.0
"""A disk that stands still for a second would else leave the rest to the next turn, as it may."""


def accepted(db: Connection, article: Article | None = None, *, withdrawn: bool = False) -> Version:
    """A version with its outbox row, as intake leaves it."""
    version = a_version(db, article, withdrawn=withdrawn)
    db.execute(insert(outbox).values(number=version.number, created_at=now(db)))
    return version


def reacted(store: Store, *, rows: int = 5_000) -> Reacted:
    pace = Pace(pauses=False)
    pace._rows = rows
    return react(store, pace, owed=lambda _: None, budget_s=IN_ONE_TURN_S)


def owed(store: Store) -> Counter[tuple[int, str, str]]:
    """(endpoint, kind, state) of every delivery."""
    with store.reading() as db:
        rows = db.execute(select(deliveries.c.endpoint_id, deliveries.c.kind, deliveries.c.state))
        return Counter((row.endpoint_id, row.kind, row.state) for row in rows)


def test_each_endpoint_whose_filter_passes_is_owed_the_news_once(store: Store) -> None:
    with store.writing() as db:
        here, there = an_endpoint(db), an_endpoint(db)
        a_subscription(db, endpoint_id=here, filter_id=a_filter(db, city="泰州"))
        a_subscription(db, endpoint_id=here, filter_id=a_filter(db))
        a_subscription(db, endpoint_id=there, filter_id=a_filter(db, city="苏州"))
        accepted(db, an_article(city="泰州"))

    reacted(store)

    assert owed(store) == {(here, "news", "pending"): 1}
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(outbox)).scalar_one() == 0


def test_paused_unconfirmed_and_digest_subscriptions_are_owed_no_news(store: Store) -> None:
    with store.writing() as db:
        a_subscription(db, state="paused")
        a_subscription(db, channel="email", state="unconfirmed")
        a_subscription(db, channel="email", cadence="daily")
        accepted(db)

    reacted(store)

    assert owed(store) == {}


def test_the_feeds_that_it_touches_are_marked(store: Store) -> None:
    with store.writing() as db:
        version = accepted(db)

    reacted(store)

    with store.reading() as db:
        assert set(db.execute(select(feed_entries.c.number)).scalars()) == {version.number}


def test_reacting_twice_owes_nothing_twice(store: Store) -> None:
    with store.writing() as db:
        endpoint = a_subscription(db)
        version = accepted(db)
    reacted(store)
    with store.writing() as db:
        db.execute(insert(outbox).values(number=version.number, created_at=now(db)))

    reacted(store)

    assert sum(owed(store).values()) == 1
    assert endpoint


def test_a_large_fan_out_goes_on_where_a_killed_worker_left_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.writing() as db:
        everything, taizhou = a_filter(db), a_filter(db, city="泰州")
        receivers = [an_endpoint(db) for _ in range(23)]
        for endpoint in receivers:
            a_subscription(db, endpoint_id=endpoint, filter_id=everything)
            a_subscription(db, endpoint_id=endpoint, filter_id=taizhou)
        accepted(db)
    whole = owing.owe_news
    calls = Counter[str]()

    def dies_at_the_second(*args: object, **kwargs: object) -> Counter[str]:
        calls["owe"] += 1
        if calls["owe"] == 2:  # the pace may have all the rest in it
            raise KeyboardInterrupt
        return whole(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(owing, "owe_news", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        reacted(store, rows=5)
    assert 0 < sum(owed(store).values()) < len(receivers)
    with store.writing() as db:
        db.execute(update(outbox).values(taken_until=0))  # its time is over

    while reacted(store, rows=5).more:  # a turn ends with its time, however much it has done by then
        pass

    assert owed(store) == {(endpoint, "news", "pending"): 1 for endpoint in receivers}


def test_pushing_is_told_of_the_first_few_before_the_rest_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaction, "FIRST_AHEAD", 3)
    with store.writing() as db:
        everything = a_filter(db)
        for _ in range(10):
            a_subscription(db, filter_id=everything)
        accepted(db)
    told: list[tuple[list[str], int]] = []

    react(
        store,
        Pace(pauses=False),
        owed=lambda lanes: told.append((list(lanes), sum(owed(store).values()))),
        budget_s=IN_ONE_TURN_S,
    )

    assert told == [(["push.http"], 3), (["push.http"], 10)]


def test_what_somebody_else_has_taken_is_left_alone(store: Store) -> None:
    with store.writing() as db:
        a_subscription(db)
        accepted(db)
        db.execute(update(outbox).values(taken_until=now(db) + 10 * SECOND))

    assert reacted(store) == Reacted()


def test_a_correction_supersedes_what_is_still_owed_of_the_old_text(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        endpoint = an_endpoint(db)
        a_subscription(db, endpoint_id=endpoint)
        accepted(db, article)
    reacted(store)
    with store.writing() as db:
        accepted(db, article)

    reacted(store)

    assert owed(store) == {(endpoint, "news", "cancelled"): 1, (endpoint, "news", "pending"): 1}


@pytest.mark.parametrize(
    "had", [{"state": "delivered"}, {"state": "sending", "lease_id": 1}, {"state": "retrying", "unknowns": 1}]
)
def test_who_may_have_the_old_text_is_told_though_the_filter_no_longer_passes(
    store: Store, had: dict[str, object]
) -> None:
    with store.writing() as db:
        endpoint, never = an_endpoint(db), an_endpoint(db)
        for one in (endpoint, never):
            a_subscription(db, endpoint_id=one, filter_id=a_filter(db, city="泰州"))
        old = a_version(db, an_article(guid="https://p.example/1", city="泰州"))
        a_delivery(db, endpoint_id=endpoint, version=old, **had)  # type: ignore[arg-type]  # columns
        a_delivery(db, endpoint_id=never, version=old, state="dead")
        accepted(db, an_article(guid="https://p.example/1", city="苏州"))

    reacted(store)

    assert owed(store)[endpoint, "news", "pending"] == 1
    assert owed(store)[never, "news", "pending"] == 0


def test_a_withdrawal_is_owed_to_its_holders_alone(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        holder, other = an_endpoint(db), an_endpoint(db)
        for one in (holder, other):
            a_subscription(db, endpoint_id=one)
        a_delivery(db, endpoint_id=holder, version=a_version(db, article), state="delivered")
        accepted(db, article, withdrawn=True)

    reacted(store)

    assert owed(store) == {(holder, "news", "delivered"): 1, (holder, "withdrawal", "pending"): 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"state": "disabled"}, {"held": 1}),
        ({"state": "disabled", "gone": True}, {}),
    ],
)
def test_a_disabled_endpoint_is_owed_and_held_and_a_gone_one_owed_nothing(
    store: Store, change: dict[str, object], expected: dict[str, int]
) -> None:
    with store.writing() as db:
        a_subscription(db)
        db.execute(update(endpoints).values(change))
        accepted(db)

    reacted(store)

    with store.reading() as db:
        rows = db.execute(select(deliveries.c.ready, deliveries.c.due_at)).all()
    assert Counter("held" if row.ready is None and row.due_at is None else "due" for row in rows) == expected


def test_ending_a_subscription_cancels_its_endpoints_news_only_if_no_other_leads_there(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db)
        first = a_subscription(db, endpoint_id=endpoint, filter_id=a_filter(db, city="泰州"))
        second = a_subscription(db, endpoint_id=endpoint, filter_id=a_filter(db))
        accepted(db)
    reacted(store)

    def end(subscription: int) -> Callable[[Connection], None]:
        def change(db: Connection) -> None:
            db.execute(update(subscriptions).where(subscriptions.c.id == subscription).values(state="ended"))
            owing.cancel_for_subscription(db, subscription, endpoint_id=endpoint, now=now(db))

        return change

    with store.writing() as db:
        end(first)(db)
    assert owed(store) == {(endpoint, "news", "pending"): 1}
    with store.writing() as db:
        end(second)(db)
    assert owed(store) == {(endpoint, "news", "cancelled"): 1}


def test_a_version_that_was_overtaken_owes_nothing_more(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        a_subscription(db)
        accepted(db, article)
        newest = accepted(db, article)

    while reacted(store).more:
        pass

    with store.reading() as db:
        assert set(db.execute(select(deliveries.c.number)).scalars()) == {newest.number}


def test_a_version_that_cannot_be_reacted_to_holds_up_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.writing() as db:
        a_subscription(db)
        poisoned = accepted(db)
        other = accepted(db)
    whole = owing.owe_news

    def fails(*args: object, number: int, **kwargs: object) -> Counter[str]:
        if number == poisoned.number:
            raise ValueError("poison")
        return whole(*args, number=number, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(owing, "owe_news", fails)

    reacted(store)
    reacted(store)  # where telling of the poison took all of a turn's time, the next goes on behind it

    with store.reading() as db:
        assert set(db.execute(select(deliveries.c.number)).scalars()) == {other.number}
        assert list(db.execute(select(outbox.c.number)).scalars()) == [poisoned.number]


def spoiled(db: Connection, version: Version, content: str) -> None:
    db.execute(update(versions).where(versions.c.number == version.number).values(content=content))


@pytest.mark.parametrize("content", ["nothing that can be read", '{"guid": "x", "images": [], "section": null}'])
def test_one_that_cannot_be_read_holds_up_no_other_and_is_named(store: Store, content: str) -> None:
    with store.writing() as db:
        a_subscription(db)
        spoiled(db, poisoned := accepted(db), content)
        other, named = accepted(db), list[str]()

    react(store, Pace(pauses=False), owed=lambda _: None, poison=lambda guid, _: named.append(guid), budget_s=60)

    assert named == [poisoned.article.guid]
    with store.reading() as db:
        assert list(db.execute(select(outbox.c.number)).scalars()) == [poisoned.number]
        assert set(db.execute(select(deliveries.c.number)).scalars()) == {other.number}
        assert set(db.execute(select(feed_entries.c.number)).scalars()) == {other.number}


def test_a_withdrawal_takes_one_that_cannot_be_read_out_of_the_way(store: Store) -> None:
    with store.writing() as db:
        spoiled(db, poisoned := accepted(db), "nothing that can be read")
        accepted(db, poisoned.article, withdrawn=True)

    reacted(store)

    with store.reading() as db:
        assert list(db.execute(select(outbox.c.number)).scalars()) == []


@pytest.mark.parametrize("state", ["ended", "paused"])
def test_who_has_left_or_rests_is_told_of_no_correction(store: Store, state: str) -> None:
    article = an_article()
    with store.writing() as db:
        holder = an_endpoint(db)
        a_subscription(db, endpoint_id=holder, state=state)
        a_subscription(db, endpoint_id=holder, filter_id=a_filter(db, city="别处"), state="ended")
        a_delivery(db, endpoint_id=holder, version=a_version(db, article), state="delivered")
        accepted(db, article)
    reacted(store)
    assert owed(store) == {(holder, "news", "delivered"): 1}

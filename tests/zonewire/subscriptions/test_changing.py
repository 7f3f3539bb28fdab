"""Another rhythm: the window stays, and the next digest comes at the first hour half a period after the last cut."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, update

from tests.builders import NOON, a_filter, a_subscription, an_endpoint
from zonewire import subscriptions
from zonewire.errors import Conflict, WrongUsage
from zonewire.filters import Filter, intern
from zonewire.store import SECOND
from zonewire.store.tables import subscriptions as table
from zonewire.subscriptions import Rhythm, change, read_rhythm
from zonewire.subscriptions.changing import rhythm_of


def moment(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def a_digest(db: Connection, *, cut: str | None = "2026-06-10T08:00", **over: Any) -> int:
    """A daily digest at 08:00 in Shanghai, cut at *cut* and due at 08:00 the next day."""
    row = {"last_cut_at": moment(cut) if cut else None, "window_after": 5, "next_at": moment("2026-06-11T08:00")}
    return a_subscription(db, channel="email", **(row | over))


def changed(db: Connection, ident: int, chosen_at: str, /, **options: str) -> Any:
    """What *options*, chosen at the local moment *chosen_at*, make of it."""
    rhythm = read_rhythm(options, was=subscriptions.find(db, ident))
    answer = change(db, ident, rhythm, moment(chosen_at))
    row = db.execute(select(table).where(table.c.id == ident)).one()
    assert subscriptions.find(db, ident) == answer
    return row


@pytest.mark.parametrize(
    ("options", "due"),
    [
        ({"at": "09:00"}, "2026-06-11T09:00"),  # 09:00 today lies an hour after the last cut
        ({"at": "20:00"}, "2026-06-10T20:00"),  # twelve hours after it: half a period
        ({"at": "19:59"}, "2026-06-11T19:59"),
        ({"at": "07:00"}, "2026-06-11T07:00"),
        ({"cadence": "hourly"}, "2026-06-10T10:00"),
        ({"cadence": "weekly", "weekday": "wed"}, "2026-06-17T08:00"),
        ({"cadence": "weekly", "weekday": "thu"}, "2026-06-11T08:00"),
        ({"locale": "en"}, "2026-06-11T08:00"),
    ],
)
def test_the_next_digest_comes_half_a_period_after_the_last_at_the_earliest(
    db: Connection, options: dict[str, str], due: str
) -> None:
    row = changed(db, a_digest(db), "2026-06-10T09:30", **options)

    assert row.next_at == moment(due)
    assert row.window_after == 5


def test_a_new_zone_moves_the_hour_with_it(db: Connection) -> None:
    row = changed(db, a_digest(db), "2026-06-10T09:30", timezone="America/New_York")

    # 08:00 in New York is 20:00 in Shanghai: exactly half a period after the last cut.
    assert row.next_at == moment("2026-06-10T08:00", "America/New_York") == moment("2026-06-10T20:00")


def test_what_was_never_cut_comes_at_the_first_such_hour(db: Connection) -> None:
    assert changed(db, a_digest(db, cut=None), "2026-06-10T09:30", at="10:00").next_at == moment("2026-06-10T10:00")


def test_a_paused_one_stays_paused_with_its_new_rhythm(db: Connection) -> None:
    row = changed(db, a_digest(db, state="paused", next_at=None), "2026-06-10T09:30", at="10:00")

    assert (row.state, row.next_at, row.at_minute, row.window_after) == ("paused", None, 600, 5)


def test_instant_news_changes_its_language_alone(db: Connection) -> None:
    ident = a_digest(db, cadence="instant", next_at=None, cut=None)
    row = changed(db, ident, "2026-06-10T09:30", locale="en", at="10:00")

    assert (row.locale, row.at_minute, row.next_at, row.window_after) == ("en", 600, None, 5)
    for cadence in ("daily", "hourly", "weekly"):
        with pytest.raises(WrongUsage, match="not one of instant"):
            changed(db, ident, "2026-06-10T09:30", cadence=cadence)


def test_a_digest_does_not_turn_into_instant_news(db: Connection) -> None:
    with pytest.raises(WrongUsage, match="not one of hourly, daily, weekly"):
        changed(db, a_digest(db), "2026-06-10T09:30", cadence="instant")


def test_an_ended_one_of_the_same_kind_makes_room(db: Connection) -> None:
    ident = a_digest(db)
    row = db.execute(select(table).where(table.c.id == ident)).one()
    same = {"endpoint_id": row.endpoint_id, "filter_id": row.filter_id}
    old = a_subscription(db, channel="email", cadence="weekly", state="ended", **same)

    assert changed(db, ident, "2026-06-10T09:30", cadence="weekly", weekday="fri").cadence == "weekly"
    assert db.execute(select(table.c.cadence, table.c.state).where(table.c.id == old)).one() == ("daily", "ended")


def test_one_that_nobody_confirmed_makes_room_and_ends(db: Connection) -> None:
    ident = a_digest(db)
    row = db.execute(select(table).where(table.c.id == ident)).one()
    same = {"endpoint_id": row.endpoint_id, "filter_id": row.filter_id}
    asked = a_subscription(db, channel="email", cadence="weekly", state="unconfirmed", **same)

    assert changed(db, ident, "2026-06-10T09:30", cadence="weekly").cadence == "weekly"
    assert db.execute(select(table.c.cadence, table.c.state).where(table.c.id == asked)).one() == ("daily", "ended")


@pytest.mark.parametrize("state", ["active", "paused"])
def test_one_that_goes_on_does_not_make_room(db: Connection, state: str) -> None:
    ident = a_digest(db)
    row = db.execute(select(table).where(table.c.id == ident)).one()
    a_subscription(
        db, channel="email", cadence="weekly", state=state, endpoint_id=row.endpoint_id, filter_id=row.filter_id
    )

    with pytest.raises(Conflict, match="sends the same"):
        changed(db, ident, "2026-06-10T09:30", cadence="weekly")


@pytest.mark.parametrize("state", ["unconfirmed", "ended"])
def test_what_has_not_begun_or_has_ended_cannot_be_changed(db: Connection, state: str) -> None:
    ident = a_digest(db, state=state, next_at=None)

    with pytest.raises(Conflict, match=state):
        changed(db, ident, "2026-06-10T09:30", at="10:00")


def test_nothing_asked_for_changes_nothing(db: Connection) -> None:
    ident = a_digest(db)
    before = db.execute(select(table).where(table.c.id == ident)).one()

    assert changed(db, ident, "2026-06-10T09:30") == before


def test_a_webhook_cannot_become_a_digest(db: Connection) -> None:
    hook = a_subscription(db, endpoint_id=an_endpoint(db), filter_id=a_filter(db, city="泰州"))

    with pytest.raises(WrongUsage, match="not one of instant") as caught:
        read_rhythm({"cadence": "daily"}, was=subscriptions.find(db, hook))
    assert caught.value.where == "cadence"


def test_a_rhythm_is_what_a_subscription_has(db: Connection) -> None:
    ident = a_digest(db)
    db.execute(update(table).values(at_minute=75, weekday=3))

    assert rhythm_of(subscriptions.find(db, ident)) == Rhythm(
        cadence="daily", at_minute=75, weekday=3, timezone="Asia/Shanghai", locale="zh-CN"
    )


def test_another_filter_keeps_the_window_and_remembers_the_one_before(db: Connection) -> None:
    was = intern(db, Filter(cities=("泰州",)))
    ident = a_digest(db, filter_id=was)
    found = subscriptions.find(db, ident)

    answer = change(db, ident, rhythm_of(found), NOON, wanted=Filter(cities=("苏州",)))
    back = change(db, ident, rhythm_of(found), NOON, wanted=Filter(cities=("泰州",)))

    assert (answer.window_after, answer.next_at) == (found.window_after, found.next_at)
    assert answer.earlier_filters == [was]
    assert (back.filter_id, back.earlier_filters) == (was, [was, answer.filter_id])


def test_another_filter_may_not_be_one_that_the_endpoint_has_at_this_rhythm(db: Connection) -> None:
    endpoint_id = an_endpoint(db, channel="email")
    one = a_digest(db, endpoint_id=endpoint_id, filter_id=intern(db, Filter(cities=("泰州",))))
    other = a_digest(db, endpoint_id=endpoint_id, filter_id=intern(db, Filter(cities=("苏州",))))
    rhythm = rhythm_of(subscriptions.find(db, one))

    with pytest.raises(Conflict) as refused:
        change(db, one, rhythm, NOON, wanted=Filter(cities=("苏州",)))
    assert refused.value.where == "filter"
    db.execute(update(table).where(table.c.id == other).values(state="ended"))
    moved = change(db, one, rhythm, NOON, wanted=Filter(cities=("苏州",)))
    assert (moved.id, moved.written) == (one, '{"city":["苏州"]}')

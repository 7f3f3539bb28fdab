"""What one claim takes for robots: whose turn it is, what is put off or worth nothing, and what may leave again."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from tests.builders import a_delivery, an_article, an_endpoint
from tests.simulators.serving import Mode
from tests.zonewire.robots.rig import PLATFORMS, Chat, chatting, leave_room, some_articles
from zonewire.channels.registry import TERMS
from zonewire.delivery import counts, ledger, paces
from zonewire.delivery.counts import Moves
from zonewire.delivery.ledger import START, Batch, Place, Places, Settlement
from zonewire.delivery.loads import Claiming, Load
from zonewire.delivery.outcomes import Delivered
from zonewire.delivery.paces import Ended
from zonewire.delivery.retries import RetryPolicy
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import deliveries

OTHER = {"wecom": "1a7d0a52-6f2e-4b57-9c0b-2d6a1f3b8e90", "slack": "T1/B1/another"}
WORKER = "w1"


@pytest.mark.parametrize("channel", sorted(PLATFORMS))
def test_robots_that_are_claimed_in_one_turn_each_get_their_own_news(plain_store: Store, channel: str) -> None:
    with chatting(plain_store, channel) as chat:
        mine, theirs = some_articles(2)
        other = OTHER.get(channel, "another-robot-0123456789")
        chat.owe(chat.robot(), mine)
        chat.owe(chat.robot(other), theirs)
        pusher = chat.pusher()

        tally = pusher.turn()
        chat.until({"delivered": 2}, pusher)

        assert tally is not None
        assert tally.claimed == 2
        assert [mentioned(chat, key, mine, theirs) for key in (chat.key, other)] == [[mine], [theirs]]


def mentioned(chat: Chat, key: str, *articles: Any) -> list[Any]:
    """Those of *articles* whose titles stand in what the robot *key* wrote."""
    told = str(chat.platform.messages(key))
    return [one for one in articles if one.title in told]


# --- turns -----------------------------------------------------------------------------------------------------------


def test_more_robots_than_their_host_has_places_for_are_all_served(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        keys = [f"robot-of-group-{n:08d}" for n in range(64)]
        for key in keys:
            chat.owe(chat.robot(key), *some_articles(2))

        chat.until({"delivered": 128}, chat.pusher(), within_s=20)

        assert {len(chat.platform.messages(key)) for key in keys} == {2}
        assert chat.is_clean()


def test_of_many_robots_at_one_host_none_is_served_twice_before_all_were_served_once(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        robots = [chat.robot(f"robot-of-group-{n:08d}") for n in range(64)]
        for robot in robots:
            chat.owe(robot, *some_articles(2))

        served, cursor = [], START
        for _ in range(2 * 64 // 4):
            batch, loads = delivered_at_once(chat, Places(total=500, per_host=4), after=cursor)
            assert len(loads) == 4
            served += [load.rows[0].endpoint_id for load in loads]
            cursor = batch.cursor

        assert sorted(served[:64]) == sorted(served[64:]) == robots
        assert chat.states() == {"delivered": 128}


def test_a_claim_that_took_nothing_goes_on_behind_those_that_it_put_off(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        full, free = chat.robot(), chat.robot(OTHER["wecom"])
        leave_room(chat, full, 0)
        chat.owe(full, an_article())
        chat.owe(free, an_article())
        one = Places(total=1, per_host=4)

        first, nothing = delivered_at_once(chat, one, after=START)
        second, (load,) = delivered_at_once(chat, one, after=first.cursor)

        assert nothing == []
        assert (first.rows, first.cursor) == ((), Place(chat.endpoint(full).host_id, full))
        assert load.rows[0].endpoint_id == free
        assert second.cursor.endpoint_id == free


def test_a_turn_that_only_put_robots_off_says_so(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        robots = [chat.robot(f"robot-of-group-{n:08d}") for n in range(3)]
        for robot in robots:
            leave_room(chat, robot, 0)
            chat.owe(robot, *some_articles(2))
        pusher = chat.pusher()

        tally = pusher.turn()

        assert tally is not None
        assert (tally.claimed, tally.put_off) == (0, 3)
        assert pusher.turn() is None  # nothing is left to look at


def delivered_at_once(chat: Chat, places: Places, *, after: Place) -> tuple[Batch, list[Load]]:
    """What one claim takes, settled as delivered."""
    with chat.store.writing() as db:
        moment = now(db)
        moves = Moves()
        claiming = Claiming(db=db, lane="push.robot", worker=WORKER, terms=TERMS, now=moment, moves=moves)
        batch, loads = claiming.loads(places, after=after)
        settle_delivered(db, loads, moves=moves, moment=moment)
        counts.record(db, moves)
        return batch, loads


def settle_delivered(db: Connection, loads: list[Load], *, moves: Moves, moment: int) -> None:
    ledger.settle(
        db,
        [Settlement(row, Delivered(200)) for load in loads for row in load.rows],
        lane="push.robot",
        policy=RetryPolicy((0,)),
        disable_after_s=3600,
        chance=0.5,
        now=moment,
        moves=moves,
    )
    paces.settle(db, [Ended(load.rows[0].endpoint_id, load.mark, was_sent=True) for load in loads], now=moment)


# --- what is worth nothing any more ----------------------------------------------------------------------------------


def test_what_puts_something_right_is_sent_however_late_and_plain_news_is_not(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        robot, pusher = chat.robot(), chat.pusher()
        wrong, gone, news = some_articles(3)
        chat.owe(robot, wrong, gone)
        chat.until({"delivered": 2}, pusher)
        (correction,) = chat.owe(robot, replace(wrong, title="更名后的产业园今日开园，首批企业入驻"))
        (withdrawal,) = chat.owe(robot, gone, kind="withdrawal")
        (late,) = chat.owe(robot, news)
        with plain_store.writing() as db:
            db.execute(update(deliveries).values(worthless_at=now(db) - SECOND))

        chat.until({"delivered": 4, "cancelled": 1}, pusher)

        assert [chat.row(key).state for key in (correction, withdrawal, late)] == [
            "delivered",
            "delivered",
            "cancelled",
        ]
        assert "worth" in chat.row(late).reason
        assert news.title not in str(chat.platform.messages(chat.key))


def test_a_correction_that_waited_for_a_retry_is_sent_however_late(plain_store: Store) -> None:
    with chatting(plain_store, "wecom") as chat:
        robot, pusher, article = chat.robot(), chat.pusher(steps=(3600,)), an_article()
        chat.owe(robot, article)
        chat.until({"delivered": 1}, pusher)
        chat.platform.answer_next(chat.key, -1)
        (key,) = chat.owe(robot, replace(article, title="更名后的产业园今日开园，首批企业入驻"))
        chat.until({"delivered": 1, "retrying": 1}, pusher)
        with plain_store.writing() as db:
            late = {"worthless_at": now(db) - SECOND, "due_at": now(db)}
            db.execute(update(deliveries).where(deliveries.c.id == key).values(late))

        chat.until({"delivered": 2}, pusher)


# --- what may leave again --------------------------------------------------------------------------------------------


def test_when_a_robot_answers_again_others_that_failed_at_its_host_are_tried_and_nobody_else(
    plain_store: Store,
) -> None:
    with chatting(plain_store, "wecom") as chat:
        first, second = chat.robot(), chat.robot("another-robot-0123456789")
        well = chat.robot("a-robot-that-is-well-0123")
        pusher = chat.pusher(steps=(3600,))
        chat.platform.mode = Mode.ERRORS
        chat.owe(first, an_article())
        chat.owe(second, an_article())
        chat.until({"retrying": 2}, pusher)
        chat.platform.mode = Mode.WELL
        waiting = [waiting_at(chat, well), waiting_at(chat, elsewhere(chat))]
        due = due_times(chat, waiting)
        chat.owe(first, an_article())

        chat.until({"delivered": 3, "retrying": 2}, pusher)

        assert len(chat.platform.messages("another-robot-0123456789")) == 1
        assert due_times(chat, waiting) == due


def elsewhere(chat: Chat) -> int:
    """A robot at another host, which fails there."""
    with chat.store.writing() as db:
        return an_endpoint(db, channel="wecom", state="failing", failures=1)


def waiting_at(chat: Chat, endpoint: int) -> int:
    """A retry of *endpoint* that is due in an hour."""
    with chat.store.writing() as db:
        due_at = now(db) + 3600 * SECOND
        return a_delivery(db, endpoint_id=endpoint, state="retrying", attempts=1, due_at=due_at)


def due_times(chat: Chat, keys: list[int]) -> list[int]:
    with chat.store.reading() as db:
        found = select(deliveries.c.due_at).where(deliveries.c.id.in_(keys)).order_by(deliveries.c.id)
        return list(db.execute(found).scalars())

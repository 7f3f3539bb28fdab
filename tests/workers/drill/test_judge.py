"""The judge finds what is wrong, and takes for wrong nothing else."""

import pytest

from tests.workers.drill.builders import a_receipt, a_receiver, history_of, some_news, withdrawn
from workers.drill.board import Receipt
from workers.drill.judge import Account, Sort, Unanswered, judge
from workers.drill.newsroom import News

FIRST = some_news(1)
SECOND = some_news(1, 2)
OTHER = some_news(2)
GONE = withdrawn(FIRST)
MOVED = some_news(1, 2, city="苏州")
WEBHOOK = a_receiver(city=("泰州",))
ROBOT = a_receiver(name="wecom 1", channel="wecom", city=("泰州",))


def judged(
    accepted: list[News], receipts: list[Receipt], *, unanswered: Unanswered | None = None, robot: bool = False
) -> Account:
    receiver = ROBOT if robot else WEBHOOK
    return judge(receiver, receipts, history_of(*accepted), unanswered or Unanswered())


def wrong(account: Account) -> list[tuple[Sort, str, int]]:
    return [(one.sort, one.guid[-4:], one.version) for one in account.findings]


@pytest.mark.parametrize(
    ("accepted", "came", "owed"),
    [
        ([FIRST, OTHER], [FIRST, OTHER], 2),
        ([FIRST, SECOND], [FIRST, SECOND], 1),
        ([FIRST, SECOND], [SECOND], 1),  # the first was overtaken
        ([FIRST, GONE], [FIRST, GONE], 1),
        ([FIRST, GONE], [], 0),  # who had nothing is told of no withdrawal
        ([FIRST, MOVED], [FIRST, MOVED], 1),  # who has the old text is told of the new one
        ([FIRST, MOVED], [], 0),
        ([FIRST, GONE, some_news(1, 3)], [some_news(1, 3)], 1),
    ],
)
def test_all_that_is_owed_has_come(accepted: list[News], came: list[News], owed: int) -> None:
    account = judged(accepted, [a_receipt(news) for news in came])

    assert (account.owed, account.sent, wrong(account)) == (owed, owed, [])


@pytest.mark.parametrize(
    ("accepted", "came", "found"),
    [
        ([FIRST, OTHER], [OTHER], (Sort.MISSING, "0001", 1)),
        ([FIRST, SECOND], [FIRST], (Sort.MISSING, "0001", 2)),
        ([FIRST, GONE], [FIRST], (Sort.MISSING, "0001", 2)),
        ([FIRST, MOVED], [FIRST], (Sort.MISSING, "0001", 2)),
        ([FIRST, SECOND], [SECOND, FIRST], (Sort.DISORDERED, "0001", 1)),
        ([some_news(1, city="苏州")], [FIRST], (Sort.UNASKED, "0001", 1)),
        ([FIRST, GONE], [GONE], (Sort.UNASKED, "0001", 2)),
    ],
)
def test_what_is_lost_out_of_order_or_unasked_is_found(
    accepted: list[News], came: list[News], found: tuple[Sort, str, int]
) -> None:
    assert wrong(judged(accepted, [a_receipt(news) for news in came])) == [found]


def test_a_second_id_for_the_same_version_is_a_double() -> None:
    account = judged([FIRST], [a_receipt(FIRST), a_receipt(FIRST, ident="another")])

    assert wrong(account) == [(Sort.TWICE, "0001", 1)]
    assert "another" in account.findings[0].detail


def test_one_id_for_two_things_is_a_double() -> None:
    account = judged([FIRST, OTHER], [a_receipt(FIRST), a_receipt(OTHER, ident="id-1-1")])

    assert wrong(account) == [(Sort.TWICE, "0002", 1)]


@pytest.mark.parametrize(("unanswered", "doubles"), [(0, 2), (1, 1), (2, 0)])
def test_the_same_id_again_needs_a_try_without_an_answer_each_time(unanswered: int, doubles: int) -> None:
    account = judged([FIRST], [a_receipt(FIRST)] * 3, unanswered=Unanswered({"id-1-1": unanswered}))

    assert (account.again, account.count(Sort.TWICE)) == (2, doubles)


@pytest.mark.parametrize(("unanswered", "doubles"), [(0, 1), (1, 0)])
def test_a_card_that_came_again_needs_it_too_though_it_has_no_id(unanswered: int, doubles: int) -> None:
    card = a_receipt(FIRST, ROBOT, ident="")

    account = judged(
        [FIRST], [card, card], robot=True, unanswered=Unanswered(by_card={(ROBOT.name, (1, 1)): unanswered})
    )

    assert (account.again, account.count(Sort.TWICE)) == (1, doubles)


def test_a_repetition_of_the_old_version_behind_the_new_one_is_out_of_order() -> None:
    receipts = [a_receipt(FIRST), a_receipt(SECOND), a_receipt(FIRST)]

    account = judged([FIRST, SECOND], receipts, unanswered=Unanswered({"id-1-1": 1}))

    assert wrong(account) == [(Sort.DISORDERED, "0001", 1)]


def test_an_old_text_under_the_new_version_is_stale() -> None:
    account = judged([FIRST, SECOND], [a_receipt(SECOND, text_version=1)])

    assert wrong(account) == [(Sort.STALE, "0001", 2)]


def test_what_nobody_published_and_what_nobody_signed_is_found() -> None:
    account = judged([FIRST], [a_receipt(SECOND), a_receipt(FIRST, is_signed=False)])

    assert wrong(account) == [(Sort.STALE, "0001", 2), (Sort.UNSIGNED, "0001", 1)]


def test_a_newer_version_may_come_to_whom_an_older_one_may_have_reached() -> None:
    may_have = Unanswered(by_card={(WEBHOOK.name, (1, 1)): 1})

    assert wrong(judged([FIRST, GONE], [a_receipt(GONE)], unanswered=may_have)) == []

"""Digests and documents: each article once as a story, its changes as corrections, and what is newest in each feed."""

import orjson
import pytest

from tests.workers.drill.builders import ZONE, a_receipt, a_receiver, history_of, some_news, withdrawn
from workers.drill.board import Receipt
from workers.drill.judge import Account, Sort, Unanswered
from workers.drill.judge_digests import judge_digests
from workers.drill.judge_documents import judge_document
from workers.drill.newsroom import News, zone_name

READER = a_receiver(name="digest 1", channel="email", cadence="daily", zone=(ZONE,))
FIRST, SECOND, OTHER = some_news(1), some_news(1, 2), some_news(2)
GONE = withdrawn(FIRST)
LAST = some_news(9)


def story(news: News, digest: str) -> Receipt:
    return a_receipt(news, READER, ident=digest)


def correction(news: News, digest: str) -> Receipt:
    return a_receipt(news, READER, ident=digest, is_correction=True)


def judged(accepted: list[News], receipts: list[Receipt], **unanswered: int) -> Account:
    accepted, receipts = [*accepted, LAST], [*receipts, story(LAST, "d9")]
    return judge_digests(READER, receipts, history_of(*accepted), Unanswered(unanswered))


@pytest.mark.parametrize(
    ("accepted", "came"),
    [
        ([FIRST], [story(FIRST, "d1")]),
        ([FIRST, SECOND], [story(SECOND, "d1")]),
        ([FIRST, SECOND], [story(FIRST, "d1"), correction(SECOND, "d9")]),
        ([FIRST, GONE], [story(FIRST, "d1"), correction(GONE, "d9")]),
        ([FIRST, GONE], []),  # it was gone before it was sent
        ([some_news(1, zone=zone_name(5))], []),
    ],
)
def test_digests_with_all_that_is_owed_are_clean(accepted: list[News], came: list[Receipt]) -> None:
    assert judged(accepted, came).findings == []


@pytest.mark.parametrize(
    ("accepted", "came", "sort"),
    [
        ([FIRST], [], Sort.MISSING),
        ([FIRST, SECOND], [story(FIRST, "d1")], Sort.MISSING),
        ([FIRST, GONE], [story(FIRST, "d1")], Sort.MISSING),
        ([FIRST], [story(FIRST, "d1"), story(FIRST, "d2")], Sort.TWICE),
        ([FIRST, SECOND], [story(FIRST, "d1"), story(SECOND, "d2")], Sort.TWICE),
        ([some_news(1, zone=zone_name(5))], [story(FIRST, "d1")], Sort.UNASKED),
    ],
)
def test_what_is_wrong_with_digests_is_found(accepted: list[News], came: list[Receipt], sort: Sort) -> None:
    assert [one.sort for one in judged(accepted, came).findings] == [sort]


@pytest.mark.parametrize(("unanswered", "doubles"), [(0, 1), (1, 0)])
def test_a_digest_that_came_again_needs_a_try_without_an_answer(unanswered: int, doubles: int) -> None:
    account = judged([FIRST], [story(FIRST, "d1"), story(FIRST, "d1")], d1=unanswered)

    assert (account.again, account.count(Sort.TWICE)) == (1, doubles)


def a_document(*news: News) -> bytes:
    return orjson.dumps({"items": [{"title": one.title} for one in news]})


@pytest.mark.parametrize(
    ("body", "sorts"),
    [
        (a_document(LAST, OTHER, SECOND), []),
        (a_document(LAST, OTHER, FIRST), [Sort.STALE, Sort.MISSING]),
        (a_document(LAST, SECOND), [Sort.MISSING]),
        (a_document(LAST, OTHER, SECOND, some_news(3)), [Sort.STALE]),  # which is withdrawn
        (None, [Sort.MISSING]),
    ],
)
def test_a_document_shows_what_is_newest_and_nothing_else(body: bytes | None, sorts: list[Sort]) -> None:
    third = some_news(3)
    accepted = [FIRST, third, SECOND, OTHER, withdrawn(third), LAST]

    account = judge_document("all.json", "/feeds/all.json", body, accepted)

    assert [one.sort for one in account.findings] == sorts
    assert (account.owed, account.sent) == (1, int(not sorts))

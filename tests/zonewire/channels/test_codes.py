"""Every code that the platforms document, and what becomes of a delivery that gets it.

The letters are those of the facts that we go by: T transient, L rate-limited (the endpoint rests, no try is spent),
A the signature is made anew, P permanent for this message, D permanent for the endpoint.
"""

from typing import Any

import orjson
import pytest

from zonewire.channels import baidu, dingtalk, feishu, indexnow, slack, wecom
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.outbound.courier import Reply

HOUR = 3_600

WECOM = {
    "T": [-1],
    "L 60": [45009, 45033],
    "D": [93000, 93004, 93008],
    "P": [40008, 40058, 40063, 44004, 41016, 47001, 45002, 40009, 301019, 40007],
}
DINGTALK = {
    "T": [-1],
    "L 600": [130101, 410100],
    "L 86400": [90030],
    "D": [300001, 300005, 400101, 400102, 400106, 400013],
    "P": [400105, 40035, 43004, 430101, 430102, 430103, 430104],
}
FEISHU = {"L 60": [11232, 99991400], "D": [19001], "misset": [19022, 19021], "P": [9499, 19024, 19002]}
BAIDU = {"P": [400, 404, 411, 413, 422], "misset": [401], "T": [500]}


def letter_of(outcome: Outcome) -> str:
    """Which of the letters an outcome is."""
    match outcome:
        case Delivered():
            letter = "ok"
        case Later(pauses_endpoint=True, wait_s=int(wait_s)):
            letter = f"L {wait_s}"
        case Later(then_disable=disables):
            letter = "A" if disables else "T"
        case Never(close_endpoint=True):
            letter = "D"
        case Never(disable_endpoint=True):
            letter = "misset"
        case Never(has_plainer=plainer):
            letter = "P" if plainer else "?"
        case Unknown():
            letter = "unknown"
    return letter


def rows(table: dict[str, list[int]]) -> list[tuple[str, int]]:
    return [(letter, code) for letter, codes in table.items() for code in codes]


def said(**shape: Any) -> Reply:
    return Reply(status=200, body=orjson.dumps(shape))


@pytest.mark.parametrize(("letter", "code"), rows(WECOM))
def test_wecoms_codes(letter: str, code: int) -> None:
    assert letter_of(wecom.judge(said(errcode=code, errmsg="said"))) == letter


@pytest.mark.parametrize(("letter", "code"), rows(DINGTALK))
def test_dingtalks_codes(letter: str, code: int) -> None:
    assert letter_of(dingtalk.judge(said(errcode=code, errmsg="said"))) == letter


@pytest.mark.parametrize(("letter", "code"), rows(FEISHU))
def test_feishus_codes(letter: str, code: int) -> None:
    assert letter_of(feishu.judge(said(code=code, msg="said"))) == letter


@pytest.mark.parametrize(("letter", "code"), rows(BAIDU))
def test_baidus_codes(letter: str, code: int) -> None:
    assert letter_of(baidu.judge(said(error=code, message="said"))) == letter


@pytest.mark.parametrize(
    ("words", "letter"),
    [
        ("keywords not in content", "P"),  # the portal's name stands in the plain form of them all
        ("invalid timestamp", "A"),
        ("sign not match", "misset"),
        ("ip X.X.X.X not in whitelist", "misset"),
        ("something new", "T"),
    ],
)
def test_dingtalks_one_code_with_several_meanings_is_told_apart_by_its_words(words: str, letter: str) -> None:
    assert letter_of(dingtalk.judge(said(errcode=310000, errmsg=words))) == letter


@pytest.mark.parametrize(
    ("status", "letter"),
    [(200, "ok"), (202, "ok"), (400, "P"), (403, "misset"), (422, "P"), (429, "L 300"), (500, "T")],
)
def test_indexnows_statuses(status: int, letter: str) -> None:
    assert letter_of(indexnow.judge(Reply(status=status))) == letter


@pytest.mark.parametrize(
    ("status", "word", "letter"),
    [
        (200, "ok", "ok"),
        (400, "invalid_blocks", "P"),
        (403, "action_prohibited", "misset"),
        (404, "no_service", "D"),
        (410, "channel_is_archived", "D"),
        (429, "", "L 30"),
        (500, "rollup_error", "T"),
        (200, "a page", "T"),
    ],
)
def test_slacks_words(status: int, word: str, letter: str) -> None:
    assert letter_of(slack.judge(Reply(status=status, body=word.encode()))) == letter


@pytest.mark.parametrize("judge", [wecom.judge, dingtalk.judge, feishu.judge, slack.judge])
def test_what_is_no_answer_of_the_platform_may_work_another_time(judge: Any) -> None:
    answers = [
        Reply(status=500),
        Reply(status=200, body=b"<html>"),
        Reply(status=200, body=b"{}"),
        Reply(error="refused"),
    ]
    assert [letter_of(judge(reply)) for reply in answers] == ["T"] * 4
    assert judge(Reply(lost=True)) == Unknown(once_more=True)


@pytest.mark.parametrize("judge", [wecom.judge, dingtalk.judge, feishu.judge, slack.judge])
def test_an_answer_that_broke_off_says_nothing_unless_its_code_had_come(judge: Any) -> None:
    assert judge(Reply(status=200, body=b'{"err', broken=True)) == Unknown("the answer broke off", once_more=True)
    assert letter_of(judge(Reply(status=500, body=b"", broken=True))) == "T"
    whole = b"ok" if judge is slack.judge else b'{"errcode": 0, "code": 0}'
    assert letter_of(judge(Reply(status=200, body=whole, broken=True))) == "ok"


@pytest.mark.parametrize(
    ("judge", "key"), [(wecom.judge, "errcode"), (dingtalk.judge, "errcode"), (feishu.judge, "code")]
)
def test_a_code_that_no_table_has_is_tried_three_times_and_told_with_its_words(judge: Any, key: str) -> None:
    outcome = judge(said(**{key: 777777, "errmsg": "new", "msg": "new"}))
    assert outcome == Later(f"{key} 777777: new", 200, most_tries=3)


def test_an_answer_with_the_code_as_text_or_truth_is_no_answer() -> None:
    assert [letter_of(wecom.judge(said(errcode=code))) for code in ("0", False, None, 0.0)] == ["T"] * 4

"""公众号: a digest becomes a draft in the account's box, and is submitted for publication where that is asked for.

https://developers.weixin.qq.com/doc/offiaccount/Draft_Box/Add_draft.html. Here it is said what is to be done; `wechat`
does it, in a courier's thread. All codes that WeChat's pages list for such accounts have a row, those too of calls that
are never made (mass sending, messages by template): whoever reads the ledger finds what they mean.
"""

from dataclasses import replace

import orjson

from zonewire.channels.limits import Limits
from zonewire.channels.verdicts import Table, answer_of, busy, misset, never, read, rest, spent, taken
from zonewire.delivery.messages import DraftMessage, Endpoint, Message
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import DraftRequest, Reply

LIMITS = Limits(Terms(rates=(Rate(30, 60),)))

ASK_AGAIN_S = 600
SPENT, NOT_GRANTED = 45009, (48001, 50001)
POLLS_S = (5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300)
"""How long after the last one each question follows that asks how a publication fares: half an hour in all."""

DONE, RUNNING = 0, 1
STATUSES = {
    2: "its originality was not recognised",
    3: "it failed",
    4: "the platform's review rejected it",
    5: "its owner deleted it",
    6: "the platform banned it",
}


_SECRET = "mend ZONEWIRE_WECHAT_APPID and ZONEWIRE_WECHAT_SECRET"  # noqa: S105 - what to do, no secret
_BY_HAND = "save and publish it by hand in the console"

CODES: Table = {
    0: (taken, ""),
    -1: (busy, "WeChat is busy"),
    61450: (busy, "WeChat is busy"),
    # the token, after it was fetched anew: somebody else fetches it by the old call, or the AppSecret was reset
    40001: (misset, f"the token is not taken: let nobody else fetch it, or {_SECRET}"),
    40014: (misset, f"the token is not taken: let nobody else fetch it, or {_SECRET}"),
    42001: (misset, f"the token is not taken: let nobody else fetch it, or {_SECRET}"),
    41001: (misset, _SECRET),
    40125: (misset, _SECRET),
    40013: (misset, _SECRET),
    40243: (misset, "the AppSecret is frozen: thaw it in the console"),
    40164: (rest(ASK_AGAIN_S), "add this machine's address to the account's IP 白名单"),
    89503: (rest(3_600), "an administrator has to approve this machine's address"),
    45009: (spent, "the day's calls are used up"),
    45011: (rest(60), "too many calls in a minute"),
    48001: (misset, "the account may not make this call: drafts need a certified account"),
    50001: (misset, "the account may not make this call"),
    48004: (misset, "the call is banned: see the notices in the console"),
    50002: (misset, "the account is banned: see the notices in the console"),
    48006: (rest(86_400), "the day's quota was reset too often"),
    53404: (misset, "the account is barred from such content"),
    53405: (misset, "the account is barred from such content"),
    53406: (misset, "the account is barred from such content"),
    # pictures
    40005: (never, "WeChat does not take this type of picture"),
    40009: (never, "a picture is too large"),
    40007: (never, "the draft, or its cover, is there no more"),
    41006: (never, "the media_id is missing"),
    53402: (never, "the cover could not be cropped"),
    # drafts
    45003: (never, "a title is too long"),
    45004: (never, "a digest is too long"),
    45002: (never, "the content is too long"),
    44003: (never, "the content is empty"),
    45166: (never, "the content holds what WeChat does not take"),
    45005: (never, "the address behind 阅读原文 is too long"),
    45008: (never, "a draft has eight articles at most"),
    40155: (never, "the text links to another account's home page"),
    88000: (never, "the account has no comments"),
    87009: (never, "WeChat holds the content to be a risk"),
    87014: (never, "WeChat holds the content to be a risk"),
    47001: (never, "WeChat could not read the draft"),
    40033: (never, "WeChat could not read the draft's characters"),
    # publishing
    53503: (never, f"the draft did not pass WeChat's check: {_BY_HAND}"),
    53504: (never, _BY_HAND),
    53505: (never, _BY_HAND),
    # mass sending, which is never called
    45065: (taken, "it was sent already"),
    45066: (rest(60), "repeated too fast"),
    45067: (never, "clientmsgid is too long"),
    45028: (spent, "nothing is left of what may be sent to all"),
    41040: (never, "it has to pass a copyright check"),
    40130: (never, "fewer than two receivers"),
    40152: (never, "there is no such tag"),
    # messages by template, which are never sent
    47003: (never, "a field of the template is wrong"),
    43101: (never, "the reader has not agreed, or no more"),
    40003: (never, "there is no such reader"),
    43004: (never, "the reader does not follow the account"),
    40037: (misset, "there is no such template"),
}


def build(message: Message, endpoint: Endpoint) -> DraftRequest:
    """What is to be done about a draft. Raises TypeError for what no account is told."""
    if not isinstance(message, DraftMessage):
        raise TypeError(f"an Official Account has drafts, and no {type(message).__name__}")
    return DraftRequest(
        host=endpoint.address,
        act=message.act,
        articles=message.articles,
        indexes=message.indexes,
        media_id=message.media_id,
        publish_id=message.publish_id,
        made_at=message.made_at,
        accent=message.accent,
        name=message.name,
        is_uncertain=message.is_uncertain,
        taken=message.taken,
        told=orjson.dumps(message.told).decode(),
    )


def judge(reply: Reply) -> Outcome:
    """By `errcode`; a draft that is to be published is not over with its being made."""
    outcome = read(reply, CODES, code="errcode", words="errmsg")
    answer = answer_of(reply.body)
    act, told = answer.get("act"), answer.get("told") or {}
    if not isinstance(outcome, Delivered):
        return _milder(outcome, str(act), answer.get("errcode"))
    if act == "add" and told.get("submits"):
        return Delivered(reply.status, goes_on_s=0)
    if act == "submit" and not answer.get("publish_id"):
        return outcome  # it was submitted before, and nobody knows under which number
    if act == "submit":
        return Delivered(reply.status, goes_on_s=POLLS_S[0])
    if act == "poll":
        return _of_publication(answer.get("publish_status"), told.get("polls", 0), reply.status)
    return outcome


def _milder(outcome: Outcome, act: str, code: object) -> Outcome:
    """What a refusal means for one thing that is done about a draft, where that is less than for the account."""
    if act == "submit" and code in NOT_GRANTED:
        return Never(f"errcode {code}: the account may not publish by API: {_BY_HAND}")
    if isinstance(outcome, Later) and act == "add" and code == SPENT:
        return replace(outcome, pauses_endpoint=False)  # drafts that are there can be written anew all the same
    if isinstance(outcome, Later) and act == "update":
        return replace(outcome, most_tries=None)  # a correction is worth the whole schedule
    return outcome


def _of_publication(found: int | None, polls: int, status: int) -> Outcome:
    """How a publication fares, after so many questions before this one."""
    if found == DONE:
        return Delivered(status)
    if found != RUNNING:
        return Never(f"publish_status {found}: {STATUSES.get(found or 0, 'unknown')}", status)
    if polls + 1 < len(POLLS_S):
        return Delivered(status, goes_on_s=POLLS_S[polls + 1])
    return Never("publish_status 1: WeChat has not published it within half an hour; see the console", status)

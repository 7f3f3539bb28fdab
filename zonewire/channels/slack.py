"""Incoming webhooks of Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

A message is blocks, and a text for notifications. Answers are words, not JSON; one message a second is taken.
"""

from typing import Any

import orjson

from zonewire.channels.limits import A_FLOOD, Limits
from zonewire.channels.parts import parts_of
from zonewire.channels.texts import link_target, within_chars, without_links
from zonewire.channels.verdicts import Verdict, bad, busy, gone, half_answered, misset, unanswered
from zonewire.channels.writing import heading_of, is_article, notification_of, written
from zonewire.delivery.messages import CardMessage, CardSort, Endpoint, Message
from zonewire.delivery.outcomes import Delivered, Later, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply

HEADER_CHARS, SECTION_CHARS, FOOT_CHARS = 150, 3_000, 300
REST_S = 30

LIMITS = Limits(Terms(rates=(Rate(40, 60), Rate(1, 1), A_FLOOD), merged=10))

HEADERS = ("content-type: application/json; charset=utf-8",)

ANSWERS: dict[str, tuple[Verdict, str]] = {
    "invalid_payload": (bad, "Slack could not read the message"),
    "invalid_blocks": (bad, "Slack does not take a part of the message"),
    "no_text": (bad, "the text is empty"),
    "too_many_attachments": (bad, "the message has too many parts"),
    "action_prohibited": (misset, "an administrator of the workspace forbids it"),
    "posting_to_general_channel_denied": (misset, "an administrator of the workspace forbids it"),
    "invalid_token": (gone, "the webhook was removed, or its address is wrong"),
    "no_service": (gone, "the webhook was removed, or its address is wrong"),
    "no_service_id": (gone, "the webhook was removed, or its address is wrong"),
    "no_team": (gone, "the workspace is no more"),
    "team_disabled": (gone, "the workspace is no more"),
    "user_not_found": (gone, "the person that it writes to is no more"),
    "channel_not_found": (gone, "the channel is no more"),
    "channel_is_archived": (gone, "the channel was archived"),
    "rollup_error": (busy, "Slack is busy"),
}


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of a card that fits. Raises TypeError for what a robot does not write."""
    if not isinstance(message, CardMessage):
        raise TypeError(f"a robot writes cards, not a {type(message).__name__}")
    return HttpRequest(endpoint.address, endpoint.host, HEADERS, orjson.dumps(_body(message)))


def parts(card: CardMessage) -> list[CardMessage]:
    """*card* as messages that Slack takes."""
    return parts_of(card, lambda some: len(_written(some)) <= SECTION_CHARS)


def judge(reply: Reply) -> Outcome:
    """By the word in the body, behind 200 as behind an error."""
    status = reply.status
    word = reply.body[:100].decode(errors="replace").strip()
    if status == 200 and word == "ok":
        return Delivered(status)
    if not status:
        return unanswered(reply)
    if status == 429:
        return Later("HTTP 429: sent too fast", status, reply.retry_after_s or REST_S, pauses_endpoint=True)
    if word in ANSWERS:
        verdict, remark = ANSWERS[word]
        return verdict(f"{word}: {remark}", status)
    if status == 200 and (unknown := half_answered(reply)):
        return unknown
    return Later(f"HTTP {status}: {word}" if word else f"HTTP {status}", status)


def _body(card: CardMessage) -> dict[str, Any]:
    text = within_chars(notification_of(card), HEADER_CHARS)
    if card.plain:
        return {"text": _written(card)}
    section = {"type": "mrkdwn", "text": _written(card), "verbatim": True}
    blocks: list[dict[str, Any]] = [{"type": "section", "text": section}]
    if not is_article(card):
        heading = {"type": "plain_text", "text": within_chars(heading_of(card), HEADER_CHARS)}
        blocks.insert(0, {"type": "header", "text": heading})
    if foot := _foot(card):
        blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": foot}]})
    return {"text": escaped(text), "blocks": blocks}


def _foot(card: CardMessage) -> str:
    if card.sort is CardSort.GREETING:
        return ""
    meta = card.items[0].meta if is_article(card) else ""
    return within_chars(f"{card.portal} · {meta}" if meta else card.portal, FOOT_CHARS)


def _written(card: CardMessage) -> str:
    return written("slack/list.md", card, safe=escaped, target=_target)


def escaped(text: str) -> str:
    """*text* as mrkdwn shows it: three signs escaped, those that format in their full-width form."""
    plain = without_links(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.translate(_FORMATS)


_FORMATS = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "*_~`|"})


def _target(url: str) -> str:
    return link_target(url).replace("&", "&amp;")

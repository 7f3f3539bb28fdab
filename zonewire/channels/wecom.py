"""Robots of WeCom groups (企业微信 消息推送): https://developer.work.weixin.qq.com/document/path/99110.

News is a `news` message of up to eight articles, which plain WeChat can read as well; one thing that is put right and a
greeting are a template card, several and digests Markdown. Limits are in UTF-8 bytes; what is too long in a `news`
article, and in a card, the platform would cut in silence, so it is cut here.
"""

from typing import Any

import orjson

from zonewire.articles.shortening import columns, shorten
from zonewire.channels.limits import A_FLOOD, Limits
from zonewire.channels.parts import parts_of
from zonewire.channels.texts import in_markdown, link_target, within, without_links
from zonewire.channels.verdicts import Table, bad, busy, gone, read, rest, taken
from zonewire.channels.writing import button_of, heading_of, is_article, written
from zonewire.delivery.messages import CardItem, CardMessage, CardSort, Endpoint, Message
from zonewire.delivery.outcomes import Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply

ARTICLES = 8  # of a `news` message
TITLE_BYTES, DESCRIPTION_BYTES = 128, 512  # of an article in it
MARKDOWN_BYTES, TEXT_BYTES = 4_096, 2_048
# Full-width characters of a template card that are shown.
CARD_TITLE, CARD_LINE, CARD_TEXT, CARD_SOURCE, CARD_EMPHASIS = 26, 30, 112, 13, 10

# The platform takes 20 a minute; two are left to whoever else uses the robot.
LIMITS = Limits(Terms(rates=(Rate(18, 60), A_FLOOD), merged=ARTICLES))

HEADERS = ("content-type: application/json; charset=utf-8",)

CODES: Table = {
    0: (taken, ""),
    -1: (busy, "WeCom is busy"),
    45009: (rest(60), "the robot was sent too much in a minute"),
    45033: (rest(60), "the robot was sent too much at once"),
    93000: (gone, "there is no such robot: it was removed, or its address is wrong"),
    93004: (gone, "the robot was stopped"),
    93008: (gone, "the robot is not in its group any more"),
    40008: (bad, "WeCom does not know this type of message"),
    40058: (bad, "a part of the message is not as WeCom wants it"),
    40063: (bad, "a part of the message is empty"),
    44004: (bad, "the text is empty"),
    41016: (bad, "an article has no title"),
    47001: (bad, "WeCom could not read the message"),
    45002: (bad, "the message is too long"),
    40009: (bad, "a picture is too large"),
    301019: (bad, "a picture does not match its checksum"),
    40007: (bad, "a file that the message names is there no more"),
}


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of a card that fits; see `parts`. Raises TypeError for what a robot does not write."""
    if not isinstance(message, CardMessage):
        raise TypeError(f"a robot writes cards, not a {type(message).__name__}")
    return HttpRequest(endpoint.address, endpoint.host, HEADERS, orjson.dumps(_body(message)))


def parts(card: CardMessage) -> list[CardMessage]:
    """*card* as messages that WeCom takes."""
    return parts_of(card, _fits)


def judge(reply: Reply) -> Outcome:
    """By `errcode`."""
    return read(reply, CODES, code="errcode", words="errmsg")


def _fits(card: CardMessage) -> bool:
    body = _body(card)
    match body["msgtype"]:
        case "news":
            return len(card.items) <= ARTICLES
        case "markdown":
            return len(body["markdown"]["content"].encode()) <= MARKDOWN_BYTES
        case "text":
            return len(body["text"]["content"].encode()) <= TEXT_BYTES
    return True


def _body(card: CardMessage) -> dict[str, Any]:
    if card.plain:
        text = written("plain.txt", card, safe=without_links, target=str)
        return {"msgtype": "text", "text": {"content": text}}
    if card.sort is CardSort.NEWS:
        return {"msgtype": "news", "news": {"articles": [_article(item) for item in card.items]}}
    if card.sort is CardSort.GREETING or is_article(card):
        return {"msgtype": "template_card", "template_card": _notice(card)}
    text = written("wecom/list.md", card, safe=in_markdown, target=link_target)
    return {"msgtype": "markdown", "markdown": {"content": text}}


def _article(item: CardItem) -> dict[str, str]:
    description = "\n".join(filter(None, (item.summary, item.meta)))
    article = {
        "title": within(item.title, TITLE_BYTES),
        "description": within(description, DESCRIPTION_BYTES),
        "url": item.url,
    }
    return article | ({"picurl": item.picture} if item.picture else {})


def _notice(card: CardMessage) -> dict[str, Any]:
    """A card about one thing: what was put right, or that the robot is there."""
    item = next(iter(card.items), None)
    title = heading_of(card) if item is None else item.title
    notice: dict[str, Any] = {
        "card_type": "text_notice",
        "source": {"desc": shorten(card.portal, CARD_SOURCE), "desc_color": 0},
        "main_title": {"title": shorten(title, CARD_TITLE)},
        "sub_title_text": shorten(card.lead, CARD_TEXT),
        "card_action": {"type": 1, "url": button_of(card)[1] if item else card.home},
    }
    if item is not None and item.mark:
        notice["emphasis_content"] = {"title": shorten(item.mark, CARD_EMPHASIS)}
    if item is not None and item.meta:
        notice["main_title"]["desc"] = _line_of(item.meta)
    return notice


def _line_of(meta: str) -> str:
    """As much of *meta* as a line holds: place and date before the source."""
    while columns(meta) > CARD_LINE * 2 and " · " in meta:
        meta = meta.rpartition(" · ")[0]
    return shorten(meta, CARD_LINE)

"""Custom robots of Feishu and Lark groups (飞书): https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.

Messages are interactive cards of the first version, which all clients show; refused ones come again as a post. What is
put right has a red head. Feishu's signature is peculiar: timestamp and secret are the key, and nothing is the message.
"""

import base64
import hmac
from typing import Any

import orjson

from zonewire.articles.shortening import shorten
from zonewire.channels.limits import A_FLOOD, Limits
from zonewire.channels.parts import parts_of
from zonewire.channels.texts import in_markdown, link_target, without_links
from zonewire.channels.verdicts import Table, answer_of, bad, gone, misset, read, rest, taken
from zonewire.channels.writing import button_of, heading_of, is_article, title_of
from zonewire.delivery.messages import CardItem, CardMessage, CardSort, Endpoint, Message
from zonewire.delivery.outcomes import Later, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply
from zonewire.rendering.environment import render
from zonewire.rendering.translation import words

BODY_BYTES = 20_000
SIGNED_BYTES = 100  # what timestamp and signature add
HEAD_WIDTH = 60  # full-width characters of a head: four lines on a phone; the article has the rest

# The platform takes 100 a minute and 5 a second; a little is left to whoever else uses the robot.
LIMITS = Limits(Terms(rates=(Rate(90, 60), Rate(4, 1), A_FLOOD), merged=10))

HEADERS = ("content-type: application/json; charset=utf-8",)
REST_S = 60

CODES: Table = {
    0: (taken, ""),
    9499: (bad, "Feishu could not read the message, or it is too long"),
    19002: (bad, "Feishu does not take a part of the message"),
    19024: (bad, "the robot wants a keyword: set the portal's name, it stands in every message"),
    11232: (rest(REST_S), "the robot was sent too much"),
    99991400: (rest(REST_S), "Feishu's gateway was sent too much"),
    19021: (misset, "the signature does not hold: the secret or this machine's clock is wrong"),
    19022: (misset, "Feishu does not take messages from this machine's address"),
    19001: (gone, "there is no such robot: it was removed, or its address is wrong"),
}


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of a card that fits, signed for this moment. Raises TypeError for what a robot does not write."""
    if not isinstance(message, CardMessage):
        raise TypeError(f"a robot writes cards, not a {type(message).__name__}")
    signature = signature_of(endpoint.secret, at=message.at) if endpoint.secret else {}
    return HttpRequest(endpoint.address, endpoint.host, HEADERS, orjson.dumps(signature | _body(message)))


def signature_of(secret: str, *, at: int) -> dict[str, str]:
    """The fields `timestamp` and `sign` of a body. *at* in Unix seconds."""
    mac = hmac.digest(f"{at}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": str(at), "sign": base64.b64encode(mac).decode()}


def parts(card: CardMessage) -> list[CardMessage]:
    """*card* as messages that Feishu takes."""
    return parts_of(card, lambda some: len(orjson.dumps(_body(some))) + SIGNED_BYTES <= BODY_BYTES)


def judge(reply: Reply) -> Outcome:
    """By `code`; the gateway's 429 says how long to wait."""
    if reply.status == 429:
        code = answer_of(reply.body).get("code", "")
        wait_s = reply.retry_after_s or REST_S
        return Later(f"HTTP 429, code {code}: Feishu's gateway was sent too much", 429, wait_s, pauses_endpoint=True)
    return read(reply, CODES, code="code", words="msg")


def _body(card: CardMessage) -> dict[str, Any]:
    if card.plain:
        return {"msg_type": "post", "content": {"post": {"zh_cn" if card.locale == "zh-CN" else "en_us": _post(card)}}}
    return {"msg_type": "interactive", "card": _card(card)}


def _card(card: CardMessage) -> dict[str, Any]:
    title = title_of(card.items[0], card.locale) if is_article(card) else heading_of(card)
    elements = _article(card) if is_article(card) else _list(card)
    return {
        "config": {"wide_screen_mode": True},
        "header": {
            "template": "red" if card.sort in {CardSort.CHANGES, CardSort.ALARM} else "turquoise",
            "title": _text(shorten(title, HEAD_WIDTH)),
        },
        "elements": [*elements, {"tag": "note", "elements": [_text(_foot(card))]}],
    }


def _article(card: CardMessage) -> list[dict[str, Any]]:
    item = card.items[0]
    said = [{"tag": "div", "text": _text(text)} for text in (card.lead, item.summary) if text]
    return [*said, _button(*button_of(card))]


def _list(card: CardMessage) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = [{"tag": "div", "text": _text(card.lead)}] if card.lead else []
    group = ""
    for item in card.items:
        if item.group != group:
            group = item.group
            elements.append({"tag": "div", "text": _markdown(f"**{in_markdown(group)}**")})
        is_lead = bool(item.summary) and card.sort is CardSort.DIGEST
        elements.append({"tag": "div", "text": _markdown(("" if is_lead else "• ") + _line(item, card.locale))})
        if is_lead:
            elements.append({"tag": "div", "text": _text(item.summary)})
    if card.sort is CardSort.GREETING:
        elements.append(_button(words(card.locale)("robots.home"), card.home))
    if card.more:
        elements += [{"tag": "hr"}, _button(card.more, card.more_url)]
    return elements


def _line(item: CardItem, locale: str) -> str:
    mark = f"{item.mark}{words(locale)('common.colon')}" if item.mark else ""
    title, url = in_markdown(item.title), link_target(item.url)
    return render("robots/feishu/line.md", locale, mark=mark, title=title, url=url).strip()


def _foot(card: CardMessage) -> str:
    meta = card.items[0].meta if is_article(card) else ""
    return f"{card.portal} · {meta}" if meta else card.portal


def _text(content: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": content}


def _markdown(content: str) -> dict[str, str]:
    return {"tag": "lark_md", "content": content}


def _button(label: str, url: str) -> dict[str, Any]:
    return {"tag": "action", "actions": [{"tag": "button", "text": _text(label), "type": "primary", "url": url}]}


def _post(card: CardMessage) -> dict[str, Any]:
    """The plain form: paragraphs of texts and links, without any Markdown."""
    first = (card.lead,) if is_article(card) or card.sort is CardSort.GREETING else (card.portal, card.lead)
    last = (card.portal,) if is_article(card) else ()
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": text}] for text in first if text]
    for item in card.items:
        title = title_of(item, card.locale)
        lines.append([{"tag": "a", "text": title, "href": item.url} if item.url else {"tag": "text", "text": title}])
    if card.more:
        lines.append([{"tag": "a", "text": card.more, "href": card.more_url}])
    lines += [[{"tag": "text", "text": text}] for text in last]
    safe = [[part | {"text": without_links(part["text"])} for part in line] for line in lines]
    return {"title": "" if is_article(card) else heading_of(card), "content": safe}

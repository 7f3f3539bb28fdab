"""Custom robots of DingTalk groups (钉钉): https://open.dingtalk.com/document/orgapp/custom-robot-access.

One article is an actionCard, several that all have pictures a feedCard, others and digests Markdown. A robot that is
sent more than 20 messages a minute is muted for ten. Of its three ways of security, a signature is made where the
endpoint has a secret; a keyword is met by the portal's name, which stands in every message but a feedCard: that is
refused then, and comes again in its plain form.
"""

import base64
import hmac
from typing import Any
from urllib.parse import quote_plus

import orjson

from zonewire.articles.shortening import shorten
from zonewire.channels.limits import A_FLOOD, Limits
from zonewire.channels.parts import parts_of
from zonewire.channels.texts import in_markdown, link_target, within, without_links
from zonewire.channels.verdicts import Table, answer_of, bad, busy, gone, misset, misset_after, read, rest, taken
from zonewire.channels.writing import button_of, is_article, notification_of, written
from zonewire.delivery.messages import CardMessage, CardSort, Endpoint, Message
from zonewire.delivery.outcomes import Later, Never, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply

BODY_BYTES = 20_000
TITLE_BYTES = 200  # of a notification's line; more is never shown
HEAD_WIDTH = 60  # full-width characters of a head: four lines on a phone; the article has the rest
MUTED_S = 600

# The platform takes 20 a minute; two are left to whoever else uses the robot.
LIMITS = Limits(Terms(rates=(Rate(18, 60), A_FLOOD), merged=10))

HEADERS = ("content-type: application/json; charset=utf-8",)

SECURITY = 310000
CODES: Table = {
    0: (taken, ""),
    -1: (busy, "DingTalk is busy"),
    130101: (rest(MUTED_S), "the robot was sent too much, and is muted for ten minutes"),
    410100: (rest(MUTED_S), "the robot was sent too much, and is muted for ten minutes"),
    90030: (rest(86_400), "the calls of the company's plan are used up"),
    300001: (gone, "there is no such robot: it was removed, or its address is wrong"),
    300005: (gone, "there is no such robot: it was removed, or its address is wrong"),
    400101: (gone, "there is no such robot: it was removed, or its address is wrong"),
    400102: (gone, "the robot was stopped"),
    400106: (gone, "the robot is no more"),
    400013: (gone, "the group was dissolved"),
    400105: (bad, "DingTalk does not know this type of message"),
    40035: (bad, "DingTalk could not read the message"),
    43004: (bad, "DingTalk wants another content type"),
    430101: (bad, "DingTalk holds a link in it to be unsafe"),
    430102: (bad, "DingTalk holds a text in it to be unsafe"),
    430103: (bad, "DingTalk holds a picture in it to be unsafe"),
    430104: (bad, "DingTalk holds something in it to be unsafe"),
}


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of a card that fits, signed for this moment. Raises TypeError for what a robot does not write."""
    if not isinstance(message, CardMessage):
        raise TypeError(f"a robot writes cards, not a {type(message).__name__}")
    url = signed(endpoint.address, endpoint.secret, at=message.at) if endpoint.secret else endpoint.address
    return HttpRequest(url, endpoint.host, HEADERS, orjson.dumps(_body(message)))


def signed(address: str, secret: str, *, at: int) -> str:
    """*address* with DingTalk's `timestamp` (milliseconds) and `sign` behind its query. *at* in Unix seconds."""
    moment = at * 1000
    mac = hmac.digest(secret.encode(), f"{moment}\n{secret}".encode(), "sha256")
    sign = quote_plus(base64.b64encode(mac))
    return f"{address}{'&' if '?' in address else '?'}timestamp={moment}&sign={sign}"


def parts(card: CardMessage) -> list[CardMessage]:
    """*card* as messages that DingTalk takes."""
    return parts_of(card, lambda some: len(orjson.dumps(_body(some))) <= BODY_BYTES)


def judge(reply: Reply) -> Outcome:
    """By `errcode`; the gateway says in its own words that a robot is muted."""
    answer = answer_of(reply.body)
    if answer.get("punish") == "deny":
        return Later("punish: deny: the robot was sent too much, and is muted", reply.status, MUTED_S, True)
    if answer.get("errcode") == SECURITY:
        return _of_security(str(answer.get("errmsg", "")), reply.status)
    return read(reply, CODES, code="errcode", words="errmsg")


def _of_security(said: str, status: int) -> Outcome:
    """The one code that has several meanings, told apart by its words."""
    told = f"errcode {SECURITY}: {said[:160]}"
    if "keyword" in said:
        return Never(
            f"{told}: set the portal's name as the robot's keyword, or better let it sign",
            status,
            has_plainer=True,
        )
    if "timestamp" in said:
        return misset_after(3)(f"{told}: the clock of this machine is wrong", status)
    if "sign" in said or "whitelist" in said or "ip " in said:
        return misset(f"{told}: mend the robot's secret or list of addresses", status)
    return Later(told, status, most_tries=3)


def _body(card: CardMessage) -> dict[str, Any]:
    title = within(notification_of(card), TITLE_BYTES)
    if card.plain:
        text = written("plain.txt", card, safe=without_links, target=str)
        return {"msgtype": "text", "text": {"content": text}}
    if is_article(card):
        return {"msgtype": "actionCard", "actionCard": _article(card, title)}
    if card.sort is CardSort.NEWS and all(item.picture for item in card.items):
        links = [{"title": item.title, "messageURL": item.url, "picURL": item.picture} for item in card.items]
        return {"msgtype": "feedCard", "feedCard": {"links": links}}
    text = written("dingtalk/list.md", card, safe=in_markdown, target=link_target)
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


def _article(card: CardMessage, title: str) -> dict[str, str]:
    shown = card._replace(items=(card.items[0]._replace(title=shorten(card.items[0].title, HEAD_WIDTH)),))
    label, url = button_of(card)
    return {
        "title": title,
        "text": written("dingtalk/article.md", shown, safe=in_markdown, target=link_target),
        "btnOrientation": "0",
        "singleTitle": label,
        "singleURL": url,
    }

"""DingTalk's custom robot (钉钉自定义机器人), as strict as its pages and stricter where they are silent.

https://open.dingtalk.com/document/robots/custom-robot-access, …/robots/customize-robot-security-settings.
Documented: rate and mute, the signature, the texts beside 310000, the fields. Remembered: the limit of the body and its
code 460101, 400102 for a stopped robot, 40035 for wrong fields, the gateway's figure for `wait` (which is no promise:
the robot stays mute for 10 minutes), and that unknown fields are refused here while DingTalk drops them in silence.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators.markdown import DINGTALK, Link, Seen, read, read_plain
from tests.simulators.robots import CALLER, Rate, Refused, Robot, Robots, has_keyword, require
from tests.simulators.serving import Answer, Asked
from tests.simulators.shapes import Check, Json, address, both, fields, listed, one_of, truth, words

SEND = "/robot/send"
# protocols, 3: the table of codes
TOO_FAST, GONE, STOPPED, UNCHECKED = 130101, 300001, 400102, 310000
BAD_KIND, BAD_JSON, BAD_CONTENT_TYPE, TOO_LONG = 400105, 40035, 43004, 460101
BODY_BYTES = 20_000  # protocols, 3
SIGNED_FOR_S = 3600.0  # protocols, 3: accepted within 1 h of the server's clock

_LINK = address("https?", "dingtalk")
_WORDS = words(least=0)
_AT = fields({}, {"atMobiles": listed(words()), "atUserIds": listed(words()), "isAtAll": truth})


def _has_buttons(value: Any, path: str) -> Iterator[str]:
    """One button for the whole card, or a list of them."""
    single = "singleTitle" in value or "singleURL" in value
    if single == ("btns" in value):
        yield f"{path} needs singleTitle and singleURL, or btns"
    elif single and not (value.get("singleTitle") and value.get("singleURL")):
        yield f"{path} needs both singleTitle and singleURL"


# protocols, 3: the table of bodies. Mind the capitals: link uses `Url`, feedCard `URL`
SHAPES: dict[str, Check] = {
    "text": fields({"content": words()}),
    "link": fields({"title": words(), "text": words(), "messageUrl": _LINK}, {"picUrl": words(least=0)}),
    "markdown": fields({"title": words(), "text": words()}),
    "actionCard": both(
        fields(
            {"title": words(), "text": words()},
            {
                "btnOrientation": one_of("0", "1"),
                "singleTitle": words(),
                "singleURL": _LINK,
                "btns": listed(fields({"title": words(), "actionURL": _LINK}), least=1),
            },
        ),
        _has_buttons,
    ),
    "feedCard": fields(
        {"links": listed(fields({"title": words(), "messageURL": _LINK, "picURL": address()}), least=1)}
    ),
}
CAN_RING = {"text", "markdown"}  # protocols, 3: the kinds that have `at`


def sign(secret: str, timestamp_ms: str) -> str:
    """The signature before it is URL-encoded."""
    # protocols, 3: string = MS + "\n" + secret; key = secret; HMAC-SHA256, base64
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class DingTalk(Robots):
    """The platform."""

    rates = (Rate(20, 60.0),)  # protocols, 3: 20 messages/min per robot
    mute_s = 600.0  # protocols, 3: over it the robot is muted for 10 min

    def __init__(self, *, gateway: bool = False, open: bool = False, port: int = 0) -> None:  # noqa: A002 - as in Robots
        """*gateway*: a broken rate is answered by the gateway's `punish: deny` in place of 130101."""
        super().__init__(open=open, port=port)
        self.gateway = gateway

    def url(self, key: str) -> str:
        """The address of the robot *key*."""
        return f"{self.base}{SEND}?access_token={key}"

    def no(self, code: int, why: str) -> Refused:
        """A refusal: HTTP 200 and its errcode."""
        return Refused(f"{code}: {why}", Answer.json({"errcode": code, "errmsg": why}))

    def take(self, asked: Asked) -> Answer:
        """Take a message."""
        if asked.method != "POST" or asked.path != SEND:
            raise Refused(f"{asked.method} {asked.path}", Answer(b"", 404, {}))
        robot = self.robot(asked.query.get("access_token", ""), unknown=GONE, stopped=STOPPED)
        self._check_rate(robot)
        if len(asked.body) > BODY_BYTES:
            raise self.no(TOO_LONG, f"message too long: {len(asked.body)} bytes of {BODY_BYTES}")
        body = self.read_json(asked, self._because(BAD_JSON), self._because(BAD_CONTENT_TYPE))
        self._check_caller(robot, asked)
        self._accept(robot, body)
        return Answer.json({"errcode": 0, "errmsg": "ok"})

    def _because(self, code: int) -> Callable[[str], Refused]:
        return lambda why: self.no(code, why)

    def _check_rate(self, robot: Robot) -> None:
        if not self.over_rate_s(robot):
            return
        if self.gateway:
            raise Refused("1111: punish deny", Answer.json({"status": 1111, "wait": 5, "punish": "deny"}))
        raise self.no(TOO_FAST, "send too fast, exceed 20 times per minute")

    def _check_caller(self, robot: Robot, asked: Asked) -> None:
        if robot.ips and CALLER not in robot.ips:
            raise self.no(UNCHECKED, f"ip {CALLER} not in whitelist")
        if robot.secret is None:
            return
        timestamp = asked.query.get("timestamp", "")
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) != len("1700000000000"):
            raise self.no(UNCHECKED, "invalid timestamp")
        if abs(int(timestamp) / 1000 - self.now()) > SIGNED_FOR_S:
            raise self.no(UNCHECKED, "invalid timestamp")
        # A bare + arrives as a blank and fails here, as it does there.
        if not hmac.compare_digest(asked.query.get("sign", "").encode(), sign(robot.secret, timestamp).encode()):
            raise self.no(UNCHECKED, "sign not match")
        raw = next(part for part in asked.raw_query.split("&") if part.startswith("sign="))
        if set("/=+") & set(raw.removeprefix("sign=")):
            self.faults.append("sign is not URL-encoded")

    def _accept(self, robot: Robot, body: Json) -> None:
        kind = body.get("msgtype")
        if not isinstance(kind, str) or kind not in SHAPES:
            raise self.no(BAD_KIND, f"unsupported msgtype {kind!r}")
        ringing = {"at": _AT} if kind in CAN_RING else {}
        require(fields({"msgtype": words(), kind: SHAPES[kind]}, ringing), body, self._because(BAD_JSON))
        if not has_keyword(robot, body[kind]):
            raise self.no(UNCHECKED, "keywords not in content")
        robot.accepted.append(body)

    def links(self, key: str) -> list[Link]:
        """(title, address) of every link with a text; `dingtalk://…?url=` is given as the address within."""
        return [(title, unwrapped(url)) for title, url in super().links(key)]

    def look(self, message: Json) -> Seen:
        """What a reader sees. The title of markdown and of an actionCard stands in the list of chats only."""
        kind = message["msgtype"]
        part = message[kind]
        match kind:
            case "text":
                return read_plain(part["content"]) + _rung(part["content"], message.get("at", {}), kind)
            case "markdown":
                return read(part["text"], DINGTALK) + _rung(part["text"], message.get("at", {}), kind)
            case "link":
                return Seen(links=[(part["title"], part["messageUrl"])])
            case "feedCard":
                return Seen(links=[(link["title"], link["messageURL"]) for link in part["links"]])
            case _:
                buttons = [(button["title"], button["actionURL"]) for button in part.get("btns", ())]
                single = [(part["singleTitle"], part["singleURL"])] if "singleURL" in part else []
                return read(part["text"], DINGTALK) + Seen(links=single + buttons)


def _rung(text: str, at: Json, kind: str) -> Seen:
    """Whom the message rings for: markdown only those who stand in its text too, text all of `at` (remembered)."""
    asked_for = [*at.get("atMobiles", ()), *at.get("atUserIds", ())]
    rung = [whom for whom in asked_for if kind == "text" or f"@{whom}" in text]
    return Seen(mentions=rung + (["@all"] if at.get("isAtAll") else []))


def unwrapped(url: str) -> str:
    """The address within DingTalk's own."""
    # protocols, 3: `dingtalk://dingtalkclient/page/link?url=<encoded>&pc_slide=false`
    if not url.lower().startswith("dingtalk://"):
        return url
    return parse_qs(urlsplit(url).query).get("url", [url])[0]

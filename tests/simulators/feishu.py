"""Feishu's custom robot (飞书自定义机器人), as strict as its page and stricter where the page is silent.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. Documented: both rates, the signature, 9499, 19021,
19022, 19024, 11232, the bodies. Remembered: 19001 for removed and stopped robots alike, 19002 for a wrong message
within a right body, that 20 KB means 20,000 bytes (the lesser reading), that a text's `[..](..)` is a link.
"""

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.simulators.feishu_cards import check_card, ignored, look_at_card
from tests.simulators.markdown import FEISHU, Seen, gather, read, read_plain
from tests.simulators.robots import CALLER, Rate, Refused, Robot, Robots, has_keyword, require
from tests.simulators.serving import Answer, Asked
from tests.simulators.shapes import Check, Json, address, fields, listed, tagged, truth, words

HOOKS = "/open-apis/bot/v2/hook/"
# protocols, 4: the table of codes
BAD_REQUEST, BAD_SIGNATURE, BAD_IP, NO_KEYWORD, TOO_FAST, GONE, BAD_CONTENT = (
    9499,
    19021,
    19022,
    19024,
    11232,
    19001,
    19002,
)
GATEWAY = 99991400
BODY_BYTES = 20_000  # protocols, 4: body ≤ 20 KB
SIGNED_FOR_S = 3600.0  # protocols, 4: ≤ 3600 s old

_WORDS = words(least=0)
_RUN = tagged(
    "tag",
    {
        "text": fields({"tag": words(), "text": _WORDS}, {"un_escape": truth}),
        "a": fields({"tag": words(), "text": words(), "href": address()}),
        "at": fields({"tag": words(), "user_id": words()}, {"user_name": _WORDS}),
        "img": fields({"tag": words(), "image_key": words()}),
    },
)
_POST = fields({"content": listed(listed(_RUN), least=1)}, {"title": _WORDS})


def _check_post(value: Any, path: str) -> Iterator[str]:
    """One language at least."""
    if not isinstance(value, dict) or not value:
        yield f"{path} has no language"
        return
    yield from fields({}, {"zh_cn": _POST, "en_us": _POST, "ja_jp": _POST})(value, path)


# protocols, 4: the table of bodies
SHAPES: dict[str, Check] = {
    "text": fields({"text": words()}),
    "post": fields({"post": _check_post}),
    "image": fields({"image_key": words()}),
    "share_chat": fields({"share_chat_id": words()}),
}


def sign(secret: str, timestamp_s: str) -> str:
    """The signature that stands in the body."""
    # protocols, 4: key = SECONDS + "\n" + secret, message = empty
    return base64.b64encode(hmac.new(f"{timestamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


class Feishu(Robots):
    """The platform, or Lark's."""

    rates = (Rate(100, 60.0), Rate(5, 1.0))  # protocols, 4: 100/min and 5/s per robot and tenant

    def __init__(self, *, gateway: bool = False, open: bool = False, port: int = 0) -> None:  # noqa: A002 - as in Robots
        """*gateway*: a broken rate is answered with HTTP 429 and 99991400 in place of 11232."""
        super().__init__(open=open, port=port)
        self.gateway = gateway

    def url(self, key: str) -> str:
        """The address of the robot *key*."""
        return f"{self.base}{HOOKS}{key}"

    def no(self, code: int, why: str) -> Refused:
        """A refusal: HTTP 200 and its code."""
        return Refused(f"{code}: {why}", Answer.json({"code": code, "msg": why, "data": {}}))

    def take(self, asked: Asked) -> Answer:
        """Take a message."""
        if asked.method != "POST" or not asked.path.startswith(HOOKS):
            raise Refused(f"{asked.method} {asked.path}", Answer(b"404 page not found", 404, {}))
        robot = self.robot(asked.path.removeprefix(HOOKS), unknown=GONE, stopped=GONE)
        self._check_rate(robot)
        if len(asked.body) > BODY_BYTES:
            raise self.no(BAD_REQUEST, f"Bad Request: {len(asked.body)} bytes of {BODY_BYTES}")
        body = self.read_json(asked, self._because(BAD_REQUEST), self._because(BAD_REQUEST))
        self._check_caller(robot, body)
        self._accept(robot, body)
        done = {"code": 0, "msg": "success", "data": {}, "Extra": None, "StatusCode": 0, "StatusMessage": "success"}
        return Answer.json(done)

    def _because(self, code: int) -> Callable[[str], Refused]:
        return lambda why: self.no(code, why)

    def _check_rate(self, robot: Robot) -> None:
        wait_s = self.over_rate_s(robot)
        if not wait_s:
            return
        if not self.gateway:
            raise self.no(TOO_FAST, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        # protocols, 4: HTTP 429, 99991400; wait `x-ogw-ratelimit-reset` seconds
        body = {"code": GATEWAY, "msg": "request trigger frequency limit"}
        limits = {"x_ogw_ratelimit_limit": "100", "x_ogw_ratelimit_reset": str(math.ceil(wait_s))}
        raise Refused(f"{GATEWAY}: {wait_s:.1f} s early", Answer.json(body, 429, **limits))

    def _check_caller(self, robot: Robot, body: Json) -> None:
        if robot.ips and CALLER not in robot.ips:
            raise self.no(BAD_IP, "Ip Not Allowed")
        if robot.secret is None:
            return
        timestamp, signature = body.get("timestamp"), body.get("sign")
        failed = self.no(BAD_SIGNATURE, "sign match fail or timestamp is not within one hour from current time")
        if (
            not isinstance(timestamp, str)
            or not re.fullmatch(r"[0-9]{10}", timestamp)
            or not isinstance(signature, str)
        ):
            raise failed
        if abs(int(timestamp) - self.now()) > SIGNED_FOR_S:
            raise failed
        if not hmac.compare_digest(signature.encode(), sign(robot.secret, timestamp).encode()):
            raise failed

    def _accept(self, robot: Robot, body: Json) -> None:
        kind = body.get("msg_type")
        if kind != "interactive" and (not isinstance(kind, str) or kind not in SHAPES):
            raise self.no(BAD_REQUEST, f"Bad Request: msg_type {kind!r}")
        name: str = "card" if kind == "interactive" else "content"
        outer = fields({"msg_type": words(), name: fields_any}, {"timestamp": words(), "sign": words()})
        require(outer, body, self._because(BAD_REQUEST))
        if not has_keyword(robot, body[name]):
            raise self.no(NO_KEYWORD, "Key Words Not Found")
        if kind == "interactive":
            require(check_card, body[name], self._because(BAD_REQUEST))
            self.faults += [f"card 1.0 ignores {name!r}" for name in ignored(body["card"])]
        else:
            require(SHAPES[kind], body[name], self._because(BAD_CONTENT))
        robot.accepted.append(body)

    def look(self, message: Json) -> Seen:
        """What a reader sees."""
        match message["msg_type"]:
            case "interactive":
                return look_at_card(message["card"])
            case "text":
                marked = read(message["content"]["text"], FEISHU)
                plain = read_plain(re.sub(r"\[[^\]]*\]\([^)]*\)", "", message["content"]["text"]))
                return Seen(links=marked.links, mentions=marked.mentions) + plain
            case "post":
                return gather(_look_at_post(post) for post in message["content"]["post"].values())
            case _:
                return Seen()


def fields_any(value: Any, path: str) -> Iterator[str]:
    """An object, whatever is in it."""
    if not isinstance(value, dict):
        yield f"{path} is no object"


def _look_at_post(post: Json) -> Seen:
    runs = [run for line in post["content"] for run in line]
    title = post.get("title", "").strip()
    return Seen(
        links=[(run["text"], run["href"]) for run in runs if run["tag"] == "a"],
        bare=[url for run in runs if run["tag"] == "text" for _title, url in read_plain(run["text"]).links],
        headings=[title] if title else [],
        mentions=[run["user_id"] for run in runs if run["tag"] == "at"],
    )

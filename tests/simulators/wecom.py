"""WeCom's group robot (企业微信 消息推送), as strict as its page and stricter where the page is silent.

https://developer.work.weixin.qq.com/document/path/91770 and, for cards, the same page under 模版卡片类型.
Documented: rate, byte limits of text and markdown, fields, 93000, 45009. Remembered: that a broken rate stays broken
for 60 s, 93004, the codes of wrong fields, that unknown fields are refused, that `<@userid>` works in text too, and
that news are cut at bytes, not characters. `too_long_code` may be 40058, which some accounts answer in place of 45002.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

from wcwidth import wcswidth

from tests.simulators.markdown import WECOM, WECOM_V2, Seen, gather, read, read_plain
from tests.simulators.robots import Rate, Refused, Robot, Robots, require
from tests.simulators.serving import Answer, Asked
from tests.simulators.shapes import Check, Json, address, both, fields, listed, nodes, number, one_of, tagged, words

SEND, UPLOAD = "/cgi-bin/webhook/send", "/cgi-bin/webhook/upload_media"
# protocols, 2: the table of codes
TOO_FAST, GONE, STOPPED = 45009, 93000, 93004
BAD_TYPE, BAD_FIELD, BAD_JSON, EMPTY_TEXT, NO_TITLE, TOO_LONG = 40008, 40058, 47001, 44004, 41016, 45002
BAD_MEDIA, BAD_SIZE, BAD_PICTURE = 40007, 40009, 301019
TEXT_BYTES, MARKDOWN_BYTES, PICTURE_BYTES, FILE_BYTES = 2048, 4096, 2 * 1024 * 1024, 20 * 1024 * 1024
CUT_BYTES = {"title": 128, "description": 512}  # protocols, 2: news, cut silently
MEDIA_S = 3 * 86_400  # protocols, 2: a media_id is valid for 3 days


def _needs(kind: int, *names: str) -> Check:
    """Where `type` is *kind*, each of *names* is there."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value.get("type") == kind:
            yield from (f"{path}.{name} is missing for type {kind}" for name in names if not value.get(name))

    return check


# protocols, 2: Card. 字 limits are advice and are noted as silent cuts, see ADVICE
_WORDS = words(least=0)
_ACTION = both(
    fields({"type": one_of(1, 2)}, {"url": address(), "appid": words(), "pagepath": words()}),
    _needs(1, "url"),
    _needs(2, "appid"),
)
_HORIZONTAL = both(
    fields(
        {"keyname": words()},
        {
            "value": _WORDS,
            "type": one_of(0, 1, 2, 3),
            "url": address(),
            "media_id": words(),
            "userid": words(),
        },
    ),
    _needs(1, "url"),
    _needs(2, "media_id"),
    _needs(3, "userid"),
)
_JUMP = both(
    fields({"title": words()}, {"type": one_of(0, 1, 2), "url": address(), "appid": words(), "pagepath": words()}),
    _needs(1, "url"),
    _needs(2, "appid"),
)
_AREA = {"type": one_of(0, 1, 2), "url": address(), "appid": words(), "pagepath": words(), "title": _WORDS}
_SOURCE = fields({}, {"icon_url": address(), "desc": _WORDS, "desc_color": one_of(0, 1, 2, 3)})
_PAIR = fields({}, {"title": _WORDS, "desc": _WORDS})
_CARD: dict[str, Check] = {
    "source": _SOURCE,
    "main_title": _PAIR,
    "quote_area": both(fields({}, {**_AREA, "quote_text": _WORDS}), _needs(1, "url"), _needs(2, "appid")),
    "horizontal_content_list": listed(_HORIZONTAL, most=6),
    "jump_list": listed(_JUMP, most=3),
}
_NEWS_CARD: dict[str, Check] = {
    "card_image": fields({"url": address()}, {"aspect_ratio": number(1.3, 2.25)}),
    "image_text_area": both(
        fields({"image_url": address()}, {**_AREA, "desc": _WORDS}), _needs(1, "url"), _needs(2, "appid")
    ),
    "vertical_content_list": listed(fields({"title": words()}, {"desc": _WORDS}), most=4),
}


def _says_something(value: Any, path: str) -> Iterator[str]:
    if not value.get("main_title", {}).get("title") and not value.get("sub_title_text"):
        yield f"{path} has neither main_title.title nor sub_title_text"


def _shows_something(value: Any, path: str) -> Iterator[str]:
    if "card_image" not in value and "image_text_area" not in value:
        yield f"{path} has neither card_image nor image_text_area"


_FIXED = {"card_type": words(), "card_action": _ACTION}
_TEXT_NOTICE = fields(_FIXED, {**_CARD, "emphasis_content": _PAIR, "sub_title_text": _WORDS})
_NEWS_NOTICE = fields({**_FIXED, "main_title": fields({"title": words()}, {"desc": _WORDS})}, {**_CARD, **_NEWS_CARD})
SHAPES: dict[str, Check] = {
    "text": fields({"content": words()}, {"mentioned_list": listed(words()), "mentioned_mobile_list": listed(words())}),
    "markdown": fields({"content": words()}),
    "markdown_v2": fields({"content": words()}),
    "image": fields({"base64": words(), "md5": words()}),
    "news": fields(
        {
            "articles": listed(
                fields({"title": words(), "url": address()}, {"description": _WORDS, "picurl": address()}),
                least=1,
                most=8,
            )
        }
    ),
    "file": fields({"media_id": words()}),
    "voice": fields({"media_id": words()}),
    "template_card": tagged(
        "card_type",
        {"text_notice": both(_TEXT_NOTICE, _says_something), "news_notice": both(_NEWS_NOTICE, _shows_something)},
    ),
}
ADVICE = {  # protocols, 2: characters that a card shows of a field; two Latin letters take the room of one
    ("source", "desc"): 13,
    ("main_title", "title"): 26,
    ("main_title", "desc"): 30,
    ("emphasis_content", "title"): 10,
    ("emphasis_content", "desc"): 15,
    ("horizontal_content_list", "keyname"): 5,
    ("horizontal_content_list", "value"): 26,
    ("jump_list", "title"): 13,
    ("vertical_content_list", "title"): 26,
    ("vertical_content_list", "desc"): 112,
}
SUB_TITLE_CHARACTERS = 112


class WeCom(Robots):
    """The platform."""

    rates = (Rate(20, 60.0),)  # protocols, 2: 20 messages/min per robot
    mute_s = 60.0  # protocols, 2: after 45009 wait 60 s

    def __init__(self, *, open: bool = False, port: int = 0) -> None:  # noqa: A002 - as in Robots
        super().__init__(open=open, port=port)
        self.too_long_code = TOO_LONG
        self._media: dict[str, float] = {}  # media_id: valid until

    def url(self, key: str) -> str:
        """The address of the robot *key*."""
        return f"{self.base}{SEND}?key={key}"

    def no(self, code: int, why: str) -> Refused:
        """A refusal: HTTP 200 and its errcode."""
        return Refused(f"{code}: {why}", Answer.json({"errcode": code, "errmsg": f"{why}, hint: [0000]"}))

    def take(self, asked: Asked) -> Answer:
        """Take a message or a file."""
        if asked.method != "POST" or asked.path not in {SEND, UPLOAD}:
            raise Refused(f"{asked.method} {asked.path}", Answer(b"", 404, {}))
        robot = self.robot(asked.query.get("key", ""), unknown=GONE, stopped=STOPPED)
        if asked.path == UPLOAD:
            return self._take_media(asked)
        if self.over_rate_s(robot):
            raise self.no(TOO_FAST, "api freq out of limit")
        body = self.read_json(asked, self._because(BAD_JSON), self._because(BAD_JSON))
        self._accept(robot, body)
        return Answer.json({"errcode": 0, "errmsg": "ok"})

    def _because(self, code: int) -> Callable[[str], Refused]:
        return lambda why: self.no(code, why)

    def _accept(self, robot: Robot, body: Json) -> None:
        kind = body.get("msgtype")
        if not isinstance(kind, str) or kind not in SHAPES:
            raise self.no(BAD_TYPE, f"invalid message type {kind!r}")
        self._check_codes_of_their_own(kind, body.get(kind))
        require(fields({"msgtype": words(), kind: SHAPES[kind]}), body, self._because(BAD_FIELD))
        self._check_content(kind, body[kind])
        robot.accepted.append(body)

    def _check_content(self, kind: str, part: Json) -> None:
        match kind:
            case "news":
                self._cut_news(part)
            case "template_card":
                self._note_advice(part)
            case "image":
                self._check_picture(part)
            case "file" | "voice":
                if self._media.get(part["media_id"], 0.0) < self.now():
                    raise self.no(BAD_MEDIA, f"invalid media_id {part['media_id']!r}")
            case _:
                most = TEXT_BYTES if kind == "text" else MARKDOWN_BYTES
                if (size := len(part["content"].encode())) > most:
                    raise self.no(self.too_long_code, f"{kind}.content has {size} bytes of {most}")

    def _check_codes_of_their_own(self, kind: str, part: Any) -> None:
        if not isinstance(part, dict):
            return
        if "content" in part and not str(part["content"]).strip():
            raise self.no(EMPTY_TEXT, f"{kind}.content is empty")
        articles = part.get("articles")
        if isinstance(articles, list) and any(isinstance(each, dict) and not each.get("title") for each in articles):
            raise self.no(NO_TITLE, "an article without a title")

    def _check_picture(self, part: Json) -> None:
        try:
            raw = base64.b64decode(part["base64"], validate=True)
        except binascii.Error as error:
            raise self.no(BAD_PICTURE, "no base64") from error
        if len(raw) > PICTURE_BYTES:
            raise self.no(BAD_SIZE, f"{len(raw)} bytes")
        if not raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
            raise self.no(BAD_PICTURE, "neither JPG nor PNG")
        if hashlib.md5(raw).hexdigest() != part["md5"].lower():
            raise self.no(BAD_PICTURE, "md5 mismatch")

    def _cut_news(self, part: Json) -> None:
        """Cut at bytes, as the platform does: half a character is left at the end."""
        for article in part["articles"]:
            for name, most in CUT_BYTES.items():
                whole = str(article.get(name, "")).encode()
                if len(whole) > most:
                    self.silent_cuts.append(f"news {name} of {len(whole)} bytes: {article[name]}")
                    article[name] = whole[:most].decode(errors="replace")

    def _note_advice(self, card: Json) -> None:
        for (outer, inner), most in ADVICE.items():
            for node in nodes(card.get(outer)):
                if wcswidth(said := str(node.get(inner, ""))) > most * 2:
                    self.silent_cuts.append(f"card {outer}.{inner} of {len(said)} characters: {said}")
        if wcswidth(said := str(card.get("sub_title_text", ""))) > 2 * SUB_TITLE_CHARACTERS:
            self.silent_cuts.append(f"card sub_title_text of {len(said)} characters: {said}")

    def _take_media(self, asked: Asked) -> Answer:
        """Multipart with a part `media` that has a file name."""
        head = f"content-type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
        whole = message_from_bytes(head + asked.body)
        named = [
            part
            for part in (whole.walk() if whole.is_multipart() else ())
            if part.get_param("name", header="content-disposition") == "media" and part.get_filename()
        ]
        kind = asked.query.get("type")
        if kind not in {"file", "voice"} or not named:
            raise self.no(BAD_FIELD, "type must be file or voice, with a part media")
        content = named[0].get_payload(decode=True)
        if not isinstance(content, bytes) or not 5 <= len(content) <= (FILE_BYTES if kind == "file" else PICTURE_BYTES):
            raise self.no(BAD_SIZE, "invalid size")
        media_id = f"media-{len(self._media) + 1}"
        self._media[media_id] = self.now() + MEDIA_S
        return Answer.json({"errcode": 0, "errmsg": "ok", "type": kind, "media_id": media_id})

    def look(self, message: Json) -> Seen:
        """What a reader sees."""
        kind = message["msgtype"]
        part = message[kind]
        if kind == "text":
            whom = [*part.get("mentioned_list", ()), *part.get("mentioned_mobile_list", ())]
            plain = read_plain(part["content"])
            return plain + Seen(mentions=whom + read(part["content"], WECOM).mentions)
        if kind in {"markdown", "markdown_v2"}:
            return read(part["content"], WECOM if kind == "markdown" else WECOM_V2)
        if kind == "news":
            return Seen(links=[(article["title"], article["url"]) for article in part["articles"]])
        return _look_at_card(part) if kind == "template_card" else Seen()


def _look_at_card(card: Json) -> Seen:
    """Lines that lead somewhere, and the titles of the others."""
    title = card.get("main_title", {}).get("title") or card.get("sub_title_text", "")
    lines = [
        *card.get("horizontal_content_list", ()),
        *card.get("jump_list", ()),
        card.get("quote_area", {}),
        card.get("image_text_area", {}),
    ]
    named = [(line.get("value") or line.get("title") or line.get("keyname") or "", line) for line in lines]
    going = [(name, line["url"]) for name, line in named if "url" in line]
    whole = [(title, card["card_action"]["url"])] if "url" in card["card_action"] else []
    members = [line["userid"] for line in lines if "userid" in line]  # a member's card, which rings nobody (remembered)
    headings = [line["title"] for line in card.get("vertical_content_list", ())]
    headings += [name for name, line in named if line and "url" not in line and line.get("userid") not in members]
    return gather([Seen(links=whole + going), Seen(headings=headings)])

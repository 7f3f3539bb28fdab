"""Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

Errors: https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks; blocks and their limits:
https://docs.slack.dev/reference/block-kit/blocks; rate: https://docs.slack.dev/apis/web-api/rate-limits (1 a second,
short bursts allowed). Remembered: the length of a burst (5 here), `rate_limited`, that a label in `<address|label>` is
shown as it stands, that text over 40,000 characters is cut; stricter than Slack: unknown fields of a block are refused,
blocks other than those below are refused, and a `<!here>` in the notification text counts beside blocks too.
"""

import math
from collections.abc import Iterator
from typing import Any

from tests.simulators.markdown import SLACK_MARKDOWN, Link, Seen, gather, read, read_mrkdwn, show_slack
from tests.simulators.robots import Rate, Refused, Robot, Robots
from tests.simulators.serving import Answer, Asked
from tests.simulators.shapes import (
    Check,
    Json,
    address,
    anything,
    both,
    complaint,
    fields,
    listed,
    nodes,
    one_of,
    tagged,
    truth,
    words,
)

SERVICES = "/services/"
NO_SERVICE, PROHIBITED, BAD_TOKEN, ARCHIVED, NO_CHANNEL = (
    "no_service",
    "action_prohibited",
    "invalid_token",
    "channel_is_archived",
    "channel_not_found",
)
STATUSES = {
    "invalid_payload": 400,
    "no_text": 400,
    "invalid_blocks": 400,
    "user_not_found": 400,
    PROHIBITED: 403,
    BAD_TOKEN: 403,
    NO_SERVICE: 404,
    NO_CHANNEL: 404,
    ARCHIVED: 410,
    "rate_limited": 429,
    "rollup_error": 500,
}
MOST_BLOCKS, TEXT_CHARACTERS, MARKDOWN_CHARACTERS = 50, 40_000, 12_000
KNOWN = {"text", "blocks", "attachments", "thread_ts", "mrkdwn", "unfurl_links", "unfurl_media", "response_type"}
BURST_S = 5.0

_ID = words(most=255)


def _plain(most: int) -> Check:
    return fields({"type": one_of("plain_text"), "text": words(most=most)}, {"emoji": truth})


def _text(most: int) -> Check:
    marked = fields({"type": words(), "text": words(most=most)}, {"verbatim": truth})
    return tagged("type", {"plain_text": _plain(most), "mrkdwn": marked})


_BUTTON = fields(
    {"type": one_of("button"), "text": _plain(75)},
    {
        "action_id": _ID,
        "url": address("https?", most=3000),
        "value": words(most=2000),
        "style": one_of("primary", "danger"),
        "confirm": anything,
        "accessibility_label": words(most=75),
    },
)
_PICTURE = {"type": one_of("image"), "image_url": address(most=3000), "alt_text": words(most=2000)}
_BLOCK_ID: dict[str, Check] = {"block_id": _ID}


def _says_something(value: Any, path: str) -> Iterator[str]:
    if "text" not in value and "fields" not in value:
        yield f"{path} has neither text nor fields"


BLOCK = tagged(
    "type",
    {
        "section": both(
            fields(
                {"type": words()},
                {
                    **_BLOCK_ID,
                    "text": _text(3000),
                    "fields": listed(_text(2000), least=1, most=10),
                    "accessory": tagged("type", {"button": _BUTTON, "image": fields(_PICTURE)}),
                    "expand": truth,
                },
            ),
            _says_something,
        ),
        "header": fields({"type": words(), "text": _plain(150)}, _BLOCK_ID),
        "divider": fields({"type": words()}, _BLOCK_ID),
        "context": fields(
            {
                "type": words(),
                "elements": listed(
                    tagged("type", {"image": fields(_PICTURE), "mrkdwn": _text(3000), "plain_text": _text(3000)}),
                    least=1,
                    most=10,
                ),
            },
            _BLOCK_ID,
        ),
        "actions": fields({"type": words(), "elements": listed(_BUTTON, least=1, most=25)}, _BLOCK_ID),
        "image": fields(_PICTURE, {**_BLOCK_ID, "title": _plain(2000)}),
        "markdown": fields({"type": words(), "text": words(most=MARKDOWN_CHARACTERS)}, _BLOCK_ID),
    },
)


class Slack(Robots):
    """The platform. A key is the end of a webhook's address: `T…/B…/X…`."""

    rates = (Rate(5, BURST_S),)  # 1 message a second, in bursts of five

    def __init__(self, *, open: bool = False, port: int = 0) -> None:  # noqa: A002 - as in Robots
        super().__init__(open=open, port=port)
        self._errors: dict[str, list[str]] = {}
        self._lasting: dict[str, str] = {}

    def url(self, key: str) -> str:
        """The address of the webhook *key*."""
        return f"{self.base}{SERVICES}{key}"

    def archive(self, key: str) -> None:
        """The webhook's channel is archived: 410 from now on."""
        self._lasting[key] = ARCHIVED

    def lose_channel(self, key: str) -> None:
        """The webhook's channel is deleted: 404 `channel_not_found` from now on."""
        self._lasting[key] = NO_CHANNEL

    def error_next(self, key: str, error: str, *, times: int = 1) -> None:
        """Refuse the next *times* requests of *key* with *error*, one of STATUSES."""
        with self.lock:
            self._errors.setdefault(key, []).extend([error] * times)

    def no(self, code: int, why: str) -> Refused:
        """A refusal in plain text; *code* is the HTTP status."""
        return Refused(f"{code}: {why}", Answer(why.encode(), code, {"content-type": "text/html"}))

    def _no(self, error: str, why: str = "", **headers: str) -> Refused:
        kept = {"content-type": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return Refused(f"{error} {why}".strip(), Answer(error.encode(), STATUSES[error], kept))

    def take(self, asked: Asked) -> Answer:
        """Take a message."""
        if asked.method != "POST" or not asked.path.startswith(SERVICES):
            raise self.no(404, f"{asked.method} {asked.path}")
        robot = self._webhook(asked.path.removeprefix(SERVICES))
        if wait_s := self.over_rate_s(robot):
            robot.muted_until = max(robot.muted_until, self.now() + wait_s)  # Retry-After is meant
            raise self._no("rate_limited", retry_after=str(math.ceil(wait_s)))
        body = self.read_json(asked, self._payload, self._payload)
        self._check(body)
        robot.accepted.append(body)
        return Answer(b"ok", 200, {"content-type": "text/html"})

    def _payload(self, why: str) -> Refused:
        return self._no("invalid_payload", why)

    def _webhook(self, key: str) -> Robot:
        siblings = [known for known in self._robots if known.rpartition("/")[0] == key.rpartition("/")[0]]
        if key not in self._robots and siblings and not self.open:
            raise self._no(BAD_TOKEN)
        try:
            robot = self.robot(key, unknown=404, stopped=403)
        except Refused as refused:
            errors_of = {404: NO_SERVICE, 403: PROHIBITED}
            if (error := errors_of.get(refused.answer.status)) is None:
                raise
            raise self._no(error, str(refused)) from refused
        if errors := self._errors.get(key):
            raise self._no(errors.pop(0), "forced")
        if key in self._lasting:
            raise self._no(self._lasting[key])
        return robot

    def _check(self, body: Json) -> None:
        text, blocks = body.get("text"), body.get("blocks")
        if text is not None and not isinstance(text, str):
            raise self._no("invalid_payload", "text is no text")
        if not (text or "").strip() and not blocks:
            raise self._no("no_text")
        if why := complaint(listed(BLOCK, most=MOST_BLOCKS), blocks or [], "blocks"):
            raise self._no("invalid_blocks", why)
        if sum(len(each["text"]) for each in blocks or () if each["type"] == "markdown") > MARKDOWN_CHARACTERS:
            raise self._no("invalid_blocks", "markdown blocks are too long together")
        if blocks and not text:
            self.faults.append("blocks without text: notifications are empty")
        if text and len(text) > TEXT_CHARACTERS:
            self.silent_cuts.append(f"text of {len(text)} characters")
            body["text"] = text[:TEXT_CHARACTERS]
        self.faults += [f"unknown field {name!r}" for name in sorted(set(body) - KNOWN)]

    def look(self, message: Json) -> Seen:
        """What a reader sees: blocks, and text only without them. Mentions in text count in any case."""
        text = read_mrkdwn(message.get("text") or "", is_block=False)
        if not message.get("blocks"):
            return text
        return Seen(mentions=text.mentions) + gather(_look_at_block(block) for block in message["blocks"])


def _look_at_block(block: Json) -> Seen:
    if block["type"] == "header":
        return Seen(headings=[show_slack(block["text"]["text"]).strip()])
    if block["type"] == "markdown":
        return read(block["text"], SLACK_MARKDOWN)
    marked = [node for node in nodes(block) if node.get("type") == "mrkdwn"]
    seen = gather(read_mrkdwn(node["text"], verbatim=node.get("verbatim", False)) for node in marked)
    buttons: list[Link] = [
        (show_slack(node["text"]["text"]), node["url"])
        for node in nodes(block)
        if node.get("type") == "button" and "url" in node
    ]
    return seen + Seen(links=buttons)

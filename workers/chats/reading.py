"""A message of any of the platforms, read; what is not known is shown as the JSON that it is."""

from collections.abc import Callable, Mapping
from typing import Any

from workers.chats import dingtalk, feishu, slack, wecom
from workers.chats.pieces import Reading, unknown

PLATFORMS: Mapping[str, Callable[[Mapping[str, Any]], Reading | None]] = {
    "wecom": wecom.read,
    "dingtalk": dingtalk.read,
    "feishu": feishu.read,
    "slack": slack.read,
}


def reading_of(platform: str, message: Mapping[str, Any]) -> Reading:
    """What a member of a group on *platform*, one of PLATFORMS, sees of *message*."""
    try:
        reading = PLATFORMS[platform](message)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration):
        reading = None  # it is not of the shape that its type promises
    return reading if reading and reading.pieces else Reading(form=_form(message), pieces=(unknown(message),))


def _form(message: Mapping[str, Any]) -> str:
    return str(message.get("msgtype") or message.get("msg_type") or "?")[:40]

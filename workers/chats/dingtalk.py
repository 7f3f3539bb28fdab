"""DingTalk's actionCard, feedCard, Markdown and text: see zonewire/channels/dingtalk.py for the page.

The title of a Markdown message and of an actionCard stands in the list of chats and in the notification alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.chats.blocks import common_markdown
from workers.chats.pieces import Kind, Piece, Reading, button, link, plain
from workers.chats.wecom import text_lines

Json = Mapping[str, Any]


def read(message: Json) -> Reading | None:
    """None for what is not known here."""
    form = message["msgtype"]
    part = message[form]
    match form:
        case "actionCard":
            pieces = (*common_markdown(part["text"]), *_buttons(part))
            return Reading(form=form, pieces=pieces, notice=str(part["title"]))
        case "feedCard":
            return Reading(form=form, pieces=tuple(_feed(part["links"])))
        case "markdown":
            return Reading(form=form, pieces=tuple(common_markdown(part["text"])), notice=str(part["title"]))
        case "text":
            return Reading(form=form, pieces=tuple(text_lines(part["content"])))
    return None


def _buttons(card: Json) -> Iterator[Piece]:
    if "singleTitle" in card:
        yield button(card["singleTitle"], card["singleURL"])
    for each in card.get("btns", ()):
        yield button(each["title"], each["actionURL"])


def _feed(links: list[Json]) -> Iterator[Piece]:
    for nth, each in enumerate(links):
        kind, tone = (Kind.ROW, "") if nth else (Kind.COVER, "over")
        has_picture = bool(each.get("picURL"))
        yield Piece(
            kind=kind, runs=plain(each["title"]), url=link(each["messageURL"]), has_picture=has_picture, tone=tone
        )

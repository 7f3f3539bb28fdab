"""Slack's blocks, and its text where there are none: see zonewire/channels/slack.py for the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.chats.blocks import paragraphs
from workers.chats.marks import mrkdwn, slack_text
from workers.chats.pieces import Kind, Piece, Reading, Run, said, unknown

Json = Mapping[str, Any]


def read(message: Json) -> Reading:
    """Beside blocks the text is what a notification shows."""
    text = str(message.get("text") or "")
    if blocks := message.get("blocks"):
        pieces = tuple(piece for block in blocks for piece in _block(block))
        return Reading(form="blocks", pieces=pieces, notice=slack_text(text))
    return Reading(form="text", pieces=tuple(_marked(text)))


def _block(block: Json) -> Iterator[Piece]:
    match block["type"]:
        case "header":
            yield from said(Kind.TITLE, slack_text(block["text"]["text"]))
        case "section" if "text" in block and "fields" not in block:
            yield from _text(block["text"])
        case "divider":
            yield Piece(kind=Kind.RULE)
        case "context":
            words = [each for each in block["elements"] if "text" in each]
            yield Piece(kind=Kind.NOTE, runs=tuple(run for each in words for run in _runs(each)))
        case "image":
            yield Piece(kind=Kind.PICTURE)
        case _:
            yield unknown(block)


def _text(text: Json) -> Iterator[Piece]:
    if text["type"] == "mrkdwn":
        yield from _marked(str(text["text"]), verbatim=bool(text.get("verbatim")))
    else:
        yield from said(Kind.TEXT, slack_text(text["text"]))


def _runs(text: Json) -> tuple[Run, ...]:
    if text["type"] == "mrkdwn":
        return mrkdwn(str(text["text"]), verbatim=bool(text.get("verbatim")))
    return (Run(text=slack_text(str(text["text"]))),)


def _marked(text: str, *, verbatim: bool = False) -> Iterator[Piece]:
    for paragraph in paragraphs(text):
        yield Piece(kind=Kind.TEXT, runs=mrkdwn(paragraph, verbatim=verbatim))

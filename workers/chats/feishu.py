"""Feishu's cards of the first version, and posts: see zonewire/channels/feishu.py for the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.chats.blocks import paragraphs
from workers.chats.marks import addresses, markdown
from workers.chats.pieces import Kind, Piece, Reading, Run, button, link, plain, said, unknown

Json = Mapping[str, Any]
RED = {"red", "carmine", "orange"}


def read(message: Json) -> Reading | None:
    """None for what is not known here; another version of cards among it."""
    form = message["msg_type"]
    match form:
        case "interactive" if "schema" not in message["card"]:
            return Reading(form=form, pieces=tuple(_card(message["card"])))
        case "post":
            post = next(iter(message["content"]["post"].values()))
            return Reading(form=form, pieces=tuple(_post(post)))
        case "text":
            return Reading(form=form, pieces=tuple(_marked(message["content"]["text"])))
    return None


def _card(card: Json) -> Iterator[Piece]:
    if header := card.get("header"):
        tone = "seal" if header.get("template") in RED else "accent"
        yield Piece(kind=Kind.BANNER, runs=plain(header["title"]["content"]), tone=tone)
    for element in card["elements"]:
        yield from _element(element)


def _element(element: Json) -> Iterator[Piece]:
    match element["tag"]:
        case "div" if "text" in element:
            yield from _text(element["text"])
        case "markdown":
            yield from _marked(element["content"])
        case "hr":
            yield Piece(kind=Kind.RULE)
        case "note":
            yield from said(Kind.NOTE, " ".join(str(each.get("content", "")) for each in element["elements"]))
        case "img":
            yield Piece(kind=Kind.PICTURE)
        case "action":
            for each in element["actions"]:
                yield button(each["text"]["content"], each.get("url"))
        case _:
            yield unknown(element)


def _text(text: Json) -> Iterator[Piece]:
    if text["tag"] == "lark_md":
        yield from _marked(text["content"])
    else:
        yield from said(Kind.TEXT, text["content"])


def _marked(text: str) -> Iterator[Piece]:
    for paragraph in paragraphs(text):
        yield Piece(kind=Kind.TEXT, runs=markdown(paragraph, entities=True))


def _post(post: Json) -> Iterator[Piece]:
    yield from said(Kind.TITLE, post.get("title"))
    for line in post["content"]:
        yield Piece(kind=Kind.TEXT, runs=tuple(run for part in line for run in _post_runs(part)))


def _post_runs(part: Json) -> Iterator[Run]:
    match part["tag"]:
        case "a":
            yield Run(text=str(part["text"]), url=link(part["href"]))
        case "text":
            yield from addresses(str(part["text"]))
        case "at":
            yield Run(text=f"@{part.get('user_name') or part['user_id']}", tone="link")

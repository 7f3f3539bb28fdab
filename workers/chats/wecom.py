"""WeCom's news, text notices, Markdown and text: see zonewire/channels/wecom.py for the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.chats.blocks import lines_as_written, paragraphs
from workers.chats.marks import addresses
from workers.chats.pieces import Kind, Piece, Reading, link, plain, said

Json = Mapping[str, Any]


def read(message: Json) -> Reading | None:
    """None for what is not known here."""
    form = message["msgtype"]
    part = message[form]
    match form:
        case "news":
            return Reading(form=form, pieces=tuple(_news(part["articles"])))
        case "template_card" if part["card_type"] == "text_notice":
            return Reading(form=form, pieces=tuple(_notice(part)), url=link(part["card_action"].get("url")))
        case "markdown":
            return Reading(form=form, pieces=tuple(lines_as_written(part["content"])))
        case "text":
            return Reading(form=form, pieces=tuple(text_lines(part["content"])))
    return None


def text_lines(text: str) -> Iterator[Piece]:
    """Text without marks: paragraphs, in which bare addresses are links."""
    for paragraph in paragraphs(text):
        yield Piece(kind=Kind.TEXT, runs=tuple(addresses(paragraph)))


def _news(articles: list[Json]) -> Iterator[Piece]:
    """The first large, the others as rows. A description is shown of one that is alone (remembered)."""
    first, *others = articles
    yield Piece(
        kind=Kind.COVER,
        runs=plain(first["title"]),
        url=link(first["url"]),
        has_picture=bool(first.get("picurl")),
        below="" if others else str(first.get("description", "")),
        tone="over" if others else "",
    )
    for article in others:
        has_picture = bool(article.get("picurl"))
        yield Piece(kind=Kind.ROW, runs=plain(article["title"]), url=link(article["url"]), has_picture=has_picture)


def _notice(card: Json) -> Iterator[Piece]:
    yield from said(Kind.SOURCE, card.get("source", {}).get("desc"))
    title = card.get("main_title", {})
    yield from said(Kind.TITLE, title.get("title"))
    yield from said(Kind.NOTE, title.get("desc"))
    yield from said(Kind.HEADING, card.get("emphasis_content", {}).get("title"))
    yield from said(Kind.TEXT, card.get("sub_title_text"), tone="quiet")

"""What feed readers' own parsers make of our documents: the same as stands in them, in every format.

feedparser (expat) and fastfeedparser (lxml) share no code with each other; listparser reads OPML.
"""

from calendar import timegm
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import fastfeedparser
import feedparser
import listparser
import orjson
import pytest
from lxml import html

from tests.builders import NOON
from tests.zonewire.feeds.odd_articles import ODD, odd_versions
from tests.zonewire.feeds.test_documents import a_feed
from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.documents import assemble
from zonewire.feeds.entries import render_entry
from zonewire.feeds.feed import Format
from zonewire.feeds.opml import render_opml
from zonewire.feeds.pressing import press
from zonewire.feeds.reading import FeedLine
from zonewire.rendering.portal import Portal

BASE = "https://wire.example"
XML = (Format.RSS, Format.ATOM)


@dataclass(frozen=True)
class Seen:
    """An entry, as a reader has it. Moments to the second: RSS has no more."""

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    content: str
    files: tuple[str, ...]


@cache
def document(form: Format) -> bytes:
    entries = [render_entry(one, form, base_url=BASE, publisher="门户") for one in odd_versions()]
    return assemble(a_feed(), form, [press(entry) for entry in entries]).plain


def meant(form: Format) -> dict[str, Seen]:
    """What a document says of each odd article, taken from the JSON Feed: read by no library of feeds."""
    seen = map(_of_json, orjson.loads(document(Format.JSON))["items"])
    return {name: _enclosed(one) if form is Format.RSS else one for name, one in zip(ODD, seen, strict=True)}


def _of_json(item: dict[str, Any]) -> Seen:
    return Seen(
        id=item["id"],
        title=item["title"],
        link=item["url"],
        published=_moment(item["date_published"]),
        updated=_moment(item["date_modified"]),
        content=item["content_html"],
        files=tuple(file["url"] for file in item.get("attachments", ())),
    )


def _enclosed(seen: Seen) -> Seen:
    """RSS encloses one file, if its address is one that RSS takes."""
    return replace(seen, files=tuple(file for file in seen.files if "@" not in file)[:1])


def _of_feedparser(entry: Any) -> Seen:
    return Seen(
        id=entry.id,
        title=entry.title,
        link=entry.link,
        published=datetime.fromtimestamp(timegm(entry.published_parsed), UTC),
        updated=datetime.fromtimestamp(timegm(entry.updated_parsed), UTC),
        content=entry.content[0].value if "content" in entry else entry.summary,
        files=tuple(file.href for file in entry.enclosures),
    )


def _of_fastfeedparser(entry: Any) -> Seen:
    links = (link["href"] for link in entry.get("links", ()) if link["rel"] == "enclosure")
    return Seen(
        id=entry["id"],
        title=entry["title"],
        link=entry["link"],
        published=_moment(entry["published"]),
        updated=_moment(entry["updated"]),
        content=entry["content"][0]["value"],
        files=tuple(file["url"] for file in entry.get("enclosures", ())) or tuple(links),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


@pytest.mark.parametrize("form", XML)
def test_feedparser_reads_what_was_meant(form: Format) -> None:
    parsed = feedparser.parse(document(form), sanitize_html=False, resolve_relative_uris=False)
    assert parsed.bozo == 0
    assert dict(zip(ODD, map(_of_feedparser, parsed.entries), strict=True)) == meant(form)


@pytest.mark.parametrize("form", XML)
def test_what_feedparser_would_take_out_is_out_already(form: Format) -> None:
    kept = feedparser.parse(document(form), sanitize_html=False, resolve_relative_uris=False).entries
    cleaned = feedparser.parse(document(form)).entries
    for raw, clean in zip(kept, cleaned, strict=True):
        assert _words(_of_feedparser(clean).content) == _words(_of_feedparser(raw).content), raw.title


@pytest.mark.parametrize("form", list(Format))
def test_fastfeedparser_reads_what_was_meant(form: Format) -> None:
    parsed = fastfeedparser.parse(document(form))
    assert dict(zip(ODD, map(_of_fastfeedparser, parsed.entries), strict=True)) == meant(form)


def test_rss_says_length_and_type_of_what_it_encloses() -> None:
    parsed = feedparser.parse(document(Format.RSS))
    files = {name: entry.enclosures for name, entry in zip(ODD, parsed.entries, strict=True)}["files"]
    assert [(file.type, file.length) for file in files] == [("application/pdf", "5")]


def test_a_reader_of_opml_takes_every_feed() -> None:
    lines = [
        FeedLine(name="all", kind="all", title="全部文章", articles=2, updated_at=NOON),
        FeedLine(name="zone/jia-yi", kind="zone", title="甲 & <乙> R&D2", articles=1, updated_at=NOON),
        FeedLine(name="city/taizhou", kind="city", title="泰州", articles=1, updated_at=NOON),
    ]
    portal = Portal(name="门户 & Co", contact="news@portal.example")
    parsed = listparser.parse(render_opml(lines, base_url=BASE, catalogue=Catalogue(portal=portal)))
    assert not parsed.bozo
    assert (parsed.meta.title, parsed.meta.author.email) == ("门户 & Co", "news@portal.example")
    assert {(feed.url, feed.title, *feed.categories[0]) for feed in parsed.feeds} == {
        (f"{BASE}/feeds/all.rss", "全部文章", "全部"),
        (f"{BASE}/feeds/zone/jia-yi.rss", "甲 & <乙> R&D2", "开发区"),
        (f"{BASE}/feeds/city/taizhou.rss", "泰州", "城市"),
    }


def _words(markup: str) -> str:
    return "".join(map(str, html.fromstring(f"<div>{markup}</div>").itertext()))

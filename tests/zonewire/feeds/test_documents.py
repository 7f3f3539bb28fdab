"""Documents: heads, tails and order, as feedparser, lxml and a JSON reader take them."""

from typing import Any

import feedparser
import orjson
import pytest
from lxml import etree

from tests.builders import NOON, an_article
from tests.zonewire.feeds.test_entries import a_seen_version
from zonewire.feeds.documents import Spoiled, Tombstone, assemble, check
from zonewire.feeds.entries import ATOM, render_entry
from zonewire.feeds.feed import Feed, Format
from zonewire.feeds.pressing import Part, press
from zonewire.rendering.portal import Portal

XML = (Format.RSS, Format.ATOM)


def a_feed(**over: Any) -> Feed:
    fields: dict[str, Any] = {
        "name": "city/taizhou",
        "kind": "city",
        "title": "泰州",
        "urn": "urn:uuid:3d096545-02ae-5481-8b8a-976ddfc66965",
        "base_url": "https://wire.example",
        "changed_at": NOON,
    }
    return Feed(**(fields | over))


def entries(form: Format, *titles: str) -> list[Part]:
    versions = [a_seen_version(an_article(title=title)) for title in titles]
    return [
        press(render_entry(version, form, base_url="https://wire.example", publisher="Zonewire"))
        for version in versions
    ]


@pytest.mark.parametrize("form", XML)
@pytest.mark.parametrize("titles", [(), ("一",), ("一 & 二", "<三>", "😀")])
def test_a_reader_takes_the_document_as_it_is(form: Format, titles: tuple[str, ...]) -> None:
    document = assemble(a_feed(), form, entries(form, *titles)).plain
    parsed = feedparser.parse(document)
    assert parsed.bozo == 0
    assert parsed.version == {Format.RSS: "rss20", Format.ATOM: "atom10"}[form]
    assert len(parsed.entries) == len(titles)
    assert parsed.feed.title == "泰州 · Zonewire"
    assert [link.href for link in parsed.feed.links if link.rel == "self"] == [
        f"https://wire.example/feeds/city/taizhou.{form}"
    ]


def test_a_json_feed_names_itself_and_its_page() -> None:
    feed = orjson.loads(assemble(a_feed(), Format.JSON, entries(Format.JSON, "一", "二")).plain)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["feed_url"], feed["home_page_url"]) == (
        "https://wire.example/feeds/city/taizhou.json",
        "https://wire.example/feeds/",
    )
    assert [item["title"] for item in feed["items"]] == ["一", "二"]
    assert orjson.loads(assemble(a_feed(), Format.JSON, []).plain)["items"] == []


def test_a_feeds_dates_are_those_of_its_last_change() -> None:
    atom = feedparser.parse(assemble(a_feed(), Format.ATOM, []).plain)
    rss = feedparser.parse(assemble(a_feed(), Format.RSS, []).plain)
    assert (atom.feed.updated, rss.feed.updated) == ("2026-06-11T12:00:00+08:00", "Thu, 11 Jun 2026 12:00:00 +0800")


def test_a_withdrawn_article_is_a_tombstone_in_atom_alone() -> None:
    gone = [Tombstone("tag:portal.example,2026:\"a'&<", NOON)]
    root = etree.fromstring(assemble(a_feed(), Format.ATOM, [], gone).plain)
    (stone,) = root.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert (stone.get("ref"), stone.get("when")) == ("tag:portal.example,2026:\"a'&<", "2026-06-11T12:00:00+08:00")
    for form in (Format.RSS, Format.JSON):
        assert assemble(a_feed(), form, [], gone) == assemble(a_feed(), form, [])


def test_an_atom_feed_without_tombstones_does_not_declare_their_namespace() -> None:
    assert b"tombstones" not in assemble(a_feed(), Format.ATOM, []).plain


def test_a_name_that_looks_like_markup_is_text() -> None:
    feed = a_feed(title="甲 & <乙> \"'", kind="section")
    for form in XML:
        assert feedparser.parse(assemble(feed, form, []).plain).bozo == 0
    assert etree.fromstring(assemble(feed, Format.ATOM, []).plain).findtext(f"{{{ATOM}}}title") == (
        "甲 & <乙> \"' · Zonewire"
    )


def test_equal_input_gives_equal_bytes() -> None:
    for form in Format:
        parts = entries(form, "一")
        assert assemble(a_feed(), form, parts) == assemble(a_feed(), form, parts)


@pytest.mark.parametrize("form", list(Format))
def test_a_document_that_does_not_parse_is_refused(form: Format) -> None:
    with pytest.raises(Spoiled):
        assemble(a_feed(), form, [press(b"<title>&nbsp;")])


def test_entities_of_html_do_not_pass_as_xml() -> None:
    with pytest.raises(Spoiled):
        check(b"<rss>&nbsp;</rss>", Format.RSS)


@pytest.mark.parametrize(
    ("logo", "shown"),
    [
        ("https://portal.example/logo.PNG", True),
        ("https://portal.example/logo", True),
        ("https://portal.example/logo?size=88", True),
        ("https://portal.example/logo.svg", False),
        ("https://portal.example/logo.webp?size=88", False),
        ("https://portal.example/logo?as=a.svg", False),
    ],
)
def test_a_logo_is_the_channels_picture_only_where_rss_takes_its_kind(logo: str, shown: bool) -> None:  # noqa: FBT001
    feed = a_feed(portal=Portal(logo=logo))
    assert (b"<image>" in assemble(feed, Format.RSS, []).plain) is shown
    assert f"<logo>{logo}</logo>".encode() in assemble(feed, Format.ATOM, []).plain


def test_the_name_behind_the_contact_holds_no_bracket_that_would_end_it() -> None:
    feed = a_feed(portal=Portal(name="门户 :) (官方", contact="news@portal.example"))
    assert "<managingEditor>news@portal.example (门户 :） （官方)</managingEditor>" in (
        assemble(feed, Format.RSS, []).plain.decode()
    )


def test_plain_words_of_a_feed_are_written_by_hexadecimal_references() -> None:
    feed = a_feed(title="R&D2", declared_as="R&D2", portal=Portal(name="A&B3", copyright="C&D4"))
    for form in XML:
        document = assemble(feed, form, []).plain
        assert b"&amp;" not in document
        assert document.count(b"R&#x26;D2") == 2


@pytest.mark.parametrize(("base", "sheet"), [("https://wire.example", ""), ("https://portal.example/wire", "/wire")])
def test_a_document_names_the_style_sheet_below_the_prefix_of_its_installation(base: str, sheet: str) -> None:
    for form in XML:
        lines = assemble(a_feed(base_url=base), form, []).plain.decode().splitlines()
        assert lines[0] == '<?xml version="1.0" encoding="UTF-8"?>'
        assert lines[1] == f'<?xml-stylesheet type="text/css" href="{sheet}/static/feed.css"?>'

"""The list of all feeds as OPML 2.0, for a reader that takes many at once."""

from collections.abc import Iterable
from itertools import groupby

from lxml import etree

from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.entries import rfc822
from zonewire.feeds.feed import ALL, DECLARED, Format
from zonewire.feeds.plain import as_uri, one_line
from zonewire.feeds.reading import FeedLine

MEDIA_TYPE = "text/x-opml"
_GROUPS = {ALL: "全部", DECLARED: "专题", "zone": "开发区", "city": "城市", "section": "栏目"}


def render_opml(lines: Iterable[FeedLine], *, base_url: str, catalogue: Catalogue) -> bytes:
    """An outline for each kind of feed, and in it one for each feed: its RSS document, which every reader takes."""
    lines, portal = list(lines), catalogue.portal
    opml = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(opml, "head"), etree.SubElement(opml, "body")
    etree.SubElement(head, "title").text = one_line(portal.name)
    newest = max((line.updated_at or 0 for line in lines), default=0)
    if newest:
        etree.SubElement(head, "dateModified").text = rfc822(newest)
    if portal.contact:
        etree.SubElement(head, "ownerEmail").text = portal.contact
    order = list(_GROUPS)
    for kind, some in groupby(sorted(lines, key=lambda line: (order.index(line.kind), line.name)), lambda x: x.kind):
        group = etree.SubElement(body, "outline", text=_GROUPS[kind])
        for line in some:
            _add(group, line, base_url, catalogue)
    return bytes(etree.tostring(opml, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _add(group: etree._Element, line: FeedLine, base_url: str, catalogue: Catalogue) -> None:
    declared = catalogue.by_name.get(line.name)
    etree.SubElement(
        group,
        "outline",
        type="rss",  # whatever the format (OPML 2.0, subscription lists)
        version="RSS2",
        text=one_line(line.title),
        title=one_line(line.title),
        xmlUrl=as_uri(f"{base_url}/feeds/{line.name}.{Format.RSS}"),
        htmlUrl=as_uri(catalogue.portal.home or f"{base_url}/feeds/"),
        language=(declared.language if declared else catalogue.portal.language).lower(),
    )

"""Feed documents: a head, ready-made entries, a tail. Pure: equal input gives equal bytes, and no build time is in it.

RSS 2.0 with the Best Practices Profile, Atom (RFC 4287) with tombstones (RFC 6721), JSON Feed 1.1; archives by RFC
5005. `check` reads a document back before it may take the last good one's place.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import orjson
from lxml import etree

from zonewire.feeds.entries import ATOM, RSS_NAMESPACES, hexed, rfc822, rfc3339
from zonewire.feeds.feed import GENERATOR, MEDIA_TYPES, Feed, Format
from zonewire.feeds.plain import as_uri, clean, one_line
from zonewire.feeds.pressing import Part, Whole, join, press

JSON_FEED = "https://jsonfeed.org/version/1.1"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
HISTORY = "http://purl.org/syndication/history/1.0"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
STYLE = "/static/feed.css"
"""What a browser shows a document by. Of no version, and on whatever host it was opened: equal bytes everywhere."""
_WIDE_BRACKETS = str.maketrans("()", "（）")  # a mail address's real name stands in brackets
_RSS_PICTURES = {"", ".jpg", ".jpeg", ".gif", ".png"}
"""What a channel's picture may end in (RSS 2.0, image)."""
_ENDING = re.compile(r"(?:\.\w+)?$")
_NAMESPACES = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in RSS_NAMESPACES.items())
_AROUND = {
    Format.RSS: (f"<rss{_NAMESPACES}>".encode(), b"</rss>"),
    Format.ATOM: (f'<feed xmlns="{ATOM}">'.encode(), b"</feed>"),
    Format.JSON: (b"[", b"]"),
}
"""What an entry may count on in a document of its form."""
_COMMA = press(b",\n")
_LINE = press(b"\n")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a withdrawn article in the feeds that it stood in. Only Atom can say it."""

    entry_id: str
    at: int  # microseconds; when the withdrawal was accepted


class Spoiled(Exception):
    """A document that does not parse: it must not be published."""


def assemble(feed: Feed, form: Format, entries: Sequence[Part], tombstones: Iterable[Tombstone] = ()) -> Whole:
    """The document of *feed*, with *entries* in the order given. Raises Spoiled where it cannot be read back.

    What encloses the entries is read back without any, and each entry once, alone between the ends of such a document:
    an entry that is whole there is whole anywhere.
    """
    head, tail = _ENDS[form](feed, tuple(tombstones))
    check(head + tail, form)
    for entry in entries:
        if not entry.is_proven:
            check(_AROUND[form][0] + entry.plain + _AROUND[form][1], form)
            entry.is_proven = True
    between = _COMMA if form is Format.JSON else _LINE
    inner = [part for entry in entries for part in (between, entry)][1:]
    return join((press(head), *inner, press(tail)))


def check(document: bytes, form: Format) -> None:
    """Read *document* back, as strictly as a feed reader. Raises Spoiled."""
    try:
        if form is Format.JSON:
            orjson.loads(document)
        else:
            etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, orjson.JSONDecodeError) as cause:
        raise Spoiled(str(cause)) from cause


def _rss(feed: Feed, _tombstones: Sequence[Tombstone]) -> tuple[bytes, bytes]:
    namespaces = _NAMESPACES + _declared(feed)
    page, here = as_uri(feed.page_url), as_uri(feed.own_url(Format.RSS))
    title, description = _plain(feed.heading), _plain(feed.description)
    hubs = "".join(f'<atom:link rel="hub" href={quoteattr(as_uri(hub))}/>\n' for hub in feed.hubs)  # WebSub §4
    head = (
        f'{_beginning(feed)}<rss version="2.0"{namespaces}>\n<channel>\n<title>{title}</title>\n'
        f"<link>{escape(page)}</link>\n<description>{description}</description>\n"
        f"<language>{feed.language.lower()}</language>\n{_rss_of_portal(feed)}<lastBuildDate>{rfc822(feed.changed_at)}</lastBuildDate>\n"
        f"<generator>{GENERATOR}</generator>\n<docs>http://www.rssboard.org/rss-specification</docs>\n"
        f'<atom:link rel="self" type="{MEDIA_TYPES[Format.RSS]}" href={quoteattr(here)}/>\n{hubs}'
        f"{_history(feed, Format.RSS, 'atom:link')}"
    )
    return head.encode(), b"\n</channel>\n</rss>\n"


def _beginning(feed: Feed) -> str:
    """The declaration, and a style sheet for people who open a feed in a browser; readers pass over it."""
    prefix = urlsplit(as_uri(feed.base_url)).path.rstrip("/")
    return f'{_DECLARATION}<?xml-stylesheet type="text/css" href="{prefix}{STYLE}"?>\n'


def _rss_of_portal(feed: Feed) -> str:
    """Whose channel it is, as far as the catalogue says. The picture's title and link are the channel's (profile)."""
    portal, lines = feed.portal, []
    if portal.copyright:
        lines.append(f"<copyright>{_plain(portal.copyright)}</copyright>\n")
    if portal.contact:
        name = _plain(feed.publisher.translate(_WIDE_BRACKETS))
        lines.append(f"<managingEditor>{escape(portal.contact)} ({name})</managingEditor>\n")
    logo = as_uri(portal.logo)
    if logo and _is_rss_picture(logo):
        lines.append(
            f"<image><url>{escape(logo)}</url><title>{_plain(feed.heading)}</title>"
            f"<link>{escape(as_uri(feed.page_url))}</link></image>\n"
        )
    return "".join(lines)


def _is_rss_picture(url: str) -> bool:
    """Whether no ending of *url* says another kind of picture, such as .svg: of its path, and of all of it."""
    endings = {_ENDING.findall(part)[0].lower() for part in (urlsplit(url).path, url)}
    return endings <= _RSS_PICTURES


def _plain(text: str) -> str:
    """*text* on one line, escaped."""
    return hexed(escape(one_line(text)).encode()).decode()


def _atom_of_portal(feed: Feed) -> str:
    portal = feed.portal
    rights = f"<rights>{_plain(portal.copyright)}</rights>\n" if portal.copyright else ""
    return rights + (f"<logo>{escape(as_uri(portal.logo))}</logo>\n" if portal.logo else "")


def _atom(feed: Feed, tombstones: Sequence[Tombstone]) -> tuple[bytes, bytes]:
    # Declared only where it is used: validators do not know the namespace of tombstones.
    extra = (f' xmlns:at="{TOMBSTONES}"' if tombstones else "") + _declared(feed)
    page, here = as_uri(feed.page_url), as_uri(feed.own_url(Format.ATOM))
    hubs = "".join(f'<link rel="hub" href={quoteattr(as_uri(hub))}/>\n' for hub in feed.hubs)
    head = (
        f'{_beginning(feed)}<feed xmlns="{ATOM}"{extra} xml:lang="{feed.language}">\n<id>{escape(feed.urn)}</id>\n'
        f"<title>{_plain(feed.heading)}</title>\n<subtitle>{_plain(feed.description)}</subtitle>\n"
        f"<updated>{rfc3339(feed.changed_at)}</updated>\n<author><name>{_plain(feed.publisher)}</name></author>\n"
        f"<generator>{GENERATOR}</generator>\n"
        f'<link rel="self" type="{MEDIA_TYPES[Format.ATOM]}" href={quoteattr(here)}/>\n{hubs}'
        f"{_history(feed, Format.ATOM, 'link')}"
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>\n{_atom_of_portal(feed)}'
    )
    stones = "".join(
        f"\n<at:deleted-entry ref={quoteattr(clean(stone.entry_id))} when={quoteattr(rfc3339(stone.at))}/>"
        for stone in tombstones
    )
    return head.encode(), f"{stones}\n</feed>\n".encode()


def _declared(feed: Feed) -> str:
    """The namespace of an archive's mark: in archives alone."""
    return f' xmlns:fh="{HISTORY}"' if feed.nth else ""


def _history(feed: Feed, form: Format, element: str) -> str:
    """Links to older and newer documents, and an archive's mark (RFC 5005 §4)."""
    links = "".join(
        f'<{element} rel="{rel}" type="{MEDIA_TYPES[form]}" href={quoteattr(as_uri(url))}/>\n'
        for rel, url in feed.history(form)
    )
    return links + ("<fh:archive/>\n" if feed.nth else "")


def _json(feed: Feed, _tombstones: Sequence[Tombstone]) -> tuple[bytes, bytes]:
    head: dict[str, Any] = {
        "version": JSON_FEED,
        "title": one_line(feed.heading),
        "home_page_url": as_uri(feed.page_url),
        "feed_url": as_uri(feed.url(Format.JSON)),
        "description": one_line(feed.description),
        "language": feed.language,
        "authors": [{"name": one_line(feed.publisher)}],
    }
    if feed.portal.logo:
        head["icon"] = as_uri(feed.portal.logo)
    if feed.hubs:
        head["hubs"] = [{"type": "WebSub", "url": as_uri(hub)} for hub in feed.hubs]
    if feed.older:
        head["next_url"] = as_uri(feed.archive_url(feed.older, Format.JSON))  # all that JSON Feed can say of it
    return orjson.dumps(head)[:-1] + b',"items":[\n', b"\n]}\n"


_ENDS: dict[Format, Callable[[Feed, Sequence[Tombstone]], tuple[bytes, bytes]]] = {
    Format.RSS: _rss,
    Format.ATOM: _atom,
    Format.JSON: _json,
}

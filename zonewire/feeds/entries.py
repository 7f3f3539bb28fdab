"""One article's entry in RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1: made once a version, put into every document.

feedgen makes the XML; where it would err we step in. It formats RSS dates by switching the process's locale, which
threads share, so the date is added behind it; its `type="CDATA"` gives an Atom type that is none, so content is
`html`; it drops rel and type of an Atom link, so links are added behind it too. An XML entry is cut out of a root that
declares the namespaces, so that it declares none itself: the document's root does.
"""

import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from feedgen.entry import FeedEntry
from lxml import etree

from zonewire.articles.excerpts import excerpt
from zonewire.articles.model import Article, Enclosure, Image, Version
from zonewire.articles.reading import address_of
from zonewire.feeds.feed import Format
from zonewire.feeds.languages import shown_language
from zonewire.feeds.plain import as_html, as_uri, body_html, clean, one_line

CHINA = timezone(timedelta(hours=8), "CST")
EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""Readers and validators take a date before 1990 for a mistake."""

CONTENT, DC, MEDIA = (
    "http://purl.org/rss/1.0/modules/content/",
    "http://purl.org/dc/elements/1.1/",
    "http://search.yahoo.com/mrss/",
)
SUMMARY_CHARS = 200
"""Of an article without a summary so much of its text stands for one: full-width characters, as `excerpt` counts."""
ATOM = "http://www.w3.org/2005/Atom"
RSS_NAMESPACES = {"atom": ATOM, "content": CONTENT, "dc": DC, "media": MEDIA}

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TYPES = mimetypes.MimeTypes()  # Python's own table: the same on every host
_HEX_REFERENCES = ((b"&amp;", b"&#x26;"), (b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"))
_PLAIN = re.compile(rb"<(title|summary|name|category|dc:creator|media:title)[ >].*?</\1>", re.DOTALL)
_MAILBOX = re.compile(r"\s*<[^<>\s@]+@[^<>\s@]+>")
# What readers of RSS and its profile take for an enclosure's address: a name with a dot in it, no user, no brackets.
_ENCLOSED = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z0-9][a-z0-9-]*(?::\d+)?/", re.IGNORECASE)
_MEDIA_KINDS = frozenset({"image", "audio", "video"})


def render_entry(version: Version, form: Format, *, base_url: str, publisher: str, text: str = "full") -> bytes:
    """The entry of *version*: an RSS item, an Atom entry or a JSON Feed item. No time of rendering is in it.

    *publisher* stands where an entry must name somebody and the article names nobody. With *text* "summary" it holds
    the article's summary, or the beginning of its text, and leads to the rest.
    Raises ValueError where the version cannot be an entry (it is the caller's to leave it out and say so).
    """
    facts = _facts(version, base_url, publisher)
    if text == "summary":
        facts = _shortened(facts, version)
    return _MAKERS[form](facts)


def shown_published(published_at: int, accepted_at: int) -> int:
    """The moment of publication that readers see: the sender's, never after acceptance and never before 1990."""
    return max(min(published_at, accepted_at), EARLIEST)


def rfc3339(moment: int) -> str:
    """China Standard Time with its offset, and a fraction where there is one."""
    return local(moment).isoformat()


def rfc822(moment: int) -> str:
    """Mon, 06 Jun 2022 00:00:00 +0800: English whatever the locale."""
    return format_datetime(local(moment))


def local(moment: int) -> datetime:
    """*moment* in China Standard Time, exact to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC).astimezone(CHINA) + timedelta(microseconds=moment)


def hexed(text: bytes) -> bytes:
    """Escaped plain *text* with hexadecimal references: the form that the widest set of readers survives."""
    for plain, reference in _HEX_REFERENCES:
        text = text.replace(plain, reference)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the three formats say in common: clean, and addresses as URIs."""

    entry_id: str
    link: str
    title: str
    summary: str
    html: str
    byline: str
    language: str
    publisher: str
    published_at: int
    updated_at: int
    categories: tuple[tuple[str, str], ...]  # (dimension, name)
    images: tuple[Image, ...]
    enclosures: tuple[Enclosure, ...]


def _facts(version: Version, base_url: str, publisher: str) -> _Facts:
    article = version.article
    title, entry_id = one_line(article.title), clean(version.entry_id)
    if not title or not entry_id:
        raise ValueError("an entry needs an id and a title")
    return _Facts(
        entry_id=entry_id,
        link=as_uri(address_of(version, base_url)),
        title=title,
        summary=clean(article.summary).strip(),
        html=body_html(article),
        byline=_byline(article.author) or _byline(article.source) or _byline(article.zone),
        language=shown_language(article.language),
        publisher=publisher,
        published_at=shown_published(article.published_at, version.accepted_at),
        updated_at=version.accepted_at,
        categories=tuple(_categories(article)),
        images=tuple(Image(**_file(image), alt=one_line(image.alt)) for image in article.images if _is_web(image.url)),
        enclosures=tuple(Enclosure(**_file(file)) for file in article.enclosures if _is_web(file.url)),
    )


def _shortened(facts: _Facts, version: Version) -> _Facts:
    """*facts* with the summary as all that is said; where there is none, with the beginning of the text."""
    said = facts.summary or clean(excerpt(version.article, most=SUMMARY_CHARS))
    return replace(facts, summary="", html=f"<p>{as_html(said)}</p>" if said else facts.html)


def _byline(name: str) -> str:
    """A name for people: the mailbox behind it is for nobody who collects mailboxes from feeds."""
    line = one_line(name)
    return _MAILBOX.sub("", line).strip() or line.strip("<>")


def _categories(article: Article) -> Iterator[tuple[str, str]]:
    """Each once: where the article stands, then its keywords."""
    places = (("zone", article.zone), ("city", article.city))
    named = [*places, *(("section", name) for name in article.section), *(("keyword", w) for w in article.keywords)]
    yield from dict.fromkeys((dimension, one_line(name)) for dimension, name in named if one_line(name))


def _is_web(url: str) -> bool:
    return urlsplit(url.strip()).scheme.lower() in {"http", "https"}


def _file(file: Image | Enclosure) -> dict[str, Any]:
    url = as_uri(file.url)
    guessed = _TYPES.guess_type(urlsplit(url).path)[0]
    return {
        "url": url,
        "type": clean(file.type) or guessed or "application/octet-stream",
        "length": max(file.length, 0),
    }


def _scheme(dimension: str) -> str:
    return f"urn:zonewire:{dimension}"


def _common(facts: _Facts) -> Any:
    entry = FeedEntry()
    entry.title(facts.title)
    for dimension, name in facts.categories:
        entry.category(term=name, scheme=_scheme(dimension))
    return entry


def _rss(facts: _Facts) -> bytes:
    entry = _common(facts)
    # Only where the id is the page's address is it a permalink; feed readers open one (RSS 2.0, guid).
    entry.guid(facts.entry_id, permalink=facts.entry_id == facts.link)
    entry.link(href=facts.link)
    entry.description(as_html(facts.summary) or facts.html)
    if facts.summary:
        entry.content(facts.html)
    first = next((file for file in facts.enclosures if _ENCLOSED.match(file.url)), None)
    if first:
        entry.enclosure(first.url, str(first.length), first.type)  # one an item; 0 says that the length is unknown
    item = entry.rss_entry()
    etree.SubElement(item, "pubDate").text = rfc822(facts.published_at)
    # RSS has no word for a correction; readers that look for one look for Atom's.
    etree.SubElement(item, f"{{{ATOM}}}updated").text = rfc3339(facts.updated_at)
    if facts.byline:
        etree.SubElement(item, f"{{{DC}}}creator").text = facts.byline
    for image in facts.images:
        media = _add_media(item, image, medium="image")
        if image.alt:
            # Not media:description, which feedparser takes for the item's text.
            etree.SubElement(media, f"{{{MEDIA}}}title", type="plain").text = image.alt
    for file in facts.enclosures:
        if file is not first:
            kind = file.type.partition("/")[0]
            _add_media(item, file, medium=kind if kind in _MEDIA_KINDS else "document")
    return _with_references(_cut_out(item, root="rss", namespaces=RSS_NAMESPACES))


def _with_references(entry: bytes) -> bytes:
    """*entry*, what is plain text in it with hexadecimal references: "R&D2" is no entity to anybody then."""
    return _PLAIN.sub(lambda found: hexed(found.group()), entry)


def _add_media(item: Any, file: Image | Enclosure, *, medium: str) -> Any:
    media = etree.SubElement(item, f"{{{MEDIA}}}content", url=file.url, medium=medium)
    if medium != "image" or file.type.startswith("image/"):
        media.set("type", file.type)
    if file.length:
        media.set("fileSize", str(file.length))
    return media


def _atom(facts: _Facts) -> bytes:
    entry = _common(facts)
    entry.id(facts.entry_id)
    entry.updated(local(facts.updated_at))
    entry.published(local(facts.published_at))
    entry.author(name=facts.byline or facts.publisher)
    if facts.summary:
        entry.summary(facts.summary)
    entry.content(facts.html, type="html")
    element = entry.atom_entry()
    etree.SubElement(element, "link", rel="alternate", type="text/html", href=facts.link)
    for file in facts.enclosures:
        link = etree.SubElement(element, "link", rel="enclosure", type=file.type, href=file.url)
        if file.length:
            link.set("length", str(file.length))
    element.set(_XML_LANG, facts.language)
    return _with_references(_cut_out(element, root="feed", namespaces={}))


def _json(facts: _Facts) -> bytes:
    item: dict[str, Any] = {
        "id": facts.entry_id,
        "url": facts.link,
        "title": facts.title,
        "content_html": facts.html,
        "summary": facts.summary,
        "image": facts.images[0].url if facts.images else "",
        "date_published": rfc3339(facts.published_at),
        "date_modified": rfc3339(facts.updated_at),
        "authors": [{"name": facts.byline}] if facts.byline else [],
        "language": facts.language,
        "tags": list(dict.fromkeys(name for _, name in facts.categories)),
        "attachments": [_attachment(file) for file in facts.enclosures],
    }
    return orjson.dumps({key: value for key, value in item.items() if value})


def _attachment(file: Enclosure) -> dict[str, Any]:
    size = {"size_in_bytes": file.length} if file.length else {}
    return {"url": file.url, "mime_type": file.type, **size}


def _cut_out(element: Any, *, root: str, namespaces: dict[str, str]) -> bytes:
    """*element* as bytes without a declaration of its own; parsed back, so that one bad entry spoils no document."""
    wrapper = etree.Element(root, nsmap=namespaces)
    wrapper.append(element)
    etree.cleanup_namespaces(wrapper, top_nsmap=namespaces, keep_ns_prefixes=list(namespaces))
    whole = etree.tostring(wrapper, encoding="UTF-8", xml_declaration=False)
    etree.fromstring(whole)
    return whole[whole.index(b">") + 1 : whole.rindex(b"</")]


_MAKERS: dict[Format, Callable[[_Facts], bytes]] = {Format.RSS: _rss, Format.ATOM: _atom, Format.JSON: _json}

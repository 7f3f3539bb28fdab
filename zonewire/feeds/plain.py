"""Text and addresses as XML and feed readers take them, whatever came in at the door.

Intake cleans too; this is the second door, since one character that XML forbids makes a reader refuse a whole feed.
"""

import html
import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from zonewire.articles.characters import NOT_TEXT
from zonewire.articles.model import Article

_LOST, _SHOWN_AS_LOST = "\ufffd", "□"
"""U+FFFD says that a sender's software lost a character. Validators take it for a fault of ours; □ says the same."""
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_PATH = "/%:@!$&'()*+,;=~"  # RFC 3986 §3.3: what a path may hold as it is
_QUERY = _PATH + "?"
_AUTHORITY = "%:@!$&'()*+,;=~[]"


def clean(text: str) -> str:
    """*text* without what XML and HTML cannot hold; line ends as LF."""
    return NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace(_LOST, _SHOWN_AS_LOST)


def one_line(text: str) -> str:
    """*text* for a title, a name or a category: one line, no space at its ends."""
    return " ".join(clean(text).split())


@lru_cache(maxsize=1_024)  # each head of a document names the same few again
def as_uri(iri: str) -> str:
    """*iri* with everything but ASCII percent-encoded, and its host in punycode (RFC 3987 §3.1).

    A site's address without a path gets one (RFC 3986 §6.2.3): some readers want the slash behind the host.
    """
    parts = urlsplit(NOT_TEXT.sub("", iri).strip())
    path = _quoted(parts.path, _PATH) or ("/" if parts.netloc else "")
    return urlunsplit((parts.scheme, _authority(parts.netloc), path, *_behind(parts.query, parts.fragment)))


def body_html(article: Article) -> str:
    """The article's text as HTML; its summary, else its title, where it has none. Never empty for a valid article."""
    if markup := clean(article.html).strip():
        return markup
    text = clean(article.text).strip() or clean(article.summary).strip() or one_line(article.title)
    paragraphs = (part.strip() for part in text.split("\n\n"))
    return "".join(f"<p>{_escaped(part)}</p>" for part in paragraphs if part)


def as_html(text: str) -> str:
    """Plain text where HTML is expected."""
    return html.escape(clean(text).strip(), quote=False)


def _escaped(paragraph: str) -> str:
    return html.escape(paragraph, quote=False).replace("\n", "<br/>")


def _behind(query: str, fragment: str) -> tuple[str, str]:
    return _quoted(query, _QUERY), _quoted(fragment, _QUERY)


def _quoted(part: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=safe)


def _authority(netloc: str) -> str:
    if netloc.isascii():
        return quote(netloc, safe=_AUTHORITY)
    user, at, host = netloc.rpartition("@")
    name, colon, port = host.partition(":")
    try:
        name = idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        name = quote(name)
    return quote(user, safe=_PATH) + at + name + colon + port

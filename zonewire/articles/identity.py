"""What an article is called outside: its entry id in feeds (RFC 4151, RFC 4287 §4.2.6) and its page's id."""

import re
from urllib.parse import quote, urlsplit

# RFC 3986: a scheme, then only characters that a URI may hold.
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_TAG_SPECIFIC = "-._~!$&'()*+,;=:@/?"  # RFC 4151 §2.1: pchar, "/" and "?"
_WEB = frozenset({"http", "https"})
_SHOWN_ID = re.compile(r"a([1-9][0-9]{0,17})")


def mint_entry_id(guid: str, *, host: str, year: int) -> str:
    """*guid* where it is an absolute URI, else a tag URI of *host* and *year*. Minted once, then stored."""
    return guid if is_absolute_uri(guid) else f"tag:{_authority(host)},{year:04d}:{quote(guid, safe=_TAG_SPECIFIC)}"


def is_absolute_uri(text: str) -> bool:
    """Whether *text* can stand as an id by itself. An http address needs a host to be one."""
    if not _ABSOLUTE_URI.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address
        return False
    return parts.scheme not in _WEB or bool(parts.hostname)


def host_of(url: str) -> str:
    """The host in *url*, "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def shown_id(article_id: int) -> str:
    """The id that stands in /articles/ID."""
    return f"a{article_id}"


def article_id_of(shown: str) -> int | None:
    """The reverse of `shown_id`; None for what it never made."""
    match = _SHOWN_ID.fullmatch(shown)
    return int(match[1]) if match else None


def _authority(host: str) -> str:
    """*host* as a tag's authority: lower case, ASCII, no brackets or port."""
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = host
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-") or "localhost"

"""What an article is called outside: its entry id in feeds (RFC 4151, RFC 4287 §4.2.6) and its page's id."""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes, urlsplit

# RFC 3986 in the normal form of §6.2.2.1: a scheme in lower case, then what a URI may hold. Brackets would be an IPv6
# address, which feed readers and validators that follow RFC 2396 do not take for an id.
_ABSOLUTE_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-F]{2}|#(?!.*#))+")
_ENCODED = re.compile(r"(?:%[0-9A-F]{2})+")
_UNRESERVED = re.compile(rb"[A-Za-z0-9\-._~]")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|$)")
_TAG = re.compile(r"tag:(?:[a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(?:-\d{2}(?:-\d{2})?)?:.*")  # RFC 4151 §2.1
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9()+,.:=@;$_!*'%-]+")  # RFC 2141
_URN_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)  # RFC 9562 §4
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TAG_SPECIFIC = "-._~!$&'()*+,;=:@/?"  # RFC 4151 §2.1: pchar, "/" and "?"
_TWICE_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|~[0-9A-F]{2}")
_SHOWN_ID = re.compile(r"a([1-9][0-9]{0,17})")


def mint_entry_id(guid: str, *, host: str, year: int) -> str:
    """*guid* where it is an absolute URI in normal form, else a tag URI of *host* and *year*. Minted once."""
    return guid if is_normal_uri(guid) else f"tag:{_authority(host)},{year:04d}:{_named(guid)}"


def is_normal_uri(text: str) -> bool:
    """Whether *text* can stand as an id by itself: an absolute URI, valid in its scheme, and in normal form.

    Readers compare ids by character, so RFC 4287 §4.2.6.1 asks for the normal form (RFC 3986 §6.2.2, §6.2.3). A word
    and a colon make no URI: "cms:17" is of no scheme that is registered.
    """
    match = _ABSOLUTE_URI.fullmatch(text)
    if match is None or not _is_well_encoded(text):
        return False
    rule = _RULES.get(match["scheme"])
    return rule is not None and rule(text)


def _named(guid: str) -> str:
    """*guid* as a tag says it; no two are said alike.

    %E4 would be said %25E4, which some that bring ids into normal form decode twice; so there % is ~25, and ~ is ~7E.
    Characters that Unicode's normal form would replace are said the same way: nobody must bring such an id into one.
    """
    is_normal = unicodedata.is_normalized("NFC", guid)
    if _TWICE_ENCODED.search(guid) or not is_normal:
        guid = guid.replace("~", "~7E").replace("%", "~25")
    if not is_normal:
        guid = "".join(char if char.isascii() else _in_tildes(char) for char in guid)
    return quote(guid, safe=_TAG_SPECIFIC)


def _in_tildes(char: str) -> str:
    return "".join(f"~{octet:02X}" for octet in char.encode())


def _is_well_encoded(text: str) -> bool:
    """Whether %XX%XX is UTF-8 in NFC, and nothing is encoded that need not be."""
    if any(_UNRESERVED.search(unquote_to_bytes(octets)) for octets in _ENCODED.findall(text)):
        return False
    try:
        return unicodedata.is_normalized("NFC", unquote_to_bytes(text).decode())
    except UnicodeDecodeError:  # an old portal's GBK
        return False


def _is_normal_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port that is none
        return False
    host = parts.hostname or ""  # in lower case, whatever was written
    place = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    is_normal = bool(host) and not host.endswith(".") and parts.netloc.rpartition("@")[2] == place
    return is_normal and parts.path.startswith("/") and not _DOT_SEGMENT.search(parts.path)


def _is_urn(text: str) -> bool:
    wanted = _URN_UUID if text.lower().startswith("urn:uuid:") else _URN
    return bool(wanted.fullmatch(text))


# Of the schemes that are registered, those that name things: what may be found in a CMS.
_RULES: dict[str, Callable[[str], bool]] = {
    "http": _is_normal_address,
    "https": _is_normal_address,
    "tag": lambda text: bool(_TAG.fullmatch(text)),
    "urn": _is_urn,
    **dict.fromkeys(("cid", "info", "mid", "news"), lambda _: True),
}


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

"""Addresses as they are kept: one spelling for each, so that the same endpoint is never made twice.

A webhook's is its URL with scheme and host in lower case and ASCII (IDNA), without default port and fragment, its
path and query as they were given; so is a callback's of the hub, and a robot's, which is a secret and is shown only in
part. An email address keeps its local part; its domain is in lower case and ASCII. A search engine's is the host of the
site that it is told of, an Official Account's its AppID.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from zonewire.delivery.channel_names import SEALED, TOLD_BY_URL, check_channel
from zonewire.errors import AddressRefused, WrongUsage
from zonewire.outbound.guard import DEFAULT_PORTS, target_of

ADDRESS_CHARS, LOCAL_CHARS, DOMAIN_CHARS = 254, 64, 253  # RFC 5321 §4.5.3.1

# RFC 5321 §4.1.2, without quoted local parts and address literals, which nobody who subscribes has.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL = re.compile(rf"{ATOM}(\.{ATOM})*")
LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
DOMAIN = re.compile(rf"({LABEL}\.)+(?![0-9]+\Z){LABEL}|localhost")

SITE = re.compile(rf"((?:{LABEL}\.)+{LABEL}|localhost|[0-9.]+)(:[0-9]{{1,5}})?")

APPID = re.compile(r"[A-Za-z0-9_-]{6,64}")
SHORTEST_KEY = 8

HIDDEN_CHARS, SHOWN_CHARS = 16, 4
"""An address with fewer characters behind its host shows none of them."""

KEPT_IN_URL = "!$%&'()*+,/:;=?@[]~-._|^`{}\"<>"  # what is ASCII stays as it was given


@dataclass(frozen=True, slots=True)
class Address:
    """A normalised address, and what shares its connections and its subscriber."""

    channel: str
    text: str
    host: str  # "host:port", or a mail domain
    owner: str  # the subscriber: an email address, or a partner's host

    @property
    def shown(self) -> str:
        """What may be seen of it."""
        return masked_url(self.text) if self.channel in SEALED else self.text

    def __hash__(self) -> int:
        return hash(self.text)  # text keeps its hash: an import looks each address up several times


def normalised(channel: str, given: str) -> Address:
    """*given* as it is kept. Raises WrongUsage where it can be no address of *channel*, wherever it would lead."""
    check_channel(channel, where="channel")
    if channel == "email":
        return _email(given.strip())
    if channel == "wechat_oa":
        return _account(given.strip())
    return _site(given.strip(), channel) if channel in TOLD_BY_URL else _url(given.strip(), channel)


def _account(given: str) -> Address:
    if not APPID.fullmatch(given):
        raise WrongUsage(
            f"{given[:80]!r} is no AppID", where="to", mend="It is wx and sixteen figures, and stands in the console."
        )
    return Address("wechat_oa", given, f"wechat_oa:{given}", given)


def masked_url(url: str) -> str:
    """*url* without what is secret in it: its host, and the last characters, to tell two robots apart."""
    parts = urlsplit(url)
    tail = url[-SHOWN_CHARS:] if len(url) - len(f"{parts.scheme}://{parts.netloc}/") >= HIDDEN_CHARS else ""
    return f"{parts.scheme}://{parts.netloc}/…{tail}"


def secrets_in(url: str, *others: str) -> list[str]:
    """The pieces of *url* that could be its key, and *others*: what must stand nowhere. The longest first."""
    parts = urlsplit(url)
    pieces = {*parts.path.split("/"), *(piece.partition("=")[2] for piece in parts.query.split("&")), *others, url}
    return sorted((piece for piece in pieces if len(piece) >= SHORTEST_KEY), key=len, reverse=True)


def _site(given: str, channel: str) -> Address:
    """The host of a site, which people may also give as its address."""
    host = (urlsplit(given).netloc if "://" in given else given).rstrip("/").lower()
    name, _, port = host.partition(":")
    try:
        name = name.encode("idna").decode() if name else ""
    except UnicodeError:
        name = ""
    host = f"{name}:{port}" if port else name
    if not SITE.fullmatch(host):
        raise WrongUsage(
            f"{given[:80]!r} is no host of a site", where="to", mend="Give the portal's, such as www.example.com."
        )
    return Address(channel, host, f"{channel}:{host}", host)


def _url(given: str, channel: str) -> Address:
    try:
        target = target_of(given)
    except AddressRefused as cause:  # for its spelling: where a well-spelt one leads is not asked here
        raise WrongUsage(cause.what, where="to", mend=cause.mend) from cause
    parts = urlsplit(given)
    port = "" if DEFAULT_PORTS[target.scheme] == target.port else f":{target.port}"
    rest = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    text = f"{target.scheme}://{target.shown}{port}{rest if rest.isascii() else quote(rest, safe=KEPT_IN_URL)}"
    return Address(channel, text, f"{target.shown}:{target.port}", target.host)


def _email(given: str) -> Address:
    local, _, domain = given.rpartition("@")
    domain = _mail_domain(domain)
    text = f"{local}@{domain}"
    if not LOCAL.fullmatch(local) or len(local) > LOCAL_CHARS or not domain or len(text) > ADDRESS_CHARS:
        raise WrongUsage(f"{given[:80]!r} is no email address", where="to", mend="Give one such as reader@example.com.")
    return Address("email", text, domain, text)


@lru_cache(maxsize=4_096)
def _mail_domain(given: str) -> str:
    """The domain in ASCII and lower case; "" where it is none."""
    try:
        domain = given.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    return domain if len(domain) <= DOMAIN_CHARS and DOMAIN.fullmatch(domain) else ""

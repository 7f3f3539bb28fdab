"""The address guard: keeps pushes from being led inside (server-side request forgery).

Asked twice: about the URL when somebody subscribes, and about each address that is really dialled, at the moment of
the connection, since a name may change its mind in between. Only the second look is a defence; the first tells
people early. Numbers that stand for an IPv4 address in any notation but four decimal parts are refused as they are:
programs read them differently, and no receiver needs them.
"""

import re
import socket
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from zonewire.errors import AddressRefused, InvalidInput
from zonewire.outbound.special import Address, is_public, special_range

URL_CHARS = 2_048
NAME_CHARS = 253  # RFC 1035 §2.3.4, without the dot at the end
RESOLVE_S = 3.0
DEFAULT_PORTS = {"http": 80, "https": 443}

SWITCH = "If such endpoints are meant, set ZONEWIRE_ALLOW_PRIVATE_ENDPOINTS=true here and where `up` or `worker` runs."

# What no address holds, and what parsers disagree on: controls, spaces, and the backslash that some take for a slash.
ODD_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label like this makes a host an IPv4 address (WHATWG URL §3.5)
IDEOGRAPHIC_DOTS = str.maketrans("。．｡", "...")

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Guard:
    """What an installation lets through. `allowed` are (address, port) pairs that are let through although special."""

    allow_private: bool = False
    allowed: frozenset[tuple[str, int]] = frozenset()

    def allows(self, ip: str, port: int) -> bool:
        """Whether a connection to *ip* may be opened. Fast; asked for each address that is dialled."""
        return self.allow_private or is_public(ip) or (ip, port) in self.allowed

    def is_public(self, ip: str) -> bool:
        """Whether *ip* is an ordinary public address, whatever else is allowed."""
        return is_public(ip)

    def check_literal(self, url: str) -> None:
        """Refuse *url* if it cannot be an endpoint, or names a special address itself. Looks nothing up."""
        target = target_of(url)
        if target.address is not None:
            self._check_address(target, str(target.address))

    def check_url(self, url: str, *, resolve: "Resolve | None" = None) -> None:
        """`check_literal`, and refuse a name if any of its addresses is special. One that has none now passes."""
        target = target_of(url)
        if target.address is not None:
            self._check_address(target, str(target.address))
            return
        for ip in (resolve or addresses_of)(target.host, target.port):
            self._check_address(target, ip)

    def _check_address(self, target: "Target", ip: str) -> None:
        if not self.allows(ip, target.port):
            raise AddressRefused(_reason(target.host, ip), where=f"{target.shown}:{target.port}", mend=SWITCH)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: `host` in ASCII and lower case; `address` where it is one already, else it is a name."""

    scheme: str
    host: str
    port: int
    address: Address | None

    @property
    def shown(self) -> str:
        """The host as it stands in a URL. Path and query are never shown: they may be secrets."""
        return f"[{self.host}]" if ":" in self.host else self.host


def target_of(url: str) -> Target:
    """Take *url* apart, once. Raises AddressRefused where it is no http or https URL of a host."""
    parts = _split(url)
    return _target(parts.scheme, parts.netloc)


@lru_cache(maxsize=4_096)  # an import has many addresses at one host, and asks twice for each
def _target(scheme: str, netloc: str) -> Target:
    parts = SplitResult(scheme, netloc, "", "", "")
    if parts.scheme not in DEFAULT_PORTS:
        raise _refused(f"{parts.scheme or 'no scheme'}: only http and https addresses are taken")
    if parts.username is not None or parts.password is not None:
        raise _refused("an address with a user or password in it is not taken")
    try:
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise _refused("the port must be a number from 1 to 65535")
    host, address = _host(parts)
    return Target(parts.scheme, host, port, address)


def addresses_of(name: str, port: int) -> Sequence[str]:
    """Every address of *name* now; none where it has none, or the resolver takes longer than RESOLVE_S."""
    answers: SimpleQueue[Sequence[str]] = SimpleQueue()
    # getaddrinfo knows no time limit; a thread that is late finds nobody waiting, and ends.
    Thread(target=lambda: answers.put(_look_up(name, port)), name="resolver", daemon=True).start()
    try:
        return answers.get(timeout=RESOLVE_S)
    except Empty:
        return ()


def allowed_pairs(pairs: Iterable[str]) -> frozenset[tuple[str, int]]:
    """`127.0.0.1:9000` and `[::1]:9000`, as the guard wants them. Raises InvalidInput at the first that is no pair."""
    return frozenset(_pair(pair) for pair in pairs)


def _pair(pair: str) -> tuple[str, int]:
    ip, _, port = pair.rpartition(":")
    try:
        if port.isdecimal() and 0 < int(port) < 65_536:
            return str(ip_address(ip.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        pass
    raise InvalidInput.of("allow_endpoints", f"{pair!r} is no address:port, such as 127.0.0.1:9000")


def _look_up(name: str, port: int) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return [str(address[0]) for *_, address in found]


def _split(url: str) -> SplitResult:
    if len(url) > URL_CHARS:
        raise _refused(f"an address of {len(url)} characters is too long", f"At most {URL_CHARS} are taken.")
    if ODD_CHARACTERS.search(url):
        raise _refused("an address may hold no spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
    except ValueError as cause:
        raise _refused("it is not a web address") from cause
    if "[" in parts.netloc.rpartition("@")[2][1:]:  # Python 3.11 takes a[::1] for ::1
        raise _refused("it is not a web address")
    return parts


def _host(parts: SplitResult) -> tuple[str, Address | None]:
    """The host in ASCII, and the address where it is one."""
    if parts.netloc.startswith("["):
        return _bracketed(parts)
    name = _ascii(unicodedata.normalize("NFKC", parts.hostname or "").translate(IDEOGRAPHIC_DOTS))
    if NUMBER.fullmatch(name.rsplit(".", 1)[-1]):
        return _dotted(name)
    if len(name) > NAME_CHARS or not NAME.fullmatch(name):
        raise _refused(f"{name[:80]!r} is no host name")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 §6.3: loopback, whatever a resolver says
        return name, IPv4Address("127.0.0.1")
    return name, None


def _ascii(name: str) -> str:
    try:
        return name.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError as cause:
        raise _refused(f"{name[:80]!r} is no host name") from cause


def _bracketed(parts: SplitResult) -> tuple[str, Address]:
    try:
        address = IPv6Address(parts.hostname or "")
    except AddressValueError as cause:
        raise _refused(f"{(parts.hostname or '')[:80]!r} is no IPv6 address") from cause
    if address.scope_id is not None:
        raise _refused("an IPv6 address with a zone is not taken")
    return str(address), address


def _dotted(host: str) -> tuple[str, Address]:
    try:
        address = IPv4Address(host)
    except AddressValueError as cause:
        what = f"{host[:80]!r} is no IPv4 address in four decimal numbers"
        raise _refused(what, "Programs read other notations differently, so none of them is taken.") from cause
    return host, address


def _reason(host: str, ip: str) -> str:
    entry = special_range(ip_address(ip))
    kind = f"{entry.name}, {entry.reference}" if entry else "not public"
    leads = f"{host} leads to {ip}" if host != ip else ip
    return f"{leads}, an address that leads inside ({kind})"


def _refused(what: str, mend: str = "Give an address such as https://partner.example.com/hook.") -> AddressRefused:
    return AddressRefused(what, mend=mend)

"""The addresses that are no place of a receiver: IANA's special-purpose ranges, as a table.

From the IPv4 and the IPv6 Special-Purpose Address Registries (RFC 6890), and from the registries of multicast and of
the IPv6 address space. The table is written out because `ipaddress.is_global` answers differently from one patch
level of Python 3.11 to the next. Ranges that the registries call globally reachable stand here too: relays, anycast
services and identifiers are no receivers either.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class SpecialRange:
    """One range, why it is special, and where that is written."""

    network: IPv4Network | IPv6Network
    name: str
    reference: str


def special_range(address: Address) -> SpecialRange | None:
    """The first range of the table that holds *address*; None where it is an ordinary public one."""
    if isinstance(address, IPv6Address) and address in NAT64:
        # What DNS64 makes of a public IPv4 address stands here; what counts is the IPv4 address inside (RFC 6052).
        return special_range(IPv4Address(int(address) & 0xFFFFFFFF))
    table = SPECIAL_IPV4 if isinstance(address, IPv4Address) else SPECIAL_IPV6
    return next((entry for entry in table if address in entry.network), None)


@lru_cache(maxsize=8_192)
def is_public(ip: str) -> bool:
    """Whether *ip*, as text, is an ordinary public address. What is no address at all is not."""
    try:
        return special_range(ip_address(ip)) is None
    except ValueError:
        return False


def _table(*rows: tuple[str, str, str]) -> tuple[SpecialRange, ...]:
    return tuple(SpecialRange(ip_network(network), name, reference) for network, name, reference in rows)


NAT64 = IPv6Network("64:ff9b::/96")

# Narrow ranges stand before the wider ones that hold them, so that the name is the telling one.
SPECIAL_IPV4 = _table(
    ("0.0.0.0/32", "this host", "RFC 1122 §3.2.1.3"),
    ("0.0.0.0/8", "this network", "RFC 791 §3.2"),
    ("10.0.0.0/8", "private use", "RFC 1918"),
    ("100.100.100.200/32", "a cloud's metadata service", "Alibaba Cloud"),
    ("100.64.0.0/10", "shared address space", "RFC 6598"),
    ("127.0.0.0/8", "loopback", "RFC 1122 §3.2.1.3"),
    ("168.63.129.16/32", "a cloud's host services", "Microsoft Azure"),
    ("169.254.0.0/16", "link-local", "RFC 3927"),
    ("172.16.0.0/12", "private use", "RFC 1918"),
    ("192.0.0.0/29", "IPv4 service continuity", "RFC 7335"),
    ("192.0.0.8/32", "dummy address", "RFC 7600"),
    ("192.0.0.9/32", "port control anycast", "RFC 7723"),
    ("192.0.0.10/32", "TURN anycast", "RFC 8155"),
    ("192.0.0.170/31", "NAT64 discovery", "RFC 8880"),
    ("192.0.0.0/24", "protocol assignments", "RFC 6890 §2.1"),
    ("192.0.2.0/24", "documentation", "RFC 5737"),
    ("192.31.196.0/24", "AS112", "RFC 7535"),
    ("192.52.193.0/24", "multicast tunnelling", "RFC 7450"),
    ("192.88.99.2/32", "6a44 relay anycast", "RFC 6751"),
    ("192.88.99.0/24", "6to4 relay anycast", "RFC 7526"),
    ("192.168.0.0/16", "private use", "RFC 1918"),
    ("192.175.48.0/24", "AS112", "RFC 7534"),
    ("198.18.0.0/15", "benchmarking", "RFC 2544"),
    ("198.51.100.0/24", "documentation", "RFC 5737"),
    ("203.0.113.0/24", "documentation", "RFC 5737"),
    ("224.0.0.0/4", "multicast", "RFC 5771"),
    ("255.255.255.255/32", "limited broadcast", "RFC 8190"),
    ("240.0.0.0/4", "reserved", "RFC 1112 §4"),
)

SPECIAL_IPV6 = _table(
    ("::/128", "unspecified", "RFC 4291 §2.5.2"),
    ("::1/128", "loopback", "RFC 4291 §2.5.3"),
    ("::ffff:0:0/96", "IPv4-mapped", "RFC 4291 §2.5.5.2"),
    ("::ffff:0:0:0/96", "IPv4-translated", "RFC 2765 §2.1"),
    ("::/96", "IPv4-compatible", "RFC 4291 §2.5.5.1"),
    ("64:ff9b:1::/48", "local translation to IPv4", "RFC 8215"),
    ("100::/64", "discard-only", "RFC 6666"),
    ("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
    ("2001::/32", "Teredo", "RFC 4380"),
    ("2001:1::1/128", "port control anycast", "RFC 7723"),
    ("2001:1::2/128", "TURN anycast", "RFC 8155"),
    ("2001:1::3/128", "service registration anycast", "RFC 9665"),
    ("2001:2::/48", "benchmarking", "RFC 5180"),
    ("2001:3::/32", "multicast tunnelling", "RFC 7450"),
    ("2001:4:112::/48", "AS112", "RFC 7535"),
    ("2001:10::/28", "ORCHID", "RFC 4843"),
    ("2001:20::/28", "ORCHIDv2", "RFC 7343"),
    ("2001:30::/28", "drone identifiers", "RFC 9374"),
    ("2001::/23", "protocol assignments", "RFC 2928"),
    ("2001:db8::/32", "documentation", "RFC 3849"),
    ("2002::/16", "6to4", "RFC 3056"),
    ("2620:4f:8000::/48", "AS112", "RFC 7534"),
    ("3fff::/20", "documentation", "RFC 9637"),
    ("5f00::/16", "segment identifiers", "RFC 9602"),
    ("fc00::/7", "unique local", "RFC 4193"),
    ("fe80::/10", "link-local", "RFC 4291 §2.5.6"),
    ("fec0::/10", "site-local", "RFC 3879"),
    ("ff00::/8", "multicast", "RFC 4291 §2.7"),
    # Everything outside 2000::/3: nothing there is given out to receivers (IANA's IPv6 address space registry).
    ("::/3", "not global unicast", "RFC 4291 §2.4"),
    ("4000::/2", "not global unicast", "RFC 4291 §2.4"),
    ("8000::/1", "not global unicast", "RFC 4291 §2.4"),
)

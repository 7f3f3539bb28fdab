"""The guard: what leads inside is refused in every notation, and what does not is let through."""

import contextlib
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.errors import AddressRefused, InvalidInput
from zonewire.outbound.guard import SWITCH, Guard, addresses_of, allowed_pairs, target_of
from zonewire.outbound.special import SPECIAL_IPV4, SPECIAL_IPV6, SpecialRange, is_public

GUARD = Guard()
PUBLIC = ("8.8.8.8", "1.1.1.1", "114.114.114.114", "2400:3200::1", "2606:4700:4700::1111", "64:ff9b::808:808")
INSIDE = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "192.168.1.1", "0.0.0.0", "255.255.255.255")
RANGES = [*SPECIAL_IPV4, *SPECIAL_IPV6]

# As IANA's two registries list them, less what a wider range here already covers.
REGISTRIES = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
    *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    *("::1/128", "::/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64"),
    *("100:0:0:1::/64", "2001::/23", "2001:db8::/32", "2002::/16"),
    *("2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"),
    *("224.0.0.0/4", "ff00::/8"),
]


def named(*ips: str) -> "Resolver":
    """A resolver that gives *ips* for every name."""
    return Resolver(ips)


class Resolver:
    def __init__(self, ips: Sequence[str]) -> None:
        self.ips = ips
        self.asked: list[str] = []

    def __call__(self, name: str, port: int) -> Sequence[str]:
        self.asked.append(f"{name}:{port}")
        return self.ips


def refused(url: str, guard: Guard = GUARD) -> str:
    with pytest.raises(AddressRefused) as raised:
        guard.check_literal(url)
    return str(raised.value)


def written(ip: str) -> str:
    return f"http://[{ip}]/hook" if ":" in ip else f"http://{ip}/hook"


@pytest.mark.parametrize("entry", RANGES, ids=lambda entry: str(entry.network))
def test_both_ends_of_every_special_range_are_refused(entry: SpecialRange) -> None:
    for ip in (entry.network[0], entry.network[-1]):
        assert not GUARD.allows(str(ip), 443)
        assert "leads inside" in refused(written(str(ip)))


@pytest.mark.parametrize("network", REGISTRIES)
def test_every_range_of_the_registries_is_in_the_table(network: str) -> None:
    assert any(_holds(entry.network, network) for entry in RANGES)


def _holds(outer: IPv4Network | IPv6Network, inner: str) -> bool:
    first, last = (ip_address(str(end)) for end in _ends(inner))
    return first in outer and last in outer


def _ends(network: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    parsed = IPv6Network(network) if ":" in network else IPv4Network(network)
    return parsed[0], parsed[-1]


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_pass(ip: str) -> None:
    assert GUARD.allows(ip, 443)
    GUARD.check_literal(written(ip))


@pytest.mark.parametrize(
    "ip",
    [
        *("9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"),
        *("172.15.255.255", "172.32.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
        *("2001:200::", "2003::", "3ffe:ffff::"),
    ],
)
def test_the_neighbours_of_special_ranges_pass(ip: str) -> None:
    assert is_public(ip)


@given(st.ip_addresses())
def test_nothing_that_python_calls_local_is_public(ip: IPv4Address | IPv6Address) -> None:
    if ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        assert not is_public(str(ip))


@given(st.ip_addresses(v=4))
def test_translated_addresses_are_judged_by_the_address_inside(ip: IPv4Address) -> None:
    assert is_public(str(IPv6Address((0x64FF9B << 96) | int(ip)))) == is_public(str(ip))


@given(st.ip_addresses(v=4))
def test_other_ways_to_put_ipv4_into_ipv6_are_refused(ip: IPv4Address) -> None:
    number = int(ip)
    for inside in (
        (0xFFFF << 32) | number,  # mapped
        number,  # compatible
        (0xFFFF << 48) | number,  # translated
        (0x2002 << 112) | (number << 80),  # 6to4
        (0x20010000 << 96) | (number ^ 0xFFFFFFFF),  # Teredo hides the client's address so
    ):
        assert not is_public(str(IPv6Address(inside)))


@st.composite
def notations(draw: st.DrawFn) -> str:
    """An address inside, in a notation that inet_aton understands."""
    number = int(IPv4Address(draw(st.sampled_from(INSIDE))))
    count = draw(st.integers(1, 4))
    sizes = [1] * (count - 1) + [5 - count]
    parts, left = [], 4
    for size in sizes:
        left -= size
        value = (number >> (8 * left)) & ((1 << (8 * size)) - 1)
        parts.append(
            draw(st.sampled_from([f"{value}", f"0{value:o}", f"0x{value:x}", f"0X{value:X}", f"0000{value:o}"]))
        )
    return ".".join(parts)


@given(notations(), st.sampled_from(["", "."]), st.sampled_from(["http", "HTTPS"]))
def test_no_notation_of_an_address_inside_passes(host: str, dot: str, scheme: str) -> None:
    refused(f"{scheme}://{host}{dot}:8080/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://１２７。０。０。１/",  # full-width digits and ideographic full stops
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:7f00:1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://localhost/",
        "http://LocalHost./",
        "http://api.localhost/",
        "http://ⓛocalhost/",
        "http://1.2.3.256/",
        "http://0x/",
    ],
)
def test_disguised_addresses_are_refused(url: str) -> None:
    refused(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "partner.example.com",
        "//partner.example.com/",
        "ftp://partner.example.com/",
        "file:///etc/passwd",
        "gopher://partner.example.com/",
        "http://",
        "http:///hook",
        "http://user@partner.example.com/",
        "http://user:word@partner.example.com/",
        "http://@partner.example.com/",
        "http://partner.example.com\\@127.0.0.1/",
        "http://partner.example.com /",
        "http://partner.example.com/\r\nHost: inside",
        "http://part\tner.example.com/",
        "http://partner..example.com/",
        "http://-partner.example.com/",
        "http://partner.example.com:0/",
        "http://partner.example.com:65536/",
        "http://partner.example.com:port/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://partner[::1]/",
        "http://[v1.fe]/",
        "http://" + "a" * 64 + ".example.com/",
        "http://" + "a." * 130 + "example.com/",
        "http://partner.example.com/" + "x" * 2_048,
    ],
)
def test_what_is_no_endpoints_address_is_refused(url: str) -> None:
    refused(url, Guard(allow_private=True))


@given(st.text(max_size=60))
def test_any_text_is_either_taken_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/"):
        with contextlib.suppress(AddressRefused):
            assert target_of(url).port


def test_a_name_is_looked_up_once_and_passes_when_all_its_addresses_are_public() -> None:
    resolver = named("8.8.8.8", "2606:4700:4700::1111")

    GUARD.check_url("https://Partner.Example.com/hook", resolve=resolver)

    assert resolver.asked == ["partner.example.com:443"]


@pytest.mark.parametrize("inside", [*INSIDE, "::1", "fd00::1", "::ffff:10.0.0.1", "fe80::1%2"])
def test_a_name_with_one_address_inside_among_public_ones_is_refused(inside: str) -> None:
    with pytest.raises(AddressRefused, match="leads to"):
        GUARD.check_url("http://partner.example.com/", resolve=named("8.8.8.8", inside, "1.1.1.1"))


def test_a_name_that_does_not_resolve_now_passes() -> None:
    GUARD.check_url("http://not-yet.example.com/", resolve=named())


def test_an_import_looks_no_name_up() -> None:
    GUARD.check_literal("http://no-such-name.invalid/hook")


def test_an_address_in_the_url_is_never_looked_up() -> None:
    resolver = named("127.0.0.1")

    GUARD.check_url("http://8.8.8.8/", resolve=resolver)

    assert not resolver.asked


def test_the_machines_own_resolver_is_asked_and_never_fails() -> None:
    assert "127.0.0.1" in addresses_of("localhost", 80)
    assert addresses_of("a" * 64, 80) == ()


def test_a_chinese_name_is_looked_up_in_ascii() -> None:
    resolver = named("8.8.8.8")

    GUARD.check_url("https://例子.example.com/", resolve=resolver)

    assert resolver.asked == ["xn--fsqu00a.example.com:443"]


def test_private_endpoints_pass_where_the_installation_allows_them() -> None:
    guard = Guard(allow_private=True)

    guard.check_url("http://127.0.0.1:9000/hook")
    guard.check_url("http://intern.example.com/", resolve=named("10.0.0.1"))

    assert guard.allows("10.0.0.1", 80)


def test_an_allowed_pair_opens_its_port_and_no_other() -> None:
    guard = Guard(allowed=allowed_pairs(["127.0.0.1:9000", "[::1]:9001"]))

    guard.check_url("http://127.0.0.1:9000/hook")
    guard.check_url("http://[::1]:9001/hook")

    assert guard.allows("127.0.0.1", 9000)
    assert not guard.allows("127.0.0.1", 9001)
    assert not guard.allows("127.0.0.2", 9000)
    refused("http://127.0.0.1:9001/hook", guard)


@pytest.mark.parametrize("pair", ["", "127.0.0.1", "localhost:80", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:70000"])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(InvalidInput, match="allow_endpoints"):
        allowed_pairs([pair])


def test_the_refusal_says_what_where_and_what_to_do_and_shows_no_path() -> None:
    line = refused("http://169.254.169.254/robot/send?key=secret")

    assert line.startswith("169.254.169.254:80: 169.254.169.254, an address that leads inside (link-local, RFC 3927)")
    assert line.endswith(SWITCH)
    assert "ZONEWIRE_ALLOW_PRIVATE_ENDPOINTS" in SWITCH
    assert "secret" not in line


@pytest.mark.parametrize("ip", ["", "partner.example.com", "127.0.0.1 ", "8.8.8.8\n", "0x8.8.8.8", "8.8.8"])
def test_what_is_no_address_is_never_dialled(ip: str) -> None:
    assert not GUARD.allows(ip, 80)

"""Entry ids in feeds, and the ids of our own pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.articles.identity import article_id_of, host_of, is_normal_uri, mint_entry_id, shown_id


@pytest.mark.parametrize(
    "guid",
    [
        "https://portal.example/a?b=1#c",
        "http://portal.example:8080/",
        "http://192.0.2.1/%E4%B8%AD%2F",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "urn:isbn:9787111000000",
        "tag:a.example,2026:x",
        "tag:editor@a.example,2026-06-06:x?y#z",
        "info:doi/10.1000/182",
    ],
)
def test_a_guid_that_is_an_absolute_uri_in_normal_form_is_the_entry_id(guid: str) -> None:
    assert mint_entry_id(guid, host="wire.example", year=2026) == guid


@pytest.mark.parametrize(
    ("guid", "minted"),
    [
        ("17", "tag:wire.example,2026:17"),
        ("新闻/17 号", "tag:wire.example,2026:%E6%96%B0%E9%97%BB/17%20%E5%8F%B7"),
        ("http:///nowhere", "tag:wire.example,2026:http:///nowhere"),
        ("https://[x", "tag:wire.example,2026:https://%5Bx"),
        ("https://例子.example/", "tag:wire.example,2026:https://%E4%BE%8B%E5%AD%90.example/"),
    ],
)
def test_any_other_guid_becomes_a_tag_uri(guid: str, minted: str) -> None:
    assert mint_entry_id(guid, host="wire.example", year=2026) == minted


@pytest.mark.parametrize(
    "guid",
    [
        "cms:17",  # a scheme that nobody registered
        "tag:portal",
        "urn:x",
        "urn:uuid:6e8bc430",
        "http:17",
        "HTTPS://portal.example/",
        "https://Portal.example/",
        "https://portal.example",
        "https://portal.example:443/",
        "https://portal.example:/",
        "https://portal.example:x/",
        "https://portal.example./",
        "https://portal.example/a/../b",
        "https://portal.example/%e4%b8%ad",
        "https://portal.example/%7Eeditor",
        "https://portal.example/%D6%D0",  # GBK
        "https://portal.example/e%CC%81",  # not NFC
        "https://portal.example/#a#b",
        "http://[2001:db8::1]/",
    ],
)
def test_a_guid_that_is_a_uri_in_no_normal_form_becomes_a_tag_uri(guid: str) -> None:
    assert mint_entry_id(guid, host="wire.example", year=2026).startswith("tag:wire.example,2026:")


def test_no_two_guids_become_one_tag_uri() -> None:
    guids = [
        "https://a.example/%e4",
        "https://a.example/~25e4",
        "https://a.example/~7E25e4",
        "%e4",
        "~25e4",
        "50%",
        "~",
    ]
    assert len({mint_entry_id(guid, host="wire.example", year=2026) for guid in guids}) == len(guids)
    assert mint_entry_id("50%", host="wire.example", year=2026) == "tag:wire.example,2026:50%25"
    assert mint_entry_id("a%e4~", host="wire.example", year=2026) == "tag:wire.example,2026:a~25e4~7E"
    assert mint_entry_id("\uf900~", host="wire.example", year=2026) == "tag:wire.example,2026:~EF~A4~80~7E"


@pytest.mark.parametrize(
    ("host", "authority"),
    [("Wire.Example", "wire.example"), ("新闻.example", "xn--efvy88h.example"), ("::1", "1"), ("", "localhost")],
)
def test_the_authority_is_a_plain_name(host: str, authority: str) -> None:
    assert mint_entry_id("17", host=host, year=2026) == f"tag:{authority},2026:17"


@given(st.text(min_size=1, max_size=50))
def test_whatever_the_guid_is_the_entry_id_is_an_absolute_uri(guid: str) -> None:
    minted = mint_entry_id(guid, host="wire.example", year=2026)
    assert minted.isascii()
    assert is_normal_uri(minted)


@pytest.mark.parametrize("shown", ["", "a", "17", "a0", "a-1", "a1x", "a017", "A1", "a" + "9" * 30])
def test_an_id_that_was_never_shown_is_none(shown: str) -> None:
    assert article_id_of(shown) is None


def test_a_shown_id_leads_back() -> None:
    assert article_id_of(shown_id(17)) == 17


def test_the_host_of_what_is_no_address_is_empty() -> None:
    assert [host_of(url) for url in ("https://a.example:8/x", "", "x", "http://[")] == ["a.example", "", "", ""]

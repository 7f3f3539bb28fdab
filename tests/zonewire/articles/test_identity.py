"""Entry ids in feeds, and the ids of our own pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.articles.identity import article_id_of, host_of, is_absolute_uri, mint_entry_id, shown_id


@pytest.mark.parametrize(
    "guid", ["https://portal.example/a?b=1", "urn:uuid:6e8bc430", "tag:a.example,2026:x", "cms:17"]
)
def test_a_guid_that_is_an_absolute_uri_is_the_entry_id(guid: str) -> None:
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
    ("host", "authority"),
    [("Wire.Example", "wire.example"), ("新闻.example", "xn--efvy88h.example"), ("::1", "1"), ("", "localhost")],
)
def test_the_authority_is_a_plain_name(host: str, authority: str) -> None:
    assert mint_entry_id("17", host=host, year=2026) == f"tag:{authority},2026:17"


@given(st.text(min_size=1, max_size=50))
def test_whatever_the_guid_is_the_entry_id_is_an_absolute_uri(guid: str) -> None:
    minted = mint_entry_id(guid, host="wire.example", year=2026)
    assert minted.isascii()
    assert is_absolute_uri(minted)


@pytest.mark.parametrize("shown", ["", "a", "17", "a0", "a-1", "a1x", "a017", "A1", "a" + "9" * 30])
def test_an_id_that_was_never_shown_is_none(shown: str) -> None:
    assert article_id_of(shown) is None


def test_a_shown_id_leads_back() -> None:
    assert article_id_of(shown_id(17)) == 17


def test_the_host_of_what_is_no_address_is_empty() -> None:
    assert [host_of(url) for url in ("https://a.example:8/x", "", "x", "http://[")] == ["a.example", "", "", ""]

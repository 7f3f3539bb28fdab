"""Tokens in links: given by us, for one purpose, for a while."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.errors import NotFound
from zonewire.keys import KeyRing, make_token, read_token

RING, ROTATED, OTHER = KeyRing(("old",)), KeyRing(("new", "old")), KeyRing(("other",))
NOON_S = 1_780_000_000
WEEK_S = 7 * 86_400


@given(st.integers(0, 2**63 - 1))
def test_a_token_gives_its_number_back_and_is_safe_in_a_path(ident: int) -> None:
    token = make_token(RING, "unsubscribe", ident)
    assert read_token(RING, "unsubscribe", token) == ident
    assert re.fullmatch(r"[A-Za-z0-9._-]*[A-Za-z0-9]", token)  # mail readers cut other ends off a link


def test_a_token_holds_for_its_purpose_only() -> None:
    with pytest.raises(NotFound):
        read_token(RING, "confirm", make_token(RING, "unsubscribe", 7))


def test_a_token_of_an_older_key_still_holds_and_one_of_a_newer_key_not_yet() -> None:
    assert read_token(ROTATED, "unsubscribe", make_token(RING, "unsubscribe", 7)) == 7
    with pytest.raises(NotFound):
        read_token(RING, "unsubscribe", make_token(ROTATED, "unsubscribe", 7))


@pytest.mark.parametrize("token", ["", ".", "7", "7.6a.x", "é", "\ud800", "7.6a." + "A" * 43, "x" * 100_000])
def test_what_we_did_not_give_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        read_token(RING, "unsubscribe", token)


def test_a_token_with_one_character_changed_is_not_found() -> None:
    token = make_token(RING, "unsubscribe", 17)
    with pytest.raises(NotFound):
        read_token(RING, "unsubscribe", token.replace("17.", "18.", 1))


def test_a_token_expires_only_where_its_reader_says_so() -> None:
    token = make_token(RING, "confirm", 7, now_s=NOON_S)
    assert read_token(RING, "confirm", token, max_age_s=WEEK_S, now_s=NOON_S + WEEK_S) == 7
    with pytest.raises(NotFound, match="expired"):
        read_token(RING, "confirm", token, max_age_s=WEEK_S, now_s=NOON_S + WEEK_S + 1)
    assert read_token(RING, "confirm", token, now_s=NOON_S + 100 * WEEK_S) == 7

"""The ring: what each key can do."""

import pytest

from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing, new_secret_key

OLD, ROTATED, OTHER = KeyRing(("old",)), KeyRing(("new", "old")), KeyRing(("other",))


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    sealed = OLD.seal(b"whsec_abc")
    assert b"whsec_abc" not in sealed
    assert OLD.open(sealed) == b"whsec_abc"


def test_an_older_key_still_opens_but_no_longer_seals() -> None:
    assert ROTATED.open(OLD.seal(b"x")) == b"x"
    with pytest.raises(SettingWrong, match="no key here opens"):
        OLD.open(ROTATED.seal(b"x"))


def test_a_strange_key_opens_nothing() -> None:
    with pytest.raises(SettingWrong, match="SECRET_KEY"):
        OTHER.open(OLD.seal(b"x"))


@pytest.mark.parametrize("kept", [slice(0, 0), slice(0, 8), slice(0, -4), slice(4, None), slice(1, None)])
def test_a_sealed_secret_that_was_cut_is_not_opened(kept: slice) -> None:
    with pytest.raises(SettingWrong, match="no key here opens"):
        OLD.open(OLD.seal(b"x" * 40)[kept])


def test_the_same_secret_is_sealed_differently_each_time_and_in_ascii() -> None:
    assert OLD.seal(b"x") != OLD.seal(b"x")
    assert OLD.seal(bytes(range(256))).isascii()


def test_a_mark_is_the_same_each_time_and_another_under_another_key() -> None:
    assert OLD.mark(b"a@example.com") == OLD.mark(b"a@example.com")
    assert len({OLD.mark(b"a"), OLD.mark(b"b"), OTHER.mark(b"a")}) == 3


def test_marks_find_what_was_marked_before_a_rotation() -> None:
    assert ROTATED.marks(b"a") == (ROTATED.mark(b"a"), OLD.mark(b"a"))


def test_a_setting_names_several_keys_with_commas() -> None:
    assert KeyRing.from_setting(" new , old,") == ROTATED


@pytest.mark.parametrize("value", ["", " ", ",", " , "])
def test_a_setting_without_a_key_is_refused(value: str) -> None:
    with pytest.raises(SettingWrong, match="holds no key"):
        KeyRing.from_setting(value)


def test_a_ring_never_prints_its_keys() -> None:
    assert "old" not in repr(OLD)


def test_new_keys_are_long_differ_and_stand_in_a_list() -> None:
    keys = {new_secret_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) >= 43 and "," not in key for key in keys)

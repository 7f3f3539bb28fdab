"""Names of deliveries: computed, reversible, and never another installation's."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonewire.delivery.ids import delivery_key, delivery_uuid
from zonewire.errors import NotFound

INSTALLATIONS = st.integers(min_value=0, max_value=2**62 - 1)
KEYS = st.integers(min_value=1, max_value=2**42 - 1)
MOMENTS = st.integers(min_value=1_600_000_000_000_000, max_value=4_000_000_000_000_000)


@given(INSTALLATIONS, KEYS, MOMENTS)
def test_a_name_is_a_uuid_of_version_7_and_leads_back_to_its_key(installation: int, key: int, moment: int) -> None:
    name = delivery_uuid(installation, key, moment)

    assert uuid.UUID(name).version == 7
    assert uuid.UUID(name).variant == uuid.RFC_4122
    assert uuid.UUID(name).int >> 80 == moment // 1000
    assert delivery_key(installation, name) == key


@given(INSTALLATIONS, INSTALLATIONS, KEYS, MOMENTS)
def test_no_two_installations_give_one_name(one: int, other: int, key: int, moment: int) -> None:
    if one != other:
        assert delivery_uuid(one, key, moment) != delivery_uuid(other, key, moment)


@pytest.mark.parametrize("name", ["", "x", "0190163d-8694-739b-aea5-966c26f8ad91", "17"])
def test_what_was_never_given_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        delivery_key(12345, name)

"""What stands in no log line."""

import pytest

from zonewire.telemetry import masked


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 <reader.name+x@mail.example> no such user", "550 5.1.1 <r…@mail.example> no such user"),
        ("HTTP 500", "HTTP 500"),
        ("a@b.example, c@d.example", "a…@b.example, c…@d.example"),
    ],
)
def test_a_mail_address_is_cut_to_its_first_letter_and_domain(said: str, shown: str) -> None:
    assert masked(said) == shown

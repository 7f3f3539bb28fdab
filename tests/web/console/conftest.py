"""The console's tests log in often."""

import pytest


@pytest.fixture(autouse=True)
def _cheaply(cheap_passwords: None) -> None:
    """Passwords at their full cost are tried in tests/zonewire/keys/test_passwords.py."""

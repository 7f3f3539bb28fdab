"""Passwords as they are kept, at their full cost; wherever else one is needed, a cheap one will do."""

from argon2 import PasswordHasher

from zonewire.keys import passwords

WORD = "four words that nobody guesses"


def test_a_password_is_kept_as_argon2id_at_a_cost_and_never_as_it_is() -> None:
    kept = passwords.hashed(WORD)

    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.is_password(WORD, kept)
    assert not passwords.is_password(WORD + ".", kept)
    assert not passwords.is_password(WORD, None)


def test_what_was_kept_more_cheaply_is_made_anew() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(WORD)

    assert passwords.is_password(WORD, cheap)
    assert passwords.is_outdated(cheap)
    assert not passwords.is_outdated(passwords.hashed(WORD))

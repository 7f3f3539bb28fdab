"""Keys: the ring that seals and checks, tokens in links, and the signatures of webhooks.

Knows no database and no address: it takes bytes and gives bytes. Imports errors alone.
"""

from zonewire.keys.ring import KeyRing, new_secret_key
from zonewire.keys.signatures import SigningKey, new_webhook_secret, secret_bytes, sign, verify
from zonewire.keys.tokens import given_at_s, make_token, read_token

__all__ = [
    "KeyRing",
    "SigningKey",
    "given_at_s",
    "make_token",
    "new_secret_key",
    "new_webhook_secret",
    "read_token",
    "secret_bytes",
    "sign",
    "verify",
]

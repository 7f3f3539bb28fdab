"""Signatures of Standard Webhooks 1.0.0, scheme v1: HMAC-SHA256 over id, timestamp and the exact bytes of the body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Sequence

from zonewire.errors import InvalidInput

PREFIX = "whsec_"
SECRET_BYTES = 32
SHORTEST, LONGEST = 24, 64  # bytes of a secret that the specification allows
TOLERANCE_S = 300


def new_webhook_secret() -> str:
    """A fresh secret as its owner sees it, once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """The key inside `whsec_…`. Raises InvalidInput, which never repeats the secret."""
    if not secret.startswith(PREFIX):
        raise InvalidInput.of("secret", f"must begin with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput.of("secret", f"must be {PREFIX} and base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise InvalidInput.of("secret", f"must hold {SHORTEST} to {LONGEST} bytes, holds {len(key)}")
    return key


def sign(secrets: Sequence[bytes], ident: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each of *secrets*; *timestamp* in Unix seconds."""
    signed = b"%s.%d.%s" % (ident.encode(), timestamp, body)
    return " ".join(["v1," + _signature(secret, signed) for secret in secrets])


def verify(
    secrets: Sequence[bytes], ident: str, timestamp: str, body: bytes, *, signatures: str, now_s: int | None = None
) -> bool:
    """Whether one of *signatures* (the header's value) is ours and not more than five minutes off.

    *timestamp* is the header's text: what is no plain number does not hold. Unknown schemes are skipped.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len(str(2**63))):
        return False
    now_s = int(time.time()) if now_s is None else now_s
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return False
    signed = b"%s.%s.%s" % (ident.encode(errors="replace"), timestamp.encode(), body)
    expected = [_signature(secret, signed).encode() for secret in secrets]
    given = [item.removeprefix("v1,").encode(errors="replace") for item in signatures.split() if item.startswith("v1,")]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    return any(matches)


def _signature(secret: bytes, signed: bytes) -> str:
    # By its name OpenSSL does it in one call; and this is half of what the base64 module costs.
    return binascii.b2a_base64(hmac.digest(secret, signed, "sha256"), newline=False).decode()

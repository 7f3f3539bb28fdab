"""Who may come in through /v1: bearer tokens and signatures, compared in constant time (rules.md, doors)."""

import hmac
from http import HTTPStatus

from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request

from zonewire.keys import SigningKey, verify

REALM = {"WWW-Authenticate": 'Bearer realm="zonewire"'}
NO_KEY = HTTPException(HTTPStatus.UNAUTHORIZED, "a key is needed: Authorization: Bearer …", headers=REALM)
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


def bearer_of(request: Request) -> str | None:
    """The token in `Authorization: Bearer TOKEN` (RFC 6750 §2.1); None where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def is_token(given: str, wanted: SecretStr | None) -> bool:
    """Whether *given* is the token that is set; without one, or with an empty one, nothing is."""
    secret = wanted.get_secret_value() if wanted else ""
    return secret != "" and hmac.compare_digest(given.encode(), secret.encode())


def check_api_key(request: Request, admin_token: SecretStr | None) -> None:
    """Let pass who has an API key. Raises HTTPException 401, whether or not the thing asked for exists."""
    token = bearer_of(request)
    if token is None or not is_token(token, admin_token):
        raise NO_KEY


def check_sender(request: Request, event_token: SecretStr | None) -> None:
    """Let pass who has EVENT_TOKEN, and who signed: the signature is checked when the body is there.

    Raises HTTPException: 401 without either, 403 with a wrong token.
    """
    token = bearer_of(request)
    if token is None:
        if not is_signed(request):
            raise NO_KEY
    elif not is_token(token, event_token):
        raise HTTPException(HTTPStatus.FORBIDDEN, "this token may not send events")


def is_signed(request: Request) -> bool:
    """Whether the request came without a token, and with the headers of Standard Webhooks."""
    return bearer_of(request) is None and all(name in request.headers for name in SIGNED)


def check_signature(request: Request, body: bytes, event_secret: SecretStr | None) -> None:
    """Let pass what EVENT_SECRET signed at most five minutes ago. Raises HTTPException 403."""
    ident, timestamp, signatures = (request.headers[name] for name in SIGNED)
    if event_secret is not None:
        keys = [SigningKey.of(event_secret.get_secret_value())]
        if verify(keys, ident, timestamp, body, signatures=signatures):
            return
    raise HTTPException(HTTPStatus.FORBIDDEN, "the signature does not hold for this body, or is too old")

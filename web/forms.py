"""What a form of one of our pages sends: urlencoded fields, each once, and not more of them than a page has."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

FORM_BYTES = 16 * 1024
FIELDS = 32


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the request's body. 413 for one longer than any form of ours, 400 for what is no form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this is more than a form of ours sends")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "this is no form that we sent") from None
    return dict(pairs)

"""What a form sends, from one of our pages or to the hub: urlencoded fields, each once, and not any number of them."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

FORM_BYTES = 16 * 1024
FIELDS = 32


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the request's body. 413 for one longer than FORM_BYTES, 400 for what is no form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form may have {FORM_BYTES // 1024} KiB at most"
            )
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "this is no form, or one of more fields than are taken here"
        ) from None
    return dict(pairs)

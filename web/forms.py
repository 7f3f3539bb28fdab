"""What a form sends, from one of our pages or to the hub: urlencoded fields, and not any number of them."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

FORM_BYTES, FIELDS = 16 * 1024, 32
LONG_FORM_BYTES, LONG_FIELDS = 128 * 1024, 1_000
"""Of a form with a box for each zone that there is."""


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the request's body, each once. 413 for one longer than FORM_BYTES, 400 for what is no form."""
    return dict(await _pairs(request, most_bytes=FORM_BYTES, most_fields=FIELDS))


async def read_long_form(request: Request) -> dict[str, list[str]]:
    """The same of a form with boxes: all values of each field."""
    fields: dict[str, list[str]] = {}
    for name, value in await _pairs(request, most_bytes=LONG_FORM_BYTES, most_fields=LONG_FIELDS):
        fields.setdefault(name, []).append(value)
    return fields


async def _pairs(request: Request, *, most_bytes: int, most_fields: int) -> list[tuple[str, str]]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form may have {most_bytes // 1024} KiB at most"
            )
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most_fields, errors="strict")
    except ValueError:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "this is no form, or one of more fields than are taken here"
        ) from None

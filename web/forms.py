"""What a form sends, from one of our pages or to the hub: urlencoded fields, and not any number of them."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

FORM_BYTES, FIELDS = 16 * 1024, 32
LONG_FORM_BYTES, LONG_FIELDS = 1024 * 1024, 8_192
"""Of a form with boxes: a filter has up to 1,000 values in each of eight dimensions, ten characters are 90 bytes."""


class FormRefused(HTTPException):
    """A long form that is not read. People send it, so a page answers: pages.refused_form."""


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the request's body, each once. 413 for one longer than FORM_BYTES, 400 for what is no form."""
    return dict(await _pairs(request, most_bytes=FORM_BYTES, most_fields=FIELDS))


async def read_long_form(request: Request) -> dict[str, list[str]]:
    """The same of a form with boxes: all values of each field. What is wrong with it is FormRefused."""
    fields: dict[str, list[str]] = {}
    try:
        pairs = await _pairs(request, most_bytes=LONG_FORM_BYTES, most_fields=LONG_FIELDS)
    except HTTPException as error:
        raise FormRefused(error.status_code, error.detail) from None
    for name, value in pairs:
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

"""CloudEvents 1.0 over HTTP: structured, binary and batch, the mode told by Content-Type alone.

Specification: cloudevents/spec v1.0.2, HTTP binding §3. The SDK picks the mode by other headers and knows no batch,
so it is not used. Every event is read before any is refused: the error names each wrong field of each.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from zonewire.errors import FieldError, InvalidInput, TooLarge, UnsupportedType
from zonewire.intake.event import Event
from zonewire.intake.event_json import read_event, read_json
from zonewire.intake.media import is_json, media_type

EVENT_BYTES = 1024 * 1024
REQUEST_BYTES = 8 * 1024 * 1024
MAX_ERRORS = 100
"""More than these are not listed."""

BATCH, STRUCTURED = "application/cloudevents-batch", "application/cloudevents"
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
_PREFIX = "ce-"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def read_cloudevents(content_type: str, headers: Mapping[str, str], body: bytes) -> list[Event]:
    """The events of one request. Raises UnsupportedType, TooLarge, InvalidInput."""
    media, charset = media_type(content_type)
    if charset not in _CHARSETS:
        raise UnsupportedType(f"charset {charset} is not taken", mend="Send UTF-8.")
    if len(body) > REQUEST_BYTES:
        raise request_too_large()
    if media.startswith(BATCH):
        _check_format(media)
        return _batch(body)
    if len(body) > EVENT_BYTES:
        raise event_too_large()
    if media.startswith(STRUCTURED):
        _check_format(media)
        return read_events([read_json(body)])
    return read_events([_binary(media, headers, body)])


def read_events(things: list[Any]) -> list[Event]:
    """Events in the JSON format. Raises InvalidInput, which names the wrong ones by their place."""
    events, errors = [], []
    for index, thing in enumerate(things):
        try:
            events.append(read_event(thing))
        except InvalidInput as wrong:
            errors += [FieldError(index, error.field, error.detail) for error in wrong.errors]
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise InvalidInput(errors[:MAX_ERRORS])
    return events


def request_too_large() -> TooLarge:
    """More bytes than a request may have."""
    return TooLarge(f"a request has at most {REQUEST_BYTES} bytes", mend="Send the events in several requests.")


def event_too_large(where: str = "") -> TooLarge:
    """More bytes than an event may have."""
    return TooLarge(f"an event has at most {EVENT_BYTES} bytes", where=where, mend="Send pictures as addresses.")


def _batch(body: bytes) -> list[Event]:
    things = read_json(body)
    if not isinstance(things, list):
        raise InvalidInput.of("", "a batch must be a JSON array")
    if len(body) > EVENT_BYTES:
        for index, thing in enumerate(things):
            if len(orjson.dumps(thing)) > EVENT_BYTES:
                raise event_too_large(f"event {index}")
    return read_events(things)


def _binary(media: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """A binary-mode request as the JSON format would have it (HTTP binding §3.1)."""
    if not is_json(media):
        raise UnsupportedType(
            f"{media or 'a request without Content-Type'} is not taken",
            mend=f"Send {STRUCTURED}+json, {BATCH}+json, or application/json with ce- headers.",
        )
    named = ((name.lower(), value) for name, value in headers.items())
    event = {name.removeprefix(_PREFIX): _header_text(name, v) for name, v in named if name.startswith(_PREFIX)}
    # Content-Type says what data is: these headers must not appear (§3.1.3.2), and data is the body alone.
    attributes: dict[str, Any] = {n: v for n, v in event.items() if n not in {"datacontenttype", "data", "data_base64"}}
    return attributes | {"data": read_json(body)}


def _header_text(name: str, value: str) -> str:
    """A header's value: quotes and backslashes undone, then percent-encoding, once (§3.1.3.2)."""
    quoted = _QUOTED.fullmatch(value.strip())
    plain = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value.strip()
    try:
        return unquote_to_bytes(plain.encode("latin-1")).decode()
    except UnicodeError:
        raise InvalidInput.of(name, "is not UTF-8 in percent-encoding") from None


def _check_format(media: str) -> None:
    if not media.endswith("+json"):
        raise UnsupportedType(f"{media} is not taken", mend="Send the JSON format: its type ends in +json.")

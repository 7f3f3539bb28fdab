"""One event in the JSON format of CloudEvents 1.0 (cloudevents/spec v1.0.2, JSON format §2 and §3)."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson

from zonewire.articles.model import Article
from zonewire.errors import FieldError, InvalidInput
from zonewire.intake.article_json import Identifier, Read, check_id, checked, read_article
from zonewire.intake.event import Event, EventType
from zonewire.intake.media import is_json, media_type
from zonewire.intake.moments import read_moment

T = TypeVar("T")


class _Withdrawal(Read):
    guid: Identifier


def read_event(thing: Any) -> Event:
    """The event in a JSON object. Raises InvalidInput, which names every field that is wrong."""
    if not isinstance(thing, dict):
        raise InvalidInput.of("", "an event must be a JSON object")
    given = {name: value for name, value in thing.items() if value is not None}  # null is absent (§2.2)
    wrong: list[FieldError] = []
    source = _noted(wrong, "source", lambda: check_id(_text(given, "source")))
    ident = _noted(wrong, "id", lambda: check_id(_text(given, "id")))
    kind = _noted(wrong, "type", lambda: _event_type(_text(given, "type")))
    time = _noted(wrong, "time", lambda: read_moment(_text(given, "time")) if "time" in given else None)
    _noted(wrong, "specversion", lambda: _check_specversion(_text(given, "specversion")))
    guid, article = _subject(wrong, kind, given) if kind else ("", None)
    if wrong or source is None or ident is None or kind is None:
        raise InvalidInput(wrong)
    return Event(source=source, id=ident, type=kind, guid=guid, time=time, article=article)


def read_json(body: bytes) -> Any:
    """The JSON in *body*. Raises InvalidInput; 100,000 brackets are no more than that (orjson stops at 1,024)."""
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as cause:
        raise InvalidInput.of("", f"is not UTF-8 (byte {cause.start})") from None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as cause:
        raise InvalidInput.of("", f"is not JSON: {cause}") from None


def _subject(wrong: list[FieldError], kind: EventType, given: Mapping[str, Any]) -> tuple[str, Article | None]:
    """What the event is about: a guid, and the article unless it is withdrawn."""
    data = _noted(wrong, "data_base64" if "data_base64" in given else "data", lambda: _data(given))
    if data is None:
        return "", None
    try:
        if kind is EventType.WITHDRAWN:
            return checked(_Withdrawal, data).guid, None
        article = read_article(data)
    except InvalidInput as refused:
        wrong += [FieldError(0, f"data.{e.field}" if e.field else "data", e.detail) for e in refused.errors]
        return "", None
    return article.guid, article


def _data(given: Mapping[str, Any]) -> Any:
    said = given.get("datacontenttype", "application/json")
    if not isinstance(said, str) or not is_json(media_type(said)[0]):
        raise ValueError("must be JSON, and datacontenttype application/json")
    if "data_base64" not in given:
        if "data" not in given:
            raise ValueError("is missing")
        return given["data"]
    if "data" in given:
        raise ValueError("stands beside data; only one may be there")
    try:
        return read_json(base64.b64decode(given["data_base64"], validate=True))
    except (TypeError, ValueError):
        raise ValueError("is not base64") from None
    except InvalidInput as refused:
        raise ValueError(refused.errors[0].detail) from None


def _noted(wrong: list[FieldError], name: str, read: Callable[[], T]) -> T | None:
    """What *read* returns; where it raises ValueError, None, and the error is noted."""
    try:
        return read()
    except ValueError as cause:
        wrong.append(FieldError(0, name, str(cause)))
        return None


def _text(given: Mapping[str, Any], name: str) -> str:
    if name not in given:
        raise ValueError("is missing")
    value = given[name]
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004  # noted with the other wrong values
    return value


def _event_type(name: str) -> EventType:
    try:
        return EventType(name)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(EventType)}") from None


def _check_specversion(version: str) -> None:
    if version != "1.0":
        raise ValueError('must be "1.0"')

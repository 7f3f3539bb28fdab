"""CloudEvents over HTTP: three modes, limits, and what each mistake is told."""

import base64
from typing import Any

import orjson
import pytest

from tests.builders import an_article, an_event_json
from zonewire.articles import as_json
from zonewire.errors import InvalidInput, TooLarge, UnsupportedType
from zonewire.intake import Event, EventType, read_cloudevents
from zonewire.intake.cloudevents import EVENT_BYTES, REQUEST_BYTES
from zonewire.intake.moments import read_moment

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def read(thing: Any, content_type: str = ONE, headers: dict[str, str] | None = None) -> list[Event]:
    body = thing if isinstance(thing, bytes) else orjson.dumps(thing)
    return read_cloudevents(content_type, headers or {}, body)


def wrong(thing: Any, content_type: str = ONE, headers: dict[str, str] | None = None) -> list[tuple[int, str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read(thing, content_type, headers)
    return [(error.index, error.field, error.detail) for error in caught.value.errors]


def binary(**over: str) -> dict[str, str]:
    return {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "urn:cms", "ce-type": "article.published"} | over


@pytest.mark.parametrize("content_type", [ONE, "Application/CloudEvents+JSON; charset=UTF-8"])
def test_a_structured_event_is_read(content_type: str) -> None:
    article = an_article()
    (event,) = read(an_event_json(article, id="1", time="2026-06-06T06:00:00Z"), content_type)
    assert event == Event(
        source="https://portal.example/cms",
        id="1",
        type=EventType.PUBLISHED,
        guid=article.guid,
        time=read_moment("2026-06-06T06:00:00Z"),
        article=article,
    )


def test_the_content_type_tells_the_mode_even_where_other_headers_say_otherwise() -> None:
    (event,) = read(an_event_json(id="in the body"), ONE, binary())
    assert event.id == "in the body"


def test_a_batch_is_read_in_its_order_and_may_be_empty() -> None:
    assert [event.id for event in read([an_event_json(id="1"), an_event_json(id="2")], BATCH)] == ["1", "2"]
    assert read([], BATCH) == []


def test_a_binary_event_is_read_from_headers_and_body() -> None:
    article = an_article()
    headers = binary(**{"ce-id": "%E6%96%B0%20a", "CE-Time": "2026-06-06", "ce-datacontenttype": "text/plain"})
    (event,) = read(as_json(article), "application/json", headers)
    assert (event.id, event.time, event.article) == ("新 a", read_moment("2026-06-06"), article)


def test_a_quoted_header_of_an_older_sender_is_read() -> None:
    (event,) = read(as_json(an_article()), "application/json", binary(**{"ce-id": r'"a\"b%20c"'}))
    assert event.id == 'a"b c'


def test_a_header_that_is_not_utf8_is_refused() -> None:
    assert wrong(as_json(an_article()), "application/json", binary(**{"ce-id": "%C0%80"}))[0][1] == "ce-id"


def test_data_may_come_as_base64() -> None:
    thing = an_event_json()
    thing["data_base64"] = base64.b64encode(orjson.dumps(thing.pop("data"))).decode()
    (event,) = read(thing)
    assert event.article


def test_a_withdrawal_needs_only_a_guid() -> None:
    (event,) = read(an_event_json(type="article.withdrawn", data={"guid": "17"}))
    assert (event.type, event.guid, event.article) == (EventType.WITHDRAWN, "17", None)
    assert wrong(an_event_json(type="article.withdrawn", data={})) == [(0, "data.guid", "is missing")]


def test_null_attributes_are_absent_and_unknown_ones_ignored() -> None:
    (event,) = read(an_event_json(time=None, traceparent="00-1", subject=None))
    assert event.time is None


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"source": None}, "source"),
        ({"source": "urn:\x01"}, "source"),
        ({"type": "article.exploded"}, "type"),
        ({"specversion": "1.0.2"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"time": "noon"}, "time"),
        ({"time": 5}, "time"),
        ({"data": None}, "data"),
        ({"data": "text"}, "data"),
        ({"data": "text", "datacontenttype": "text/plain"}, "data"),
        ({"data": None, "data_base64": "?"}, "data_base64"),
        ({"data": None, "data_base64": "W1td"}, "data_base64"),
        ({"data_base64": "e30="}, "data_base64"),
    ],
)
def test_a_wrong_attribute_is_named(over: dict[str, Any], field: str) -> None:
    assert [found for _, found, _ in wrong(an_event_json(**over))] == [field]


def test_each_wrong_field_of_each_event_of_a_batch_is_named() -> None:
    bad = an_event_json(id="", data=as_json(an_article()) | {"title": 7})
    assert [(index, field) for index, field, _ in wrong([an_event_json(), bad, 5], BATCH)] == [
        (1, "id"),
        (1, "data.title"),
        (2, ""),
    ]


def test_a_binary_request_without_its_headers_is_told_which() -> None:
    assert [field for _, field, _ in wrong({}, "application/json")][:4] == ["source", "id", "type", "specversion"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"not json", b'{"id": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b'"\\ud800"']
)
@pytest.mark.parametrize("content_type", [ONE, BATCH, "application/json"])
def test_what_is_no_json_is_refused(body: bytes, content_type: str) -> None:
    assert wrong(body, content_type, binary())[0][:2] == (0, "")


@pytest.mark.parametrize("thing", [[], 5, "x", None])
def test_what_is_json_but_no_event_is_refused(thing: Any) -> None:
    assert wrong(thing) == [(0, "", "an event must be a JSON object")]
    if not isinstance(thing, list):
        assert wrong(thing, BATCH) == [(0, "", "a batch must be a JSON array")]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/xml",
        "application/cloudevents+xml",
        BATCH.replace("json", "avro"),
        ONE + "; charset=gbk",
    ],
)
def test_another_media_type_is_not_taken(content_type: str) -> None:
    with pytest.raises(UnsupportedType):
        read(an_event_json(), content_type, binary())


def test_an_event_has_its_limit_alone_and_in_a_batch() -> None:
    small, large = an_event_json(), an_event_json(data=as_json(an_article()) | {"text": "x" * EVENT_BYTES})
    for thing, content_type in ((large, ONE), ([small, large], BATCH), (large["data"], "application/json")):
        with pytest.raises(TooLarge, match="1048576"):
            read(thing, content_type, binary())


def test_a_batch_may_have_eight_events_of_nearly_the_limit_and_no_more() -> None:
    large = an_event_json(data=as_json(an_article()) | {"text": "x" * (EVENT_BYTES - 2_000)})
    assert len(read([large] * 8, BATCH)) == 8
    with pytest.raises(TooLarge, match=str(REQUEST_BYTES)):
        read([large] * 9, BATCH)


def test_the_errors_of_a_large_batch_are_not_all_listed() -> None:
    assert len(wrong([{}] * 1_000, BATCH)) == 100

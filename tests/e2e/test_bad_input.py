"""Whatever cannot be an event gets problem details that say why, and changes nothing."""

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from tests.builders import an_article, an_event_json
from tests.e2e.installation import BATCH, Installation
from zonewire.articles.model import as_json
from zonewire.store.tables import events, versions

EVENT = "application/cloudevents+json"


def _with(**data: Any) -> bytes:
    return orjson.dumps(an_event_json(data=as_json(an_article()) | data))


def _without(field: str) -> bytes:
    return orjson.dumps(an_event_json(data={k: v for k, v in as_json(an_article()).items() if k != field}))


DEEP = b"[" * 100_000
DEEP_DATA = (
    b'{"specversion":"1.0","id":"1","source":"s","type":"article.published","data":' + DEEP + b"]" * 100_000 + b"}"
)

CASES = {
    "no JSON": (b"{not json", EVENT, 400),
    "nothing at all": (b"", EVENT, 400),
    "not UTF-8": (b'{"id": "\xff\xfe"}', EVENT, 400),
    "40 MB": (b'"' + b"x" * 40_000_000 + b'"', EVENT, 413),
    "one event of 2 MB": (_with(text="字" * 700_000), EVENT, 413),
    "100,000 brackets": (DEEP, EVENT, 400),
    "100,000 brackets in the data": (DEEP_DATA, EVENT, 400),
    "a date that is none": (_with(published_at="2026-02-31"), EVENT, 400),
    "a date in words": (_with(published_at="yesterday"), EVENT, 400),
    "a title that is a number": (_with(title=7), EVENT, 400),
    "no title": (_without("title"), EVENT, 400),
    "no guid": (_without("guid"), EVENT, 400),
    "no url": (_without("url"), EVENT, 400),
    "a url that is none": (_with(url="javascript:alert(1)"), EVENT, 400),
    "an unknown type": (orjson.dumps(an_event_json(type="article.exploded")), EVENT, 400),
    "no id": (orjson.dumps(an_event_json(id="")), EVENT, 400),
    "a batch with one bad event": (orjson.dumps([an_event_json(), an_event_json(type="x")]), BATCH, 400),
    "an object where a batch was said": (orjson.dumps(an_event_json()), BATCH, 400),
    "a picture": (b"\x89PNG", "image/png", 415),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_an_event_is_refused_with_a_reason_and_changes_nothing(
    installation: Installation, case: str
) -> None:
    body, content_type, status = CASES[case]
    before = _rows(installation)

    answer = installation.post_events(body, content_type=content_type)

    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert "Traceback" not in answer.text
    assert _rows(installation) == before


def test_the_problem_names_the_event_and_the_field(installation: Installation) -> None:
    good, bad = an_event_json(), an_event_json(data=as_json(an_article()) | {"published_at": "2026-02-31"})
    answer = installation.post_events(orjson.dumps([good, bad]))
    (error,) = answer.json()["errors"]
    assert (error["index"], error["field"]) == (1, "data.published_at")
    assert error["detail"]


@pytest.mark.parametrize(("token", "status"), [("", 401), ("wrong", 403)])
def test_without_the_token_nothing_is_taken(installation: Installation, token: str, status: int) -> None:
    before = _rows(installation)
    answer = installation.post_events(orjson.dumps(an_event_json()), content_type=EVENT, token=token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert _rows(installation) == before


def test_after_all_of_that_it_takes_an_article(installation: Installation) -> None:
    (result,) = installation.publish([an_article()])
    assert result["result"] == "accepted"


def _rows(installation: Installation) -> list[int]:
    """How much was ever accepted."""
    with installation.store() as store, store.reading() as db:
        return [db.execute(select(func.count()).select_from(table)).scalar_one() for table in (events, versions)]

"""One id through the log of the running system: from an event to the try that failed."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.builders import an_article, an_event_json
from tests.e2e.installation import an_installation
from tests.eventually import eventually
from tests.servers.receiver import Receiver, status

pytestmark = pytest.mark.slow  # starts an installation of its own, or several


def test_an_events_id_leads_from_the_request_that_brought_it_to_each_failed_try(tmp_path: Path) -> None:
    article = an_article()
    event = an_event_json(article)
    with Receiver(default=status(500)) as receiver, an_installation(tmp_path / "data") as installation:
        installation.up()
        made = installation.subscribe("webhook", receiver.url("/fails"))
        answer = installation.post_events(orjson.dumps(event), content_type="application/cloudevents+json")
        assert answer.status_code == 202
        log = installation.data_dir / "logs" / "zonewire.log"
        failed = eventually(lambda: _lines(log, "attempt.failed"), within_s=10, what="a failed try is told")
        eventually(lambda: _lines(log, "batch.pushed"), within_s=10, what="what a task did is told")
        accepted, reacted = _lines(log, "article.accepted"), _lines(log, "article.reacted")
        (delivery,) = installation.json("deliveries", "list")
        installation.terminate()
    assert all(line.startswith("{") for line in log.read_text().splitlines()), "other words stand among the lines"
    assert accepted[0]["event_ids"] == [event["id"]]
    assert accepted[0]["article_guids"] == [f"{article.guid} v1"]
    assert accepted[0]["request_id"] == answer.headers["X-Request-Id"]
    assert reacted[0]["article_guid"] == failed[0]["article_guid"] == article.guid
    assert reacted[0]["event_id"] == failed[0]["event_id"] == event["id"]
    assert (reacted[0]["lane"], failed[0]["lane"]) == ("events", "push.http")
    assert len(_lines(log, "batch.pushed")[0]["task_id"]) == 36
    assert (failed[0]["delivery_id"], failed[0]["endpoint_id"]) == (delivery["id"], made["endpoint"])
    assert (failed[0]["outcome"], failed[0]["error"]) == ("later", "HTTP 500")


def _lines(log: Path, event: str) -> list[dict[str, Any]]:
    found = [orjson.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line.get("event") == event]

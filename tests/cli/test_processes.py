"""`zonewire status`, as an operator reads it."""

from typing import Any

import pytest

from cli.processes import _in_a_sentence
from tests.builders import a_delivery
from tests.cli.conftest import Run
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import Lane
from zonewire.store import Store


def lanes(**over: Any) -> dict[str, dict[str, Any]]:
    well = {"workers": 1, "oldest_due_seconds": 0.0, "paused": None}
    return {lane.value: well | over.get(lane.value, {}) for lane in Lane}


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({}, "Every lane has a worker, and none is late."),
        ({lane.value: {"workers": 0} for lane in Lane}, "No worker runs"),
        ({"feeds": {"workers": 0}}, "No worker runs on feeds."),
        ({"push.http": {"oldest_due_seconds": 11.0}}, "Late: push.http."),
        ({"push.email": {"oldest_due_seconds": 11.0}}, "none is late"),
        ({"push.http": {"oldest_due_seconds": 11.0, "paused": {"by": "chen"}}}, "Paused: push.http."),
    ],
)
def test_one_sentence_says_whether_all_is_well(over: dict[str, Any], said: str) -> None:
    assert said in _in_a_sentence(lanes(**over))


def test_status_leads_with_what_is_wrong(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        a_delivery(db)
    assert "No worker runs: what waits goes out once `zonewire up` is started." in run_here("status").stdout
    with store.writing() as db:
        for lane in Lane:
            heartbeats.beat(db, worker=f"{lane}@here", lane=lane)
    assert "Late: push.http." in run_here("status").stdout

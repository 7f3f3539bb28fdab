"""`zonewire lanes`: a pause is seen wherever one looks."""

import orjson
import pytest

from tests.cli.conftest import Run
from zonewire.store import Store

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_pause_is_seen_in_every_list_and_in_the_audit(store: Store, run_here: Run) -> None:
    done = run_here("lanes", "pause", "push.http", "--for", "2h", "--reason", "they move", "--json")
    assert done.returncode == 0, done.stderr
    pause = orjson.loads(done.stdout)["paused"]

    listed = {one["lane"]: one["paused"] for one in orjson.loads(run_here("lanes", "list", "--json").stdout)}
    assert (listed["push.http"], listed["feeds"]) == (pause, None)
    assert orjson.loads(run_here("status", "--json").stdout)["lanes"]["push.http"]["paused"] == pause
    assert "they move" in run_here("status").stdout
    (record,) = orjson.loads(run_here("audit", "--json").stdout)
    assert (record["act"], record["about"], record["detail"]["reason"]) == ("lane.paused", "push.http", "they move")


def test_resuming_says_whether_the_lane_rested(store: Store, run_here: Run) -> None:
    run_here("lanes", "pause", "feeds")

    assert "works again" in run_here("lanes", "resume", "feeds").stdout
    assert "was not paused" in run_here("lanes", "resume", "feeds").stdout


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("pause", "mars"), 2, "there is no lane"),
        (("pause", "feeds", "--for", "soon"), 2, "90s, 30m, 2h or 1d"),
        (("pause", "upkeep"), 1, "upkeep cannot be paused"),
        (("resume", "mars"), 2, "The lanes are events"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    store: Store, run_here: Run, words: tuple[str, ...], status: int, said: str
) -> None:
    done = run_here("lanes", *words)
    assert (done.returncode, said in done.stderr) == (status, True)

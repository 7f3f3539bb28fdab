"""What the workers do, what comes next, and the tasks that failed."""

from pathlib import Path

from tasks.inspection import NOTHING, Inspected, Task
from tests.web.console.browsing import at_the_console, page_of, text_of
from zonewire.delivery import heartbeats, task_failures
from zonewire.delivery.lanes import Lane
from zonewire.delivery.task_failures import Failure
from zonewire.store import Store, now

RUNNING = Task(name="feeds.turn", id="a-task", arguments="", began_at=1)


def test_who_runs_what_is_told_and_who_is_silent(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        for worker, lane in (("feeds@here", "feeds"), ("events@here", "events"), ("digests@here", "digests")):
            heartbeats.beat(db, worker=worker, lane=lane)
    said = Inspected(answers=True, hints=dict.fromkeys(Lane, 3), running={"feeds@here": [RUNNING], "digests@here": []})
    with at_the_console(plain_store, tmp_path, inspect=lambda names: said if len(names) == 3 else NOTHING) as chen:
        page = page_of(chen.get("/console/tasks"))
    does = {row.xpath("string(td[2])"): row.xpath("string(td[3])") for row in page.xpath("(//table)[1]/tbody/tr")}
    assert does["feeds@here"].startswith("feeds.turn()")
    assert (does["digests@here"], does["events@here"]) == ("waits for work", "in a turn, no answer yet")
    assert {row.xpath("string(td[2])") for row in page.xpath("(//table)[2]/tbody/tr")} == {"3"}


def test_a_failed_task_is_shown_with_its_arguments_and_traceback(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        for n in range(21):
            failure = Failure(lane="feeds", worker="feeds@here", error=ValueError(f"no {n}"), task="feeds.turn")
            task_failures.note(db, failure, now=now(db))
    with at_the_console(plain_store, tmp_path) as chen:
        first = chen.get("/console/tasks")
        (older,) = page_of(first).xpath("//p[@class='older']/a/@href")
        second = text_of(chen.get("/console/tasks" + older))
    assert "Redis does not answer" in text_of(first)
    assert ("ValueError: no 20" in text_of(first), "no 0" in text_of(first)) == (True, False)
    assert ("ValueError: no 0" in second, "no 1 " in second) == (True, False)

"""Overload and trouble, from outside: a full disk, a database that is locked or slow, and ever so much that waits."""

import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.builders import an_article, an_event_json
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.receiver import Gate, Receiver
from tests.servers.small_disk import SmallDisk, a_small_disk

pytestmark = pytest.mark.slow

LONG = "园区新闻的正文。" * 8_000
WAITING = 100_000
EVENTS = 200
ANSWERED_WITHIN_S = 0.1
"""What rules.md promises of 99 in 100 events; the test fails at twice of it."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with a_small_disk(tmp_path / "disk", megabytes=64) as small:
        yield small


def posted(installation: Installation, *, text: str = "正文。") -> tuple[int, dict[str, str]]:
    """The status of one event's answer, and its headers."""
    event = an_event_json(an_article(zone="故障产业园", text=text))
    answer = installation.post_events(orjson.dumps(event), content_type="application/cloudevents+json")
    return answer.status_code, dict(answer.headers)


def test_a_full_disk_is_told_loses_nothing_and_is_got_over_once_there_is_room(
    disk: SmallDisk, receiver: Receiver
) -> None:
    with an_installation(disk.folder / "data") as installation:
        installation.up()
        installation.subscribe("webhook", receiver.url("/full"), "--zone", "故障产业园")
        assert posted(installation)[0] == 202
        eventually(lambda: receiver.count == 1, within_s=5)
        disk.fill()
        refused = eventually(lambda: _until_full(installation), within_s=20, what="the disk is full")
        assert refused == 507
        assert installation.get("/healthz").status_code == 200
        disk.free()
        eventually(lambda: posted(installation)[0] == 202, within_s=10, what="it takes events again")
        told = installation.json("status")["articles"]
        eventually(lambda: len(receiver.ids("/full")) == told, within_s=20, what="all that was accepted came")
        eventually(lambda: installation.json("status")["backlog"] == 0, within_s=10)


def _until_full(installation: Installation) -> int:
    status, _ = posted(installation, text=LONG)
    return 0 if status == 202 else status


def test_a_locked_database_is_told_within_six_seconds_and_got_over(tmp_path: Path, receiver: Receiver) -> None:
    with an_installation(tmp_path / "data") as installation:
        installation.up()
        installation.subscribe("webhook", receiver.url("/locked"), "--zone", "故障产业园")
        lock = sqlite3.connect(installation.data_dir / "zonewire.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        status, headers = posted(installation)
        assert (status, headers["retry-after"]) == (503, "1")
        assert 4 < time.monotonic() - began < 7
        assert installation.get("/feeds/all.rss").status_code == 200
        lock.execute("COMMIT")
        lock.close()
        assert posted(installation)[0] == 202
        eventually(lambda: receiver.count == 1, within_s=10)


def test_a_database_that_somebody_holds_most_of_the_time_only_delays(tmp_path: Path, receiver: Receiver) -> None:
    with an_installation(tmp_path / "data") as installation:
        installation.up()
        installation.subscribe("webhook", receiver.url("/slow"), "--zone", "故障产业园")
        over = threading.Event()
        holder = threading.Thread(target=_hold_most_of_the_time, args=(installation.data_dir / "zonewire.db", over))
        holder.start()
        try:
            statuses = [posted(installation)[0] for _ in range(10)]
            accepted = statuses.count(202)
            assert set(statuses) <= {202, 503}
            assert accepted
            eventually(lambda: len(receiver.ids("/slow")) >= accepted, within_s=40, what="what was accepted came")
        finally:
            over.set()
            holder.join()
        assert len(receiver.ids("/slow")) == accepted


def _hold_most_of_the_time(path: Path, over: threading.Event) -> None:
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    while not over.is_set():
        db.execute("BEGIN IMMEDIATE")
        over.wait(0.4)
        db.execute("COMMIT")
        over.wait(0.1)
    db.close()


@pytest.mark.timeout(300)
def test_with_100000_deliveries_waiting_events_are_still_answered_promptly(tmp_path: Path, receiver: Receiver) -> None:
    gate = receiver.default = Gate(first=0)
    with an_installation(tmp_path / "data", http_timeout="600") as installation:
        installation.up()
        installation.import_subscriptions(
            {"channel": "webhook", "to": receiver.url(f"/{n}"), "zone": "积压产业园"} for n in range(WAITING)
        )
        installation.publish([an_article(zone="积压产业园")])
        took_s = [_timed(installation) for _ in range(EVENTS)]  # while they are owed, and then while they wait
        eventually(lambda: installation.json("status")["backlog"] == WAITING, within_s=60, what="all of them wait")
        took_s += [_timed(installation) for _ in range(EVENTS)]
        p99 = statistics.quantiles(took_s, n=100)[98]
        print(f"99 of 100 events were answered within {p99 * 1000:.0f} ms")
        assert p99 < 2 * ANSWERED_WITHIN_S
        gate.open()
        eventually(lambda: receiver.count == WAITING, within_s=120, what="all came")


def _timed(installation: Installation) -> float:
    began = time.monotonic()
    assert posted(installation)[0] == 202
    return time.monotonic() - began

"""The drill itself: a whole one by the command, and one that must find what a receiver says that it never had."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e import processes
from tests.e2e.installation import ZONEWIRE
from tests.eventually import eventually
from workers.drill import faults
from workers.drill.judge import Sort
from workers.drill.plan import LEAST_S, Plan
from workers.drill.run import run_drill
from zonewire import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# What must not be heard of by a drill: none of it leads anywhere.
OURS = {"ZONEWIRE_REDIS_URL": "redis://127.0.0.1:1/0", "ZONEWIRE_DATABASE_URL": "sqlite:////nowhere/zonewire.db"}


def started(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    """`zonewire drill`, whose folders are made in *folder*."""
    return subprocess.Popen(
        [ZONEWIRE, "drill", *words],
        env=os.environ | OURS | {"TMPDIR": str(folder)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def folder() -> Any:
    short = Path(f"/tmp/zw-drill-{os.getpid()}")  # Redis's socket has to fit
    short.mkdir()
    yield short
    shutil.rmtree(short)


def test_a_drill_makes_every_fault_loses_nothing_and_leaves_nothing(folder: Path) -> None:
    drill = started(folder, "--seconds", str(LEAST_S), "--seed", "7", "--json")

    said, errors = drill.communicate()

    report = orjson.loads(said)
    assert drill.returncode == 0, (report["verdict"], report["findings"][:5], report["odd"], errors)
    assert report["verdict"].startswith("Nothing was lost: ")
    assert report["owed"] == report["sent"] > 500
    made = {fault["name"] for fault in report["faults"]}
    assert made == {fault.name for fault in [*faults.inside(postgresql=False), *faults.outside()]}
    assert list(folder.iterdir()) == []
    assert processes.carrying(f"TMPDIR={folder}") == set()


def test_a_receiver_that_denies_what_it_got_makes_it_fail_and_is_named() -> None:
    plan = Plan(seconds=1, seed=3, only=frozenset({"emptied", "break off"}), loses_one=True, patience_s=0.5)

    report = run_drill(plan, told=lambda _report, _line: None)

    assert [(one.sort, one.receiver) for one in report.total.findings] == [(Sort.MISSING, "webhook 1")]
    assert not report.is_clean
    (trail,) = report.trails.values()
    assert "delivered" in trail  # the ledger believes that it has it
    assert report.kept is not None
    shutil.rmtree(report.kept)


def test_a_drill_that_is_interrupted_leaves_nothing(folder: Path) -> None:
    drill = started(folder)
    eventually(lambda: len(processes.descendants(drill.pid)) > 10, within_s=60, what="its workers run")

    drill.send_signal(signal.SIGTERM)

    assert drill.wait(30) == 130
    assert list(folder.iterdir()) == []
    assert processes.carrying(f"TMPDIR={folder}") == set()

"""What the doctor finds of clocks."""

import time
from pathlib import Path

import pytest

from config.settings import load
from workers.doctor import clocks
from workers.doctor.clocks import examine_clock, examine_machines_clock
from workers.doctor.findings import Result


def test_a_clock_that_is_elsewhere_is_found() -> None:
    (found,) = examine_clock("the database", time.time() - 3600)
    assert (found.result, found.found) == (Result.FAIL, "the database's clock is 3600 s from this machine's")


@pytest.mark.parametrize(("status", "is_kept"), [(0x2001, True), (0x2041, False), (None, True)])
def test_a_clock_that_nobody_keeps_is_found(
    status: int | None, is_kept: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "_kernel_status", lambda: status)
    found = list(examine_machines_clock(load(data_dir=tmp_path)))
    assert [one.result for one in found] == ([] if is_kept else [Result.WARN])


def test_the_kernel_is_asked_and_its_clock_is_left_alone() -> None:
    before = time.time()
    status = clocks._kernel_status()
    assert status is None or 0 <= status < 0x10000
    assert time.time() - before < 1

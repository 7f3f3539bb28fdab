"""What the doctor finds of limits; and that a courier takes what it may."""

import os
import resource
from pathlib import Path

import pytest

from config.settings import load
from tests.eventually import eventually
from workers.doctor import limits
from workers.doctor.findings import Result
from workers.doctor.limits import NEEDED, examine_limits
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.guard import Guard


def test_a_limit_that_a_courier_would_reach_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(limits, "NEEDED", hard + 1)
    (found,) = examine_limits(load(data_dir=tmp_path))
    assert (found.result, f"Raise it to {hard + 1:,}" in found.mend) == (Result.WARN, True)
    monkeypatch.setattr(limits, "NEEDED", hard)
    assert [one.result for one in examine_limits(load(data_dir=tmp_path))] == [Result.OK]


def test_a_courier_may_open_a_descriptor_for_each_of_its_places() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        courier = HttpCourier(Guard(), timeout_s=1)
        wanted = min(NEEDED, hard)
        eventually(lambda: resource.prlimit(courier.pid, resource.RLIMIT_NOFILE)[0] == wanted, within_s=5)
        courier.close(grace_s=0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.getpid()

"""What an installation costs: the time until it is ready, and memory while it idles. Needs the machine for itself."""

from collections.abc import Iterator

import pytest

from tests.e2e import processes
from tests.e2e.installation import Installation, an_installation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("frugal") / "data") as running:
        running.up()
        yield running


def test_it_is_ready_within_five_seconds(installation: Installation) -> None:
    assert installation.started_in_s < 5


def test_it_idles_under_400_mib(installation: Installation) -> None:
    pss_mib = installation.pss_kib() / 1024
    by_process = {processes.command(pid): processes.pss_kib(pid) // 1024 for pid in installation.processes()}
    assert 60 < pss_mib < 400, by_process  # far less than 60 would mean that the processes were not found

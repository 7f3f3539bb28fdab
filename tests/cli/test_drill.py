"""`zonewire drill`, used wrongly: told before anything is started. What it does is in tests/e2e/test_drill.py."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_folder_with_something_in_it_is_not_written_over(run_here: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine").touch()

    done = run_here("drill", "--keep", str(kept))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"--keep: {kept} is there already\nName a folder that is new or empty." in done.stderr
    assert list(kept.iterdir()) == [kept / "mine"]

"""`zonewire drill`, used wrongly: told before anything is started. What it does is in tests/e2e/test_drill.py."""

from pathlib import Path

from tests.cli.conftest import Run


def test_a_folder_with_something_in_it_is_not_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    done = run("drill", "--keep", str(tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"--keep: {tmp_path} is there already\nName a folder that is new or empty." in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]

"""The command as a shell runs it, on an installation of the test's own; and the same without a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.here import own_logs, run_in_this_process
from zonewire import ROOT

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]

PROGRAM = "import cli.main; cli.main.main()"
"""What `.venv/bin/zonewire` holds."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command; its settings are given by keyword, as environment variables."""

    def command(*args: str, stdin: str = "", **settings: str) -> Done:
        environment = {"ZONEWIRE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200", **settings}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *args],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )

    return command


@pytest.fixture
def quiet_logs() -> Iterator[None]:
    """For commands that a test calls itself."""
    with own_logs():
        yield


@pytest.fixture
def run_here(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As `run`, in this process and on the database of the fixture `store`: it takes a tenth of the time."""
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def command(*args: str, stdin: str | None = None, **settings: str) -> Done:
        return run_in_this_process(args, os.environ | settings, stdin=stdin)

    return command

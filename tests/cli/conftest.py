"""The command as a shell runs it, on an installation of the test's own; and the same without a process of its own."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

import cli.main
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
    """A command sets logging up for its process; here that is the tests'."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture
def run_here(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_logs: None) -> Run:
    """As `run`, in this process and on the database of the fixture `store`: it takes a tenth of the time."""
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path / "data"))
    if cli.main.app.registered_groups:
        monkeypatch.setattr(cli.main, "_register", lambda: None)

    def command(*args: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "argv", ["zonewire", *args])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main.main()
        return Done(args, int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return command

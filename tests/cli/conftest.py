"""The command as a shell runs it, on an installation of the test's own; and the same without a process of its own."""

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
    monkeypatch.setenv("COLUMNS", "200")

    def command(*args: str, stdin: str | None = None, **settings: str) -> Done:
        out, err = _a_stream(), _a_stream()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["zonewire", *args])
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            if stdin is not None:
                patch.setattr(sys, "stdin", _a_stream(stdin))
            for name, value in settings.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                cli.main.main()
        return Done(args, int(ended.value.code or 0), _all_of(out), _all_of(err))

    return command


def _a_stream(holds: str = "") -> io.TextIOWrapper:
    """Text with bytes below, as standard input and output are."""
    return io.TextIOWrapper(io.BytesIO(holds.encode()), "utf-8", write_through=True)


def _all_of(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()

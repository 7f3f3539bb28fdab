"""The programs of a page, taken out of it and run as a partner would run them."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.eventually import eventually
from zonewire import ROOT

PARTNERS = ROOT / "docs/partners"
PORTAL, CALLBACK = "https://news.example", "https://partner.example/in/7c1e0f"
"""What the pages write for the portal's address and the partner's."""


@dataclass(frozen=True, slots=True)
class Language:
    """One that examples are written in."""

    name: str
    fence: str
    suffix: str
    command: str
    serving: tuple[str, ...] = ()  # what its server wants before the file

    def require(self) -> None:
        """Skip where it is not at hand."""
        require(self.command, f"the examples in {self.name} are not tried")

    def program(self, page: str, folder: Path) -> Path:
        """The program that *page* has in this language, as a file."""
        path = folder / f"program{self.suffix}"
        path.write_text(blocks(page, self.fence)[0])
        return path


PYTHON = Language("Python", "python", ".py", sys.executable)
PHP = Language("PHP", "php", ".php", "php", ("-S", "127.0.0.1:{port}"))
NODE = Language("Node", "js", ".mjs", "node")
EACH = pytest.mark.parametrize("language", [PYTHON, PHP, NODE], ids=lambda language: language.name)


def require(command: str, consequence: str) -> None:
    """Skip a test that needs *command* where there is none."""
    if not shutil.which(command):
        pytest.skip(f"no {command} here: {consequence}")


def blocks(page: str, fence: str) -> list[str]:
    """The blocks of code of a partners' page in one language."""
    return re.findall(rf"^```{fence}\n(.*?)^```", (PARTNERS / page).read_text(), re.MULTILINE | re.DOTALL)


def shown(page: str, beginning: str) -> str:
    """The one command of *page* that begins so."""
    (command,) = [block for block in blocks(page, "sh") if block.startswith(beginning)]
    return command


def run(*command: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a program prints; it has to succeed."""
    done = subprocess.run(
        command, env=_clean(env or {}), cwd=cwd, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def serving(language: Language, program: Path, env: dict[str, str]) -> Iterator[None]:
    """*program* as a server on env's PORT."""
    before = [part.format(port=env["PORT"]) for part in language.serving]
    log = program.with_suffix(".log")
    with (
        log.open("w") as out,
        subprocess.Popen([language.command, *before, str(program)], env=_clean(env), stdout=out, stderr=out) as process,
    ):
        try:
            eventually(lambda: _answers(int(env["PORT"])), within_s=10, what=f"{program}: {log.read_text()}")
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()


def _clean(env: dict[str, str]) -> dict[str, str]:
    """An environment without proxies and settings of whoever runs the tests."""
    return {"PATH": os.environ["PATH"], **env}


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False

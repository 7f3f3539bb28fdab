"""What commands print over the newsroom's data, on a terminal of 80 columns."""

import os
import pty
import re
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

from zonewire import ROOT

COMMANDS = (
    "status",
    "feeds list",
    "articles list --limit 5",
    "subscriptions list --limit 5",
    "endpoints list --limit 5",
    "--help",
)
PROGRAM = Path(sys.executable).with_name("zonewire")
ROWS, COLUMNS = 40, 80

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Printed:
    """A command, and what it said."""

    command: str
    text: str


def run_commands(data: Path) -> list[Printed]:
    """Each of COMMANDS with *data* as its data folder."""
    return [Printed(command, _said(command, data)) for command in COMMANDS]


def _said(command: str, data: Path) -> str:
    environment = os.environ | {"ZONEWIRE_DATA_DIR": str(data), "COLUMNS": str(COLUMNS), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    with subprocess.Popen([PROGRAM, *command.split()], env=environment, cwd=ROOT, stdout=theirs, stderr=theirs):
        os.close(theirs)
        said = _all_of(ours)
    os.close(ours)
    return _COLOURS.sub("", said.decode()).replace("\r\n", "\n")


def _all_of(terminal: int) -> bytes:
    said = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # Linux says so when the other side is closed
            return said
        if not part:
            return said
        said += part

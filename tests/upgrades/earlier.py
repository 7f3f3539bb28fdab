"""An earlier release, beside today's: its tree as git has it, run by the environment of today."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM
from tests.e2e.installation import Installation
from zonewire import ROOT

BEFORE = "31ca95ab393b5e268788d331de04f593a62bfa18"
"""The commit that a new release has to work beside: the one before it. The first that works on a newer database."""

PACKAGES = ("cli", "config", "tasks", "web", "workers", "zonewire")


def tree(folder: Path) -> Path:
    """The files of BEFORE, in *folder*. Skips the test where this checkout does not have them, and says why."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git, or no clone: there is no earlier release to run")
    known = subprocess.run(
        ["git", "cat-file", "-e", f"{BEFORE}^{{commit}}"], cwd=ROOT, capture_output=True, check=False
    )
    if known.returncode:
        pytest.skip(f"this clone does not go back to {BEFORE[:7]} (git fetch --unshallow)")
    folder.mkdir()
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    return folder


def let_run(installation: Installation, checkout: Path) -> None:
    """Let *installation* run the code of *checkout*, which comes before what is installed here."""
    installation.checkout = checkout
    installation.program = (sys.executable, "-c", PROGRAM)
    installation.environment["PYTHONPATH"] = str(checkout)
    found = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(PACKAGES)}; print({'.__file__, '.join(PACKAGES)}.__file__)"],
        env=installation.environment,
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(file.startswith(f"{checkout}/") for file in found.stdout.split()), found.stdout

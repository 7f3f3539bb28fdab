"""`zonewire doctor`: is all well that this installation stands on, and what mends what is not."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import print_json

if TYPE_CHECKING:
    from workers.doctor.findings import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """Check settings, database, broker, mail, clock, disk, addresses and files; say what to mend. Changes nothing."""
    from cli.logs import log_warnings_only
    from workers.doctor import examine

    log_warnings_only()
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        print_json([one._asdict() for one in findings])
    if any(one.result == "fail" for one in findings):
        raise typer.Exit(1)


def _tell(one: "Finding") -> None:
    word = typer.style(f"{one.result.value:4}", fg=COLOURS[one.result.value]) if sys.stdout.isatty() else one.result
    sys.stdout.write(f"{word:4}  {one.check:10}  {one.found}\n")
    if one.mend:
        sys.stdout.write(f"{'':18}{one.mend}\n")

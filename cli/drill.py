"""`zonewire drill`: the proof that nothing is lost, on an installation of its own."""

import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import print_json
from workers.drill.plan import LEAST_S, USUAL_S
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from workers.drill.report import Report

SEEDS = 1_000_000
CLEAR_LINE = "\r\x1b[K"


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(drill)


def drill(
    seconds: Annotated[
        int,
        typer.Option(min=LEAST_S, help="For how long faults are made; each once at least, however long that takes."),
    ] = USUAL_S,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same articles, and the same faults in the same order, again.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep its folder there: database, logs, settings.")
    ] = None,
    postgresql: Annotated[
        bool, typer.Option("--postgresql", help="On a PostgreSQL of its own, which is restarted and killed as well.")
    ] = False,
    loses_one: Annotated[
        bool,
        typer.Option("--lose-one", help="One receiver denies a push that it got, to see that the drill finds it."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that nothing is lost: an installation of its own is published to while everything around it fails.

    Workers, beat, web face, Redis and all together are killed with -9, Redis is emptied, the database locked, receivers
    and the mail server cut, round after round. Then it heals, and what receivers got is held against what was owed.
    Touches nothing of the installation beside it, and leaves nothing. Exit status 1 where anything is lost or doubled.
    """
    from cli.logs import log_warnings_only
    from workers.drill.plan import Plan
    from workers.drill.run import run_drill

    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise WrongUsage(f"{keep} is there already", where="--keep", mend="Name a folder that is new or empty.")
    log_warnings_only()
    for number in (signal.SIGTERM, signal.SIGHUP):  # they end it as Ctrl-C does, and nothing is left behind
        signal.signal(number, signal.default_int_handler)
    plan = Plan(
        seconds=seconds,
        seed=secrets.randbelow(SEEDS) if seed is None else seed,
        keep=keep,
        postgresql=postgresql,
        loses_one=loses_one,
    )
    report = run_drill(plan, told=_Teller(is_quiet=as_json))
    _tell(report, as_json=as_json)
    if not report.is_clean:
        raise typer.Exit(1)


class _Teller:
    """What is said while it goes on: what is being done, and on a terminal how far it is."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet, self._has_begun = is_quiet, is_quiet

    def __call__(self, report: "Report", line: str) -> None:
        """Say it."""
        from workers.drill.report import heading

        if not self._has_begun:
            self._has_begun = True
            sys.stdout.write("\n".join(heading(report)) + "\n")
            sys.stdout.flush()
        if line and sys.stderr.isatty():
            sys.stderr.write(f"{CLEAR_LINE}{line[:79]}")
            sys.stderr.flush()


def _tell(report: "Report", *, as_json: bool) -> None:
    from workers.drill.report import lines

    if sys.stderr.isatty():
        sys.stderr.write(CLEAR_LINE)
    if as_json:
        print_json(report.as_json())
        return
    sys.stdout.write("\n".join(lines(report)) + "\n")
    if report.kept is not None:
        sys.stdout.write(f"Its folder is kept: {report.kept}\n")

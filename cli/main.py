"""`zonewire`: puts the groups of commands together, and turns errors into lines and exit statuses."""

import sys
from functools import cache
from typing import Annotated, Any

import typer
from typer.main import get_command

from cli.usage import as_wrong_usage, command_of, pointer
from zonewire import __version__
from zonewire.errors import SettingWrong, WrongUsage, ZonewireError

app = typer.Typer(
    name="zonewire",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"zonewire {__version__}\n")
        raise typer.Exit


@app.callback()
def zonewire(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Zonewire turns each new article of a portal into feeds, digests and pushes."""
    del version  # its callback has printed it, and ended the command


def main() -> None:
    """Run the command that was asked for; exit 0 ok, 1 failed, 2 wrong usage."""
    try:
        # Not standalone: Typer would tell wrong usage in a box. What comes back is the status of a typer.Exit.
        status = all_of_it()(standalone_mode=False)
    except typer.TyperException as error:
        sys.exit(_told(as_wrong_usage(error, sys.argv[1:], all_of_it()), 2))
    except WrongUsage as error:
        error.mend = error.mend or pointer(command_of(sys.argv[1:], all_of_it()))
        sys.exit(_told(error, 2))
    except SettingWrong as error:
        sys.exit(_told(error, 2))
    except ZonewireError as error:
        sys.exit(_told(error, 1))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(status)


def _told(error: ZonewireError, status: int) -> int:
    sys.stderr.write(f"zonewire: {error}\n")
    return status


@cache
def all_of_it() -> Any:
    """The whole command, made once in a process."""
    _register()
    return get_command(app)


def _register() -> None:
    """Import the groups; each adds its commands to `app`. Heavy imports wait inside the commands."""
    from cli import (
        alarms,
        articles,
        backups,
        deliveries,
        digests,
        doctor,
        drill,
        endpoints,
        feeds,
        hub,
        keys,
        lanes,
        listen,
        operators,
        processes,
        publishing,
        subscribers,
        subscriptions,
    )

    for group in (
        processes,
        publishing,
        articles,
        feeds,
        hub,
        subscriptions,
        subscribers,
        endpoints,
        deliveries,
        digests,
        lanes,
        alarms,
        operators,
        backups,
        keys,
        doctor,
        drill,
        listen,
    ):
        group.register(app)

"""`zonewire endpoints …`."""

from typing import Annotated

import typer

from cli.context import installation
from cli.output import print_list

COLUMNS = ("id", "channel", "to", "state", "reason", "last_error", "held")

group = typer.Typer(help="Where pushes go, and how they fare.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(group, name="endpoints")


@group.callback()
def endpoints() -> None:
    """Where pushes go, and how they fare."""


@group.command("list")
def list_all(
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """All endpoints, the oldest first."""
    from zonewire.delivery.endpoints import list_endpoints

    with installation() as (_, store), store.reading() as db:
        rows = list_endpoints(db, limit=limit)
    print_list(rows, COLUMNS, as_json=as_json, empty="No endpoints yet; `zonewire subscribe` makes one.")

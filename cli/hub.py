"""`zonewire hub`: who is told of feeds by the WebSub hub, and what became of it."""

import sys
from typing import Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list

Ident = Annotated[str, typer.Argument(metavar="ID", help="As `hub list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = ("id", "state", "topic", "callback", "lease_until", "health", "requested_by")
NO_SUBSCRIPTIONS = "Nobody has subscribed at the hub."

group = typer.Typer(help="Subscriptions at the WebSub hub.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `hub`."""
    app.add_typer(group, name="hub")


@group.callback()
def hub() -> None:
    """Subscriptions at the WebSub hub."""


@group.command("list")
def list_all(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is told of which feed document, and how long yet."""
    from zonewire.hub import list_subscriptions

    with installation() as (settings, store), store.reading() as db:
        rows = list_subscriptions(db, base_url=settings.base, everything=everything, limit=limit)
    print_list(rows, COLUMNS, as_json=as_json, empty=NO_SUBSCRIPTIONS)


@group.command("show")
def show(ident: Ident, as_json: AsJson = False) -> None:
    """One subscription: what was asked, what its callback answered, what it was told, and why it was not."""
    from zonewire.hub import show_subscription
    from zonewire.store.migrate import installation_number

    with installation() as (settings, store), store.reading() as db:
        number = installation_number(db)
        found = show_subscription(db, ident, base_url=settings.base, installation=number)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    requests, notices = found.pop("requests"), found.pop("notices")
    for key, value in found.items():
        if value not in (None, "", False):
            sys.stdout.write(f"{key.replace('_', ' '):14} {value}\n")
    for one in requests:
        why = f": {one['reason']}" if one["reason"] else ""
        sys.stdout.write(f"\n{one['at']}  asked to {one['mode']}, {one['state']}{why}\n")
    for one in notices:
        when = one["settled"] or (f"next try {one['next_try']}" if one["next_try"] else "")
        why = f"  {one['last_error']}" if one["last_error"] else ""
        sys.stdout.write(f"\n{one['owed']}  {one['kind']} {one['state']} {when}\n  delivery {one['id']}{why}\n")


@group.command("end")
def end(
    ident: Ident,
    reason: Annotated[str, typer.Option(help="Why; its callback is told.")] = "",
    as_json: AsJson = False,
) -> None:
    """End a subscription. Its callback is told so, and may subscribe again."""
    from tasks.hints import hint_from_command
    from zonewire.delivery.lanes import Lane
    from zonewire.hub import end_by_operator
    from zonewire.store import now

    with installation() as (settings, store):
        with store.writing() as db:
            end_by_operator(db, ident, why=reason, now=now(db))
        hint_from_command(settings, Lane.PUSH_HTTP)
    if as_json:
        print_json({"id": ident, "state": "ended"})
    else:
        sys.stdout.write(f"{ident} is over, and its callback is told.\n")

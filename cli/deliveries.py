"""`zonewire deliveries`: look at the ledger, replay dead letters, cancel what is no longer wanted."""

import sys
from typing import Annotated

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import Conflict, WrongUsage

deliveries = typer.Typer(help="The ledger of deliveries.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = ("id", "state", "channel", "to", "article", "edition", "attempts", "due_at", "last_error")
STATES = ("pending", "sending", "retrying", "delivered", "dead", "cancelled")


def register(app: typer.Typer) -> None:
    """Add the group `deliveries`."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.command("list")
def list_them(
    state: Annotated[str | None, typer.Option(help="pending, sending, retrying, delivered, dead or cancelled.")] = None,
    channel: Annotated[str | None, typer.Option(help="email, webhook …")] = None,
    since: Annotated[
        str | None, typer.Option(help="Made at or after this time (2026-06-06, 2026-06-06T08:00Z).")
    ] = None,
    as_json: Json = False,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many.")] = None,
) -> None:
    """List deliveries, the newest first."""
    from zonewire.delivery.listing import Wanted, list_deliveries
    from zonewire.store.migrate import installation_number

    if state is not None and state not in STATES:
        raise WrongUsage(f"there is no state {state}", where="--state", mend=f"It is one of {', '.join(STATES)}.")
    wanted = Wanted(state=state, channel=channel, since=moment(since, "--since"), limit=limit)
    with installation() as (_, store), store.reading() as db:
        rows = list_deliveries(db, wanted, installation=installation_number(db))
    print_list(rows, COLUMNS, as_json=as_json, empty="There are no such deliveries.")


@deliveries.command("show")
def show(name: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Show one delivery with its failed attempts."""
    from zonewire.delivery.listing import show_delivery
    from zonewire.store.migrate import installation_number

    with installation() as (_, store), store.reading() as db:
        found = show_delivery(db, name, installation=installation_number(db))
    if as_json:
        print_json(found)
        return
    tries = found.pop("failed_attempts")
    for key, value in found.items():
        sys.stdout.write(f"{key:12} {'' if value is None else value}\n")
    for attempt in tries:
        sys.stdout.write(f"\n{attempt['at']}  {attempt['outcome']}: {attempt['error']} ({attempt['took_ms']} ms)\n")
        if attempt["answer"]:
            sys.stdout.write(f"  {attempt['answer']}\n")


@deliveries.command("replay")
def replay(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Every dead letter.")] = False,
    since: Annotated[str | None, typer.Option(help="With --dead: made at or after this time.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="With --dead: of this endpoint.")] = None,
    as_json: Json = False,
) -> None:
    """Put dead or cancelled deliveries back, under their old ids."""
    from tasks.hints import hint_from_command
    from zonewire.delivery import listing
    from zonewire.delivery.endpoints import key_of
    from zonewire.store import now
    from zonewire.store.migrate import installation_number

    if bool(names) is dead:
        raise WrongUsage("name deliveries, or ask for --dead, one of both")
    if not dead and (since is not None or endpoint is not None):
        raise WrongUsage("--since and --endpoint go with --dead")
    with installation() as (settings, store):
        with store.writing() as db:
            if dead:
                of_endpoint = None if endpoint is None else key_of(endpoint)
                keys = listing.dead_keys(db, listing.Wanted(since=moment(since, "--since"), endpoint_id=of_endpoint))
            else:
                keys = listing.keys_of(db, names or [], installation=installation_number(db))
            n = listing.replay(db, keys, now=now(db))
        hint_from_command(settings, "push.http", "push.email", "push.robot")
    _told("replayed", n, keys, as_json=as_json, asked_by_name=not dead)


@deliveries.command("cancel")
def cancel(name: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Cancel a delivery that is pending, retrying or dead. What is being sent cannot be called back."""
    from zonewire.delivery import listing, owing
    from zonewire.store import now
    from zonewire.store.migrate import installation_number

    with installation() as (_, store), store.writing() as db:
        keys = listing.keys_of(db, [name], installation=installation_number(db))
        n = owing.cancel(db, keys, why="cancelled by an operator", now=now(db))
    _told("cancelled", n, keys, as_json=as_json, asked_by_name=True)


def moment(words: str | None, where: str) -> int | None:
    """A time given to an option, in microseconds; one without a zone is China Standard Time. Raises WrongUsage."""
    if words is None:
        return None
    from zonewire.intake.moments import read_moment

    try:
        return read_moment(words)
    except ValueError as error:
        raise WrongUsage(str(error), where=where, mend="Write 2026-06-06 or 2026-06-06T08:00:00+08:00.") from None


def _told(what: str, n: int, keys: list[int], *, as_json: bool, asked_by_name: bool) -> None:
    if asked_by_name and n < len(keys):
        raise Conflict(
            f"{n} of {len(keys)} {what}; a delivery that is sending or delivered cannot be",
            mend="`zonewire deliveries show ID` tells the state.",
        )
    if as_json:
        print_json({what: n})
    else:
        sys.stdout.write(f"{n} {what}\n")

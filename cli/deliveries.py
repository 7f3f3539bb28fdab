"""`zonewire deliveries`: look at the ledger, replay dead letters, cancel what is no longer wanted."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.settings import Settings
    from zonewire.delivery.replaying import Holder, Replayed
    from zonewire.errors import Conflict
    from zonewire.store import Store

deliveries = typer.Typer(help="The ledger of deliveries.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = ("id", "state", "channel", "to", "article", "edition", "hub", "attempts", "due_at", "last_error")
STATES = ("pending", "sending", "retrying", "delivered", "dead", "cancelled")
HOLDERS_NAMED = 3


def register(app: typer.Typer) -> None:
    """Add the group `deliveries`."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.command("list")
def list_them(
    state: Annotated[str | None, typer.Option(help="pending, sending, retrying, delivered, dead or cancelled.")] = None,
    channel: Annotated[str | None, typer.Option(help="email or webhook.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Made at or after this time (2026-06-06, 2026-06-06T08:00Z).")
    ] = None,
    as_json: Json = False,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many.")] = None,
) -> None:
    """List deliveries, the newest first."""
    from zonewire.delivery.channel_names import check_channel
    from zonewire.delivery.listing import Wanted, list_deliveries
    from zonewire.store.migrate import installation_number

    if state is not None and state not in STATES:
        raise WrongUsage(f"there is no state {state}", where="--state", mend=f"It is one of {', '.join(STATES)}.")
    if channel is not None:
        check_channel(channel, where="--channel")
    wanted = Wanted(state=state, channel=channel, since=moment(since, "--since"), limit=limit)
    with installation() as (_, store), store.reading() as db:
        rows = list_deliveries(db, wanted, installation=installation_number(db))
    print_list(rows, COLUMNS, as_json=as_json, empty="There are no such deliveries.")


@deliveries.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="ID")],
    sent: Annotated[
        bool, typer.Option("--sent", help="Show what its receiver was sent, or would be now; secrets are hidden.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one delivery with its failed attempts: what was answered, as far as that is kept."""
    from zonewire.delivery.listing import show_delivery
    from zonewire.store.migrate import installation_number

    with installation() as (settings, store):
        with store.reading() as db:
            ours = installation_number(db)
            found = show_delivery(db, name, installation=ours)
        if sent:
            found["sent"] = _request(settings, store, name, ours)
    if as_json:
        print_json(found)
        return
    _write_delivery(found)


def _request(settings: "Settings", store: "Store", name: str, installation: int) -> dict[str, Any]:
    """The request of the delivery *name*, built anew."""
    from config.catalogue import catalogue_of
    from config.keys import ring_of
    from config.services import services_of
    from zonewire.delivery.mailing import Mailing
    from zonewire.trail import request_of

    mailing = Mailing(settings.base, settings.mail_from, ring_of(settings), catalogue_of(settings).portal)
    services = services_of(settings)
    return request_of(store, name, installation=installation, mailing=mailing, services=services).as_json()


def _write_delivery(found: dict[str, Any]) -> None:
    tries, draft, sent = found.pop("failed_attempts"), found.pop("draft"), found.pop("sent", None)
    for key, value in found.items():
        sys.stdout.write(f"{key:12} {'' if value is None else value}\n")
    if draft:
        told = "; ".join(
            filter(None, (f"{draft['state']} since {draft['since']}", draft["detail"], *draft["addresses"]))
        )
        sys.stdout.write(f"{'draft':12} {draft['media_id']}: {told}\n")
    for attempt in tries:
        sys.stdout.write(f"\n{attempt['at']}  {attempt['outcome']}: {attempt['error']} ({attempt['took_ms']} ms)\n")
        for line in (*attempt["head"], attempt["answer"]):
            sys.stdout.write(f"  {line}\n" if line else "")
    if sent:
        _write_request(sent)


def _write_request(sent: dict[str, Any]) -> None:
    """What a receiver was sent, below the delivery that it is of."""
    write = sys.stdout.write
    if sent["why_not"]:
        write(f"\n{sent['why_not']}\n")
        return
    write(f"\n{sent['method']} {sent['to']}\n")
    for name, value in sent["headers"]:
        write(f"{name}: {value}\n")
    write(f"\n{sent['body'].rstrip()}\n" if sent["body"] else "")
    write("".join(f"{line}\n" for line in ["", *sent["remarks"]]) if sent["remarks"] else "")


@deliveries.command("replay")
def replay(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Every dead letter.")] = False,
    since: Annotated[str | None, typer.Option(help="With --dead: made at or after this time.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="With --dead: of this endpoint.")] = None,
    as_json: Json = False,
) -> None:
    """Put dead or cancelled deliveries back, under their old ids.

    What belongs to a disabled endpoint is held until that is enabled.
    """
    from tasks.hints import hint_from_command
    from zonewire.delivery import listing
    from zonewire.delivery.refusals import NOT_REPLAYED, refusals
    from zonewire.delivery.replaying import replay as put_back
    from zonewire.store import now
    from zonewire.store.migrate import installation_number

    if bool(names) is dead:
        raise WrongUsage("name deliveries, or ask for --dead, one of both")
    if not dead and (since is not None or endpoint is not None):
        raise WrongUsage("--since and --endpoint go with --dead")
    made_since = moment(since, "--since")
    with installation() as (settings, store):
        with store.writing() as db:
            ours = installation_number(db)
            keys = _dead_keys(db, made_since, endpoint) if dead else listing.keys_of(db, names or [], installation=ours)
            done = put_back(db, keys, now=now(db))
            _note_replayed(db, names, n=len(done.keys), since=since, endpoint=endpoint)
            left = [key for key in keys if key not in done.keys]
            refused = [] if dead else refusals(db, left, NOT_REPLAYED, installation=ours)
        if done.keys:
            hint_from_command(settings, "push.http", "push.email", "push.robot")
    if done.keys or not refused:
        _tell_replayed(done, stay_dead=len(left) if dead else 0, as_json=as_json)
    _refuse(refused)


@deliveries.command("cancel")
def cancel(name: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Cancel a delivery that is pending, retrying or dead. What is being sent cannot be called back."""
    from cli.acting import actor
    from zonewire.delivery import listing, owing
    from zonewire.delivery.refusals import NOT_CANCELLED, refusals
    from zonewire.operators import Act, record
    from zonewire.store import now
    from zonewire.store.migrate import installation_number

    with installation() as (_, store), store.writing() as db:
        ours = installation_number(db)
        keys = listing.keys_of(db, [name], installation=ours)
        n = owing.cancel(db, keys, why=owing.BY_OPERATOR, now=now(db))
        if n:
            record(db, actor(), Act.CANCELLED, name, now=now(db))
        refused = [] if n else refusals(db, keys, NOT_CANCELLED, installation=ours)
    _refuse(refused)
    if as_json:
        print_json({"cancelled": n})
    else:
        sys.stdout.write(f"{n} cancelled\n")


def moment(words: str | None, where: str) -> int | None:
    """A time given to an option, in microseconds; one without a zone is China Standard Time. Raises WrongUsage."""
    if words is None:
        return None
    from zonewire.intake.moments import read_moment

    try:
        return read_moment(words)
    except ValueError as error:
        raise WrongUsage(str(error), where=where, mend="Write 2026-06-06 or 2026-06-06T08:00:00+08:00.") from None


def _dead_keys(db: "Connection", since: int | None, endpoint: str | None) -> list[int]:
    """Every dead letter made since then, of that endpoint. Raises NotFound where there is no such endpoint."""
    from zonewire.delivery.endpoints import existing_key
    from zonewire.delivery.listing import Wanted, dead_keys

    of_endpoint = None if endpoint is None else existing_key(db, endpoint)
    return dead_keys(db, Wanted(since=since, endpoint_id=of_endpoint))


def _note_replayed(
    db: "Connection", names: list[str] | None, *, n: int, since: str | None, endpoint: str | None
) -> None:
    """Write down what was put back: the one, or how many and which."""
    from cli.acting import actor
    from zonewire.operators import Act, record
    from zonewire.store import now

    about = names[0] if names and len(names) == 1 else f"{n} deliveries"
    if n:
        record(db, actor(), Act.REPLAYED, about, now=now(db), since=since, endpoint=endpoint)


def _tell_replayed(done: "Replayed", *, stay_dead: int, as_json: bool) -> None:
    if as_json:
        print_json({"replayed": len(done.keys), "held": done.held})
        return
    sys.stdout.write(f"{len(done.keys)} replayed\n")
    if done.holders:
        sys.stdout.write(f"{done.held} of them held, because {_disabled(done.holders)}\n")
    if stay_dead:
        sys.stdout.write(f"{stay_dead} stay dead: a newer version of their article has taken their place\n")


def _disabled(holders: "list[Holder]") -> str:
    """The disabled endpoints, the first of them by name; of a single one, why it is."""
    if len(holders) == 1:
        why = f" ({holders[0].reason})" if holders[0].reason else ""
        return f"{holders[0].endpoint} is disabled{why}"
    named = [holder.endpoint for holder in holders[:HOLDERS_NAMED]]
    if more := len(holders) - len(named):
        return f"{', '.join(named)} and {more} more endpoints are disabled"
    return f"{', '.join(named[:-1])} and {named[-1]} are disabled"


def _refuse(refused: "list[Conflict]") -> None:
    """Tell, a line each, which of the deliveries that somebody named stayed as they were. Raises Exit."""
    for error in refused:
        sys.stderr.write(f"zonewire: {error}\n")
    if refused:
        raise typer.Exit(1)

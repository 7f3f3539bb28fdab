"""`zonewire endpoints …`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from zonewire.delivery.enabling import Held

STDIN = "-"
PUSH = ("push.http", "push.email", "push.robot")
Ident = Annotated[str, typer.Argument(metavar="ID", help="As `endpoints list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
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


@group.command("show")
def show(ident: Ident, as_json: AsJson = False) -> None:
    """One endpoint: its health, its subscriptions, and how its last tries failed."""
    from zonewire.delivery.endpoints import existing_key
    from zonewire.delivery.showing import show_endpoint
    from zonewire.store import now
    from zonewire.store.migrate import installation_number
    from zonewire.subscriptions import subscriptions_of

    with installation() as (_, store), store.reading() as db:
        key = existing_key(db, ident)
        found = show_endpoint(db, key, installation=installation_number(db), now=now(db))
        found["subscriptions"] = subscriptions_of(db, key)
    if as_json:
        print_json(found)
    else:
        _print_endpoint(found)


def _print_endpoint(found: dict[str, Any]) -> None:
    failures, wanted = found.pop("last_failures"), found.pop("subscriptions")
    found["deliveries"] = ", ".join(f"{n} {state}" for state, n in found["deliveries"].items() if n) or "none"
    for key, value in found.items():
        if value not in (None, "", False):
            sys.stdout.write(f"{key.replace('_', ' '):22} {value}\n")
    for one in wanted:
        options = "; ".join(f"{name.replace('_', ' ')} {', '.join(values)}" for name, values in one["filter"].items())
        sys.stdout.write(
            f"{'subscription':22} {one['id']}, {one['cadence']}, {one['state']}: {options or 'everything'}\n"
        )
    for one in failures:
        sys.stdout.write(f"\n{one['at']}  {one['error']}\n  delivery {one['delivery']}\n")
        if one["answer"]:
            sys.stdout.write(f"  {one['answer'].splitlines()[0][:200]}\n")


@group.command("test")
def send_test(ident: Ident, as_json: AsJson = False) -> None:
    """Send one message that is about no article, and says so."""
    from cli.acting import actor
    from tasks.hints import hint_from_command
    from zonewire.delivery.endpoints import existing_key
    from zonewire.operators import Act, record
    from zonewire.store import now
    from zonewire.store.migrate import installation_number
    from zonewire.subscriptions.trial import owe_trial

    with installation() as (settings, store):
        with store.writing() as db:
            moment, key = now(db), existing_key(db, ident)
            name = owe_trial(db, key, installation=installation_number(db), now=moment)
            record(db, actor(), Act.TESTED, ident, now=moment)
        hint_from_command(settings, *PUSH)
    if as_json:
        print_json({"endpoint": ident, "delivery": name})
    else:
        sys.stdout.write(f"owed as {name}\n`zonewire deliveries show {name}` tells what becomes of it.\n")


@group.command("rotate")
def rotate(
    ident: Ident,
    secret: Annotated[
        str | None,
        typer.Option(
            help="The new one: whsec_… for a webhook (default: made), or as the robot's platform shows it; "
            "- reads standard input."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replace a secret. A webhook's old one signs too for a day, so that its receiver has time to change."""
    from cli.acting import actor
    from config.keys import ring_of
    from zonewire.articles import rfc3339
    from zonewire.delivery.endpoints import existing_key
    from zonewire.delivery.rotating import rotate as replace
    from zonewire.operators import Act, record
    from zonewire.store import now

    given = sys.stdin.readline().strip() if secret == STDIN else secret
    with installation() as (settings, store), store.writing() as db:
        done = replace(db, existing_key(db, ident), keys=ring_of(settings), secret=given, now=now(db))
        record(db, actor(), Act.ROTATED, ident, now=now(db))
    if not done.is_ours:
        _tell_robot(ident, as_json=as_json)
        return
    until = rfc3339(done.both_until - done.both_until % 1_000_000)
    if as_json:
        print_json({"id": ident, "secret": done.secret, "old_secret_signs_until": until})
        return
    sys.stdout.write(f"Secret of {ident}, shown only now: {done.secret}\nThe one before it signs too until {until}.\n")
    if done.is_early:
        sys.stdout.write("The secret before that, whose day was not over, signs no more.\n")


def _tell_robot(ident: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": ident, "secret": None, "old_secret_signs_until": None})
    else:
        sys.stdout.write(f"{ident} signs with the new secret from now on\n")


@group.command("disable")
def disable(
    ident: Ident,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send nothing more there. What is owed, and what comes to be, is held until it is enabled, for a week at most."""
    from cli.acting import actor
    from zonewire.delivery import enabling
    from zonewire.delivery.endpoints import existing_key
    from zonewire.delivery.holding import hold_disabled
    from zonewire.operators import Act, record
    from zonewire.store import now
    from zonewire.store.pacing import Pace

    with installation() as (_, store):
        with store.writing() as db:
            key = existing_key(db, ident)
            was_on = enabling.disable(db, key, why=" ".join(reason.split())[:200], now=now(db))
            if was_on:
                record(db, actor(), Act.DISABLED, ident, now=now(db), reason=reason)
        pace, touched = Pace(pauses=not store.is_postgresql), 1
        while touched:
            with pace.transaction(store.writing) as (db, most):
                touched = hold_disabled(db, most, now(db))
        with store.reading() as db:
            held = enabling.held_count(db, key)
    if as_json:
        print_json({"id": ident, "state": "disabled", "held": held})
    else:
        sys.stdout.write(f"{ident} is disabled{'' if was_on else ' already'}; {_deliveries(held)} held\n")


@group.command("enable")
def enable(
    ident: Ident,
    held: Annotated[
        str | None, typer.Option(help="What becomes of what is held: all (in order), newest (only), or none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send there again, gently. Asks what to do with what was held meanwhile."""
    from cli.acting import actor
    from tasks.hints import hint_from_command
    from zonewire.delivery import enabling
    from zonewire.delivery.endpoints import existing_key
    from zonewire.operators import Act, record
    from zonewire.store import now
    from zonewire.store.pacing import Pace

    with installation() as (settings, store):
        with store.reading() as db:
            key = existing_key(db, ident)
            waiting = enabling.held_count(db, key)
        choice = _choice(held, waiting, ident)
        with store.writing() as db:  # it goes in batches: what was ordered is known also where it is stopped midway
            record(db, actor(), Act.ENABLED, ident, now=now(db), held=choice)
        done = enabling.enable(store, Pace(pauses=not store.is_postgresql), key, choice)
        hint_from_command(settings, *PUSH)
    if as_json:
        print_json({"id": ident, "state": "healthy", "released": done["released"], "cancelled": done["cancelled"]})
    else:
        told = [f"{_deliveries(done[what])} {what}" for what in ("released", "cancelled") if done[what]]
        sys.stdout.write("; ".join([f"{ident} is enabled", *told]) + "\n")
        if done["released"] > 1:
            sys.stdout.write(
                "One goes out as a probe; once it was taken the rest follows in its order, ever more at once.\n"
            )


def _deliveries(n: int) -> str:
    return "1 delivery" if n == 1 else f"{n} deliveries"


def _choice(given: str | None, waiting: int, ident: str) -> "Held":
    """What to do with what is held: as the option says, else as whoever sits there says. Raises WrongUsage."""
    from zonewire.delivery.enabling import Held

    if given is None and waiting and sys.stdin.isatty():
        question = f"{ident} holds {_deliveries(waiting)}. Send all of them, only the newest, or none?"
        given = typer.prompt(f"{question} [{'|'.join(Held)}]", value_proc=_chosen, err=True)
    if given is None and waiting:
        raise WrongUsage(
            f"{ident} holds {_deliveries(waiting)}: say what becomes of them",
            where="--held",
            mend="all: sent, the oldest first. newest: only the newest, and what corrects something. none: cancelled.",
        )
    try:
        return _chosen(given or Held.ALL)
    except typer.BadParameter as error:
        raise WrongUsage(error.message, where="--held", mend=f"It is one of {', '.join(Held)}.") from None


def _chosen(word: str) -> "Held":
    """What somebody typed. Raises BadParameter, upon which a prompt asks again."""
    from zonewire.delivery.enabling import Held

    try:
        return Held(word.strip())
    except ValueError:
        raise typer.BadParameter(f"{word!r} is no choice") from None

"""`zonewire lanes`: what waits on each, and letting one rest."""

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from zonewire.delivery.lanes import Lane

lanes = typer.Typer(help="The lanes of work: look, pause, resume.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="LANE", help="events, feeds, digests, push.http, push.email, push.robot.")]
COLUMNS = ("lane", "waiting", "oldest_due_seconds", "workers", "paused")
_SPAN = re.compile(r"([1-9]\d{0,4})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def register(app: typer.Typer) -> None:
    """Add the group `lanes`."""
    app.add_typer(lanes, name="lanes")


@lanes.command("list")
def list_them(as_json: Json = False) -> None:
    """List the lanes with what waits, for how long, who works, and whether it is paused."""
    from zonewire.status import lanes_of

    with installation() as (_, store), store.reading() as db:
        rows = [{"lane": name, **lane} for name, lane in lanes_of(db).items()]
    shown = rows if as_json else [row | {"paused": in_words(row["paused"])} for row in rows]
    print_list(shown, COLUMNS, as_json=as_json, empty="")


@lanes.command("pause")
def pause(
    name: Name,
    span: Annotated[str | None, typer.Option("--for", help="Goes on by itself after 90s, 30m, 2h, 1d.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever comes next.")] = "",
    as_json: Json = False,
) -> None:
    """Let a lane rest. What is under way ends; all that waits keeps its place."""
    from cli.acting import actor
    from zonewire.delivery import pauses
    from zonewire.operators import Act, record
    from zonewire.status import pause_in_json
    from zonewire.store import SECOND, now

    lane, wait_s = _lane(name), _seconds(span)
    with installation() as (_, store), store.writing() as db:
        moment = now(db)
        until = None if wait_s is None else moment + wait_s * SECOND
        made = pauses.pause(db, lane, operator=actor().name, reason=reason, until_at=until, now=moment)
        shown = pause_in_json(made)
        record(db, actor(), Act.PAUSED_LANE, lane, now=moment, reason=made.reason, until=shown and shown["until"])
    if as_json:
        print_json({"lane": name, "paused": shown})
    else:
        end = f" until {shown['until']}" if shown and shown["until"] else f"; `zonewire lanes resume {name}` ends it"
        sys.stdout.write(f"{name} is paused{end}\n")


@lanes.command("resume")
def resume(name: Name, as_json: Json = False) -> None:
    """Let a lane work again."""
    from cli.acting import actor
    from tasks.hints import hint_from_command
    from zonewire.delivery import pauses
    from zonewire.operators import Act, record
    from zonewire.store import now

    lane = _lane(name)
    with installation() as (settings, store):
        with store.writing() as db:
            if was_paused := pauses.resume(db, lane):
                record(db, actor(), Act.RESUMED_LANE, lane, now=now(db))
        hint_from_command(settings, lane)
    if as_json:
        print_json({"lane": name, "resumed": was_paused})
    else:
        sys.stdout.write(f"{name} works again\n" if was_paused else f"{name} was not paused\n")


def in_words(pause: dict[str, Any] | None) -> str:
    """A lane's pause in a cell of a table."""
    if pause is None:
        return ""
    end = f" until {pause['until']}" if pause["until"] else ""
    reason = f": {pause['reason']}" if pause["reason"] else ""
    return f"since {pause['since']}{end} by {pause['by']}{reason}"


def _lane(name: str) -> "Lane":
    from zonewire.delivery.lanes import Lane

    if name not in set(Lane):
        raise WrongUsage(f"there is no lane {name[:40]!r}", where="LANE", mend=f"The lanes are {', '.join(Lane)}.")
    return Lane(name)


def _seconds(span: str | None) -> int | None:
    """90s, 30m, 2h or 1d in seconds. Raises WrongUsage."""
    if span is None:
        return None
    match = _SPAN.fullmatch(span.strip().lower())
    if match is None:
        raise WrongUsage(f"{span[:40]!r} is no span of time", where="--for", mend="Write 90s, 30m, 2h or 1d.")
    return int(match[1]) * _SECONDS[match[2]]

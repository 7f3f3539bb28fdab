"""`zonewire articles …`: what was accepted, and what became of it."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list

if TYPE_CHECKING:
    from zonewire.trail import Trail

COLUMNS = ("accepted_at", "version", "withdrawn", "city", "title", "guid")
SHOWN = 20
"""Lines of each part that a terminal is shown; --json has all."""
DELIVERED_SHOWN = 5

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Guid = Annotated[str, typer.Argument(metavar="GUID", help="As `articles list` shows it.")]

group = typer.Typer(help="What was accepted, and what became of it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(group, name="articles")


@group.command("list")
def list_all(
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None, as_json: AsJson = False
) -> None:
    """All articles, the one that was accepted last first."""
    from zonewire.articles.listing import list_articles

    with installation() as (_, store), store.reading() as db:
        rows = list_articles(db, limit=limit)
    print_list(rows, COLUMNS, as_json=as_json, empty="No articles yet; `zonewire publish` takes one.")


@group.command("show")
def show(guid: Guid, as_json: AsJson = False) -> None:
    """One article as its receivers see it, with its versions."""
    from zonewire.articles.listing import show_article

    with installation() as (_, store), store.reading() as db:
        found = show_article(db, guid)
    if as_json:
        print_json(found)
        return
    versions = found.pop("versions")
    found.pop("html", None)
    text = found.pop("text", "")
    for name, value in found.items():
        sys.stdout.write(f"{name.replace('_', ' '):13} {_plain(value)}\n")
    for one in versions:
        state = "withdrawn" if one["withdrawn"] else "accepted"
        sys.stdout.write(f"version {one['version']:<5} {state} {one['accepted_at']}  {one['title']}\n")
    sys.stdout.write(f"\n{text}\n" if text else "")


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(one["url"] if isinstance(one, dict) else str(one) for one in value)
    return str(value)


@group.command("trail")
def trail(
    guid: Guid,
    to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only of this receiver: an address, or an endpoint's id.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """From acceptance to every receiver, with times; and for each that has not had it, why."""
    from dataclasses import asdict

    from zonewire.store import now
    from zonewire.store.migrate import installation_number
    from zonewire.trail import receivers_of, trail_of

    with installation() as (settings, store), store.reading() as db:
        receiver = None if to is None else receivers_of(db, to)
        number, days = installation_number(db), settings.retention_days
        found = trail_of(db, guid, installation=number, now=now(db), retention_days=days, to=receiver)
    if as_json:
        print_json(asdict(found))
    else:
        _print_trail(found)


def _print_trail(found: "Trail") -> None:
    write = sys.stdout.write
    write(f"{found.title}\n{found.guid}\n")
    for one in found.versions:
        state = "withdrawn" if one["withdrawn"] else "accepted"
        said = "; ".join(f"event {event['id']} of {event['source']}" for event in one["events"])
        write(f"\nversion {one['version']}  {state} {one['accepted_at']}{'  ' + said if said else ''}\n")
    _part("feeds", [f"{one['name']}: {_feed_in_words(one)}" for one in found.feeds], "It stands in no feed yet.")
    editions = [
        f"{one['id']}, cut {one['cut_at']}, version {one['version']} as {one['role']}" for one in found.editions
    ]
    _part("editions", editions, "")
    states = Counter(one["state"] for one in found.deliveries)
    write(f"\ndeliveries: {', '.join(f'{n} {state}' for state, n in states.most_common()) or 'none'}\n")
    missing = [one for one in found.deliveries if one["state"] != "delivered"]
    delivered = [one for one in found.deliveries if one["state"] == "delivered"]
    _lines([f"{_receiver(one)}: {one['why']}{_unsure(one)}" for one in missing], SHOWN)
    _lines(
        [f"{_receiver(one)}: delivered {one['settled_at']}, {one['seconds']} s" for one in delivered], DELIVERED_SHOWN
    )
    _part("not owed yet, or not at all", [f"{one['to'] or one['endpoint']}: {one['why']}" for one in found.waiting], "")
    older = [f"{one['to'] or one['endpoint']}: {_older(one)}" for one in found.had_older]
    _part("had an older text", older, "")


def _feed_in_words(one: dict[str, Any]) -> str:
    return f"{one['state']}{'' if one['published'] else ', not published yet'}"


def _receiver(one: dict[str, Any]) -> str:
    return f"{one['endpoint']} {one['to'] or one['channel']}, version {one['version']}"


def _unsure(one: dict[str, Any]) -> str:
    return " (a try ended without an answer: it may have it)" if one["may_have_it"] else ""


def _older(one: dict[str, Any]) -> str:
    sure = "has" if one["surely"] else "may have"
    newest = "has had the newest since" if one["newest"] == "delivered" else f"the newest is {one['newest']}"
    return f"{sure} version {one['version']}; {newest}"


def _part(title: str, lines: Sequence[str], empty: str) -> None:
    if lines or empty:
        sys.stdout.write(f"\n{title}{f' ({len(lines)})' if lines else ''}\n")
        _lines(lines or [empty], SHOWN)


def _lines(lines: Sequence[str], most: int) -> None:
    for line in lines[:most]:
        sys.stdout.write(f"  {line}\n")
    if len(lines) > most:
        sys.stdout.write(f"  … and {len(lines) - most} more; --json has them all\n")

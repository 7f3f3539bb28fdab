"""`zonewire alarms`: what is wrong now, and who is told of it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import Conflict, WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.settings import Settings
    from zonewire.alarms import Receiver

alarms = typer.Typer(help="What is wrong now, and who is told of it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ident = Annotated[str, typer.Argument(metavar="ID", help="As `alarms receivers` shows it.")]
STDIN = "-"
ON_COLUMNS = ("alarm", "about", "since", "until", "seen")
RECEIVER_COLUMNS = ("endpoint", "channel", "to", "locale", "is_told")
LATELY = 50


def register(app: typer.Typer) -> None:
    """Add the group `alarms`."""
    app.add_typer(alarms, name="alarms")


@alarms.command("list")
def list_them(
    lately: Annotated[bool, typer.Option("--lately", help=f"Also the last {LATELY}, those that are over too.")] = False,
    as_json: Json = False,
) -> None:
    """What is wrong now, and since when; its part of docs/operators/runbook.md says what to do."""
    from config.alarms import places_of
    from zonewire import alarms as kept

    with installation() as (settings, store), store.reading() as db:
        known = kept.alarms_lately(db, most=LATELY) if lately else kept.alarms_on(db)
        rows = kept.as_json(db, known, places_of(settings))
    empty = "There was no alarm yet." if lately else "No alarm is on."
    print_list(rows, ON_COLUMNS, as_json=as_json, empty=empty)


@alarms.command("receivers")
def list_receivers(as_json: Json = False) -> None:
    """Who is told."""
    from zonewire.alarms import receivers

    with installation() as (_, store), store.reading() as db:
        rows = [_shape(one) for one in receivers(db)]
    empty = "Nobody is told; `zonewire alarms tell --channel email --to ADDRESS` names somebody."
    print_list(rows, RECEIVER_COLUMNS, as_json=as_json, empty=empty)


@alarms.command("tell")
def tell(
    *,
    channel: Annotated[str, typer.Option(help="email, wecom, dingtalk, feishu, slack or webhook.")],
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="An email address, or the URL of a robot or a webhook.")],
    locale: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
    secret: Annotated[
        str | None,
        typer.Option(help="What DingTalk or Feishu show as the robot's, or whsec_…; - reads standard input."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell somebody of whatever begins from now on, and when it is over. Told again, it changes the language."""
    from cli.acting import actor
    from zonewire.delivery.endpoints import shown_id
    from zonewire.operators import Act, record
    from zonewire.store import now

    given = sys.stdin.readline().strip() if secret == STDIN else secret
    with installation() as (settings, store), store.writing() as db:
        endpoint_id, made = _told(db, settings, channel=channel, to=to, locale=locale, secret=given)
        ident = shown_id(endpoint_id)
        record(db, actor(), Act.TOLD_OF_ALARMS, ident, now=now(db), channel=channel)
    if as_json:
        print_json({"endpoint": ident, "channel": channel, "locale": locale, **({"secret": made} if made else {})})
        return
    sys.stdout.write(f"{ident} is told of alarms, in {locale}; `zonewire alarms test {ident}` sends it one\n")
    if made:
        sys.stdout.write(f"Secret of {ident}, shown only now: {made}\n")


@alarms.command("untell")
def untell(ident: Ident, as_json: Json = False) -> None:
    """Tell somebody nothing more, not even that what is on is over."""
    from cli.acting import actor
    from zonewire import alarms as kept
    from zonewire.delivery.endpoints import existing_key
    from zonewire.operators import Act, record
    from zonewire.store import now

    with installation() as (_, store), store.writing() as db:
        if was_told := kept.untell(db, existing_key(db, ident)):
            record(db, actor(), Act.UNTOLD_OF_ALARMS, ident, now=now(db))
    if as_json:
        print_json({"endpoint": ident, "was_told": was_told})
    else:
        sys.stdout.write(f"{ident} is told no more\n" if was_told else f"{ident} was not told\n")


@alarms.command("test")
def send_test(
    ident: Annotated[str | None, typer.Argument(metavar="[ID]", help="One of them. Without it: all.")] = None,
    as_json: Json = False,
) -> None:
    """Send a test to those who are told, at once and as an alarm would come, and say what became of it."""
    from config.alarms import herald_of
    from zonewire import alarms as kept
    from zonewire.delivery.endpoints import existing_key
    from zonewire.delivery.opening import open_endpoints
    from zonewire.herald import try_out
    from zonewire.store import now

    with installation() as (settings, store):
        with store.reading() as db:
            only, moment = None if ident is None else existing_key(db, ident), now(db)
            chosen = [one for one in kept.receivers(db) if only in {None, one.endpoint_id}]
            _refuse_none(chosen, ident)
            herald = herald_of(settings, store)
            opened = open_endpoints(db, [one.endpoint_id for one in chosen], keys=herald.mailing.keys, now=moment)
        rows = [_shape(one) | {"error": try_out(herald, one, opened[one.endpoint_id], now=moment)} for one in chosen]
    shown = rows if as_json else [row | {"result": row["error"] or "delivered"} for row in rows]
    print_list(shown, ("endpoint", "channel", "to", "result"), as_json=as_json, empty="")
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _refuse_none(chosen: "list[Receiver]", ident: str | None) -> None:
    if not chosen:
        raise Conflict(
            "nobody is told of alarms" if ident is None else f"{ident} is not told of alarms",
            mend="`zonewire alarms tell --channel email --to ADDRESS` names somebody.",
        )


def _told(
    db: "Connection", settings: "Settings", *, channel: str, to: str, locale: str, secret: str | None
) -> tuple[int, str | None]:
    """The endpoint that is told, and its secret where one was made for it."""
    from config.guard import guard_of
    from config.keys import ring_of
    from zonewire.alarms import CHANNELS, tell
    from zonewire.delivery.addresses import normalised
    from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints, robot_secret
    from zonewire.store import now
    from zonewire.subscriptions.validate import read_locale

    if channel not in CHANNELS:
        raise WrongUsage(f"{channel[:40]!r} carries no alarms", where="--channel", mend=f"Use {', '.join(CHANNELS)}.")
    address, keys = normalised(channel, to), ring_of(settings)
    if channel != "email":
        guard_of(settings).check_url(address.text)
    given = robot_secret(secret) if secret and channel != "webhook" else secret
    found = find_or_make_endpoints(db, [EndpointWanted(address, given)], keys=keys, now=now(db))[address]
    if given is not None and not found.has_secret(keys, given):
        raise Conflict(
            f"{address.shown} is there already, with another secret",
            mend="`zonewire endpoints rotate ID --secret -` replaces it.",
        )
    tell(db, found.id, locale=read_locale(locale), now=now(db))
    return found.id, found.secret if secret is None else None


def _shape(one: "Receiver") -> dict[str, Any]:
    from zonewire.delivery.endpoints import shown_id

    place = {"endpoint": shown_id(one.endpoint_id), "channel": one.channel, "to": one.address}
    return place | {"locale": one.locale, "is_told": one.is_on}

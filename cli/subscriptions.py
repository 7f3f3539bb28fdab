"""`zonewire subscribe` and `zonewire subscriptions …`."""

import contextlib
import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from cli.acting import actor
from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import NotFound, WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zonewire.filters import Filter
    from zonewire.operators import Act
    from zonewire.subscriptions import Imported, PrivateFeed, Subscription

COLUMNS = ("id", "endpoint", "channel", "to", "filter", "cadence", "state", "next_at")
BAD_LINES_SHOWN = 1_000
FILTERS_KEPT = 50_000
STDIN = "-"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ident = Annotated[str, typer.Argument(metavar="ID", help="As `subscriptions list` shows it.")]
Many = list[str] | None

group = typer.Typer(help="Who gets what, where and when.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("subscribe")(subscribe)
    app.add_typer(group, name="subscriptions")


def subscribe(
    *,
    channel: Annotated[
        str, typer.Option(help="email, webhook, wecom, dingtalk, feishu, slack, wechat_oa, indexnow or baidu.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="An email address, the URL of a webhook or a robot, the AppID of our Official Account, or the host of "
            "a site that engines are told of.",
        ),
    ],
    zone: Annotated[Many, typer.Option(help="Only this zone; may be repeated.")] = None,
    city: Annotated[Many, typer.Option(help="Only this city; may be repeated.")] = None,
    section: Annotated[Many, typer.Option(help="Only this section; may be repeated.")] = None,
    keyword: Annotated[Many, typer.Option(help="Only with this word; may be repeated.")] = None,
    not_zone: Annotated[Many, typer.Option(help="Not this zone; may be repeated.")] = None,
    not_city: Annotated[Many, typer.Option(help="Not this city; may be repeated.")] = None,
    not_section: Annotated[Many, typer.Option(help="Not this section; may be repeated.")] = None,
    not_keyword: Annotated[Many, typer.Option(help="Not with this word; may be repeated.")] = None,
    cadence: Annotated[
        str | None,
        typer.Option(help="instant, hourly, daily or weekly. Default: daily by email and wechat_oa, else instant."),
    ] = None,
    at: Annotated[str, typer.Option(metavar="HH:MM", help="Local time of daily and weekly digests.")] = "08:00",
    weekday: Annotated[str, typer.Option(help="mon to sun, for weekly digests.")] = "mon",
    timezone: Annotated[str, typer.Option(help="IANA name of the subscriber's time zone.")] = "Asia/Shanghai",
    locale: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
    secret: Annotated[
        str | None,
        typer.Option(
            help="whsec_… for a new webhook endpoint (default: made), or what DingTalk or Feishu show as the robot's "
            "(default: nothing is signed); - reads standard input."
        ),
    ] = None,
    submit: Annotated[bool, typer.Option("--submit", help="wechat_oa only: submit each draft.")] = False,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="The reader of this address has agreed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Subscribe an address. An email address without --confirmed gets a mail that asks first."""
    options: dict[str, Any] = {
        "channel": channel,
        "to": to,
        "zone": zone,
        "city": city,
        "section": section,
        "keyword": keyword,
        "not_zone": not_zone,
        "not_city": not_city,
        "not_section": not_section,
        "not_keyword": not_keyword,
        "cadence": cadence,
        "at": at,
        "weekday": weekday,
        "timezone": timezone,
        "locale": locale,
        "secret": sys.stdin.readline().strip() if secret == STDIN else secret,
        "submit": submit,
        "confirmed": confirmed,
    }
    shape = _subscribed(options)
    if as_json:
        print_json(shape)
        return
    sys.stdout.write(f"{shape['id']}  {channel} to {shape['to']}, {shape['cadence']}, {shape['state']}\n")
    if shape["state"] == "unconfirmed":
        sys.stdout.write("A mail with a link to confirm it is on its way; nothing else is sent before.\n")
    if "secret" in shape:
        sys.stdout.write(f"Secret of {shape['endpoint']}, shown only now: {shape['secret']}\n")


def _subscribed(options: dict[str, Any]) -> dict[str, str]:
    from config.guard import guard_of
    from config.keys import ring_of
    from config.services import services_of
    from zonewire import subscriptions
    from zonewire.store import now

    with installation() as (settings, store):
        check, services = guard_of(settings).check_url, services_of(settings)
        request = subscriptions.read_options(options, check_url=check, unset=services.unset, only=services.only)
        keys = ring_of(settings)
        with store.writing() as db:
            return subscriptions.subscribe(db, request, keys=keys, now=now(db)).as_json()


@group.command("list")
def list_all(
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None, as_json: AsJson = False
) -> None:
    """All subscriptions, the oldest first."""
    from zonewire.subscriptions import list_subscriptions

    with installation() as (_, store), store.reading() as db:
        rows = list_subscriptions(db, limit=limit)
    if not as_json:
        rows = [{**row, "filter": _in_words(row["filter"])} for row in rows]
    print_list(rows, COLUMNS, as_json=as_json, empty="No subscriptions yet; `zonewire subscribe` makes one.")


def _in_words(options: dict[str, list[str]]) -> str:
    return (
        "; ".join(f"{name.replace('_', ' ')} {', '.join(values)}" for name, values in options.items()) or "everything"
    )


@group.command("import")
def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON lines; - is standard input.")],
    as_json: AsJson = False,
) -> None:
    """Take in many at once, one JSON object a line, named like the options of `subscribe` with _ for -.

    Bad lines are told by their numbers and left out; what is there already stays as it is.
    """
    totals: dict[str, Any] = {"added": 0, "known": 0, "bad": 0, "secrets": []}
    with _opened(file) as (source, size), _progress(size) as advance:
        for imported, bytes_read in _imported(source):
            totals["added"] += imported.added
            totals["known"] += imported.known
            _tell_bad(imported, told=totals["bad"])
            totals["bad"] += len(imported.bad)
            totals["secrets"] += [asdict(one) for one in imported.secrets]
            advance(bytes_read)
    if as_json:
        print_json(totals)
    else:
        for made in totals["secrets"]:
            sys.stdout.write(f"Secret of {made['endpoint']} ({made['to']}), shown only now: {made['secret']}\n")
        sys.stdout.write("{added} added, {known} known already, {bad} bad lines left out\n".format(**totals))
    if totals["bad"]:
        raise typer.Exit(1)


@group.command("export")
def export_file(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - is standard output.")] = STDIN,
) -> None:
    """Write every subscription that has not ended as JSON lines, as `import` takes them.

    Signing secrets are not in it. Robots' addresses are, which are secrets too: keep the file to yourself.
    """
    import orjson

    from config.keys import ring_of
    from zonewire.subscriptions import export_options

    lines = 0
    with (
        installation() as (settings, store),
        store.reading() as db,
        _written(file) as target,
        _progress(None) as advance,
    ):
        for portion in export_options(db, keys=ring_of(settings)):
            target.write(b"".join(orjson.dumps(options) + b"\n" for options in portion))
            lines += len(portion)
            advance(len(portion))
    if file != STDIN:
        sys.stdout.write(f"{lines} subscriptions written to {file}\n")


@contextlib.contextmanager
def _written(file: str) -> Iterator[BinaryIO]:
    """A file to write to, put in its place when it is whole, for its owner alone: it holds readers' addresses."""
    if file == STDIN:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = Path(f"{file}.tmp")
    try:
        target = draft.open("wb")
    except OSError as cause:
        mend = "Name a file in a folder that this user may write to."
        raise WrongUsage(f"cannot write {file}: {cause.strerror}", mend=mend) from None
    with target:
        draft.chmod(0o600)
        yield target
    draft.replace(file)


def _imported(source: BinaryIO) -> "Iterator[tuple[Imported, int]]":
    """Import *source* chunk by chunk; each with how many bytes it had."""
    from config.guard import guard_of
    from config.keys import ring_of
    from config.services import services_of
    from zonewire.store import now
    from zonewire.subscriptions import import_chunk, read_chunks

    with installation() as (settings, store):
        keys, guard, services = ring_of(settings), guard_of(settings), services_of(settings)
        gc.freeze()  # what is loaded stays: collecting it again and again costs a fifth of an import
        filter_ids: dict[Filter, int] = {}
        for chunk in read_chunks(source, guard=guard, unset=services.unset, only=services.only):
            with store.writing() as db:
                imported = import_chunk(db, chunk, keys=keys, now=now(db), filter_ids=filter_ids)
            if len(filter_ids) > FILTERS_KEPT:
                filter_ids.clear()
            yield imported, chunk.bytes_read


def _tell_bad(imported: "Imported", *, told: int) -> None:
    for line in imported.bad[: max(0, BAD_LINES_SHOWN - told)]:
        sys.stderr.write(f"line {line.number}: {line.detail}\n")
    if told < BAD_LINES_SHOWN <= told + len(imported.bad):
        sys.stderr.write("… more bad lines are counted, and not shown.\n")


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """The file, and its size where it has one."""
    if file == STDIN:
        yield sys.stdin.buffer, None
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115  # closed below; what cannot be opened is told apart
        size = Path(file).stat().st_size
    except OSError as cause:
        raise NotFound(f"cannot read {file}: {cause.strerror}", mend="Name a file, or - for standard input.") from None
    with source:
        yield source, size


@contextlib.contextmanager
def _progress(size: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Importing", total=size)
        yield lambda done: bar.advance(task, done)


@group.command("pause")
def pause(
    ident: Ident,
    until: Annotated[
        str | None, typer.Option(help="Resume it by itself then: 2026-12-01, or a time (China's, without an offset).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make nothing more for it until it is resumed."""
    from cli.deliveries import moment
    from zonewire.operators import Act
    from zonewire.store import SECOND
    from zonewire.subscriptions import pause as move

    ends_at = moment(until, "--until")
    if ends_at is not None and ends_at <= time.time() * SECOND:
        raise WrongUsage(f"{until!r} is not in the future", where="--until")
    _moved(ident, Act.PAUSED_SUBSCRIPTION, partial(move, until=ends_at), as_json=as_json)


@group.command("resume")
def resume(ident: Ident, as_json: AsJson = False) -> None:
    """Go on: instant news from now, a digest one period back at most."""
    from zonewire.operators import Act
    from zonewire.subscriptions import resume as move

    _moved(ident, Act.RESUMED_SUBSCRIPTION, move, as_json=as_json)


@group.command("remove")
def remove(ident: Ident, as_json: AsJson = False) -> None:
    """End it, and cancel what is still owed to it."""
    from zonewire.operators import Act
    from zonewire.subscriptions import remove as move

    _moved(ident, Act.ENDED_SUBSCRIPTION, move, as_json=as_json)


@group.command("feed")
def private_feed(
    ident: Ident,
    renew: Annotated[bool, typer.Option("--renew", help="Make new addresses; the old ones end at once.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="End it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the addresses of its private feed, made the first time. Whoever has an address can read the feed."""
    from config.keys import ring_of
    from zonewire import subscriptions
    from zonewire.store import now
    from zonewire.subscriptions import key_of

    if renew and revoke:
        raise WrongUsage("--renew and --revoke cannot both be meant", mend="Take one of them.")
    key = key_of(ident)
    with installation() as (settings, store):
        keys = ring_of(settings)
        with store.writing() as db:
            if revoke:
                found, had_one = None, subscriptions.revoke_private_feed(db, key, now=now(db))
            else:
                make = subscriptions.renew_private_feed if renew else subscriptions.make_private_feed
                found, had_one = make(db, key, keys=keys, now=now(db)), True
    shape = _feed_shape(ident, found, base_url=settings.base)
    if as_json:
        print_json(shape)
    elif found is None:
        sys.stdout.write(f"the private feed of {ident} has ended\n" if had_one else f"{ident} has no private feed\n")
    else:
        sys.stdout.write("".join(f"{shape[form]}\n" for form in ("rss", "atom", "json")))


def _feed_shape(ident: str, found: "PrivateFeed | None", *, base_url: str) -> dict[str, Any]:
    from zonewire.articles import rfc3339
    from zonewire.feeds import Format, private_address

    addresses = {
        form.value: None if found is None else f"{base_url}/feeds/{private_address(found.token, form)}"
        for form in Format
    }
    made_at = None if found is None else rfc3339(found.made_at)
    return {"id": ident, "state": "none" if found is None else "served", "made_at": made_at, **addresses}


def _moved(ident: str, act: "Act", move: "Callable[[Connection, int, int], Subscription]", *, as_json: bool) -> None:
    from zonewire.operators import record
    from zonewire.store import now
    from zonewire.subscriptions import key_of, locked
    from zonewire.subscriptions.listing import as_json as shape_of

    key = key_of(ident)
    with installation() as (_, store), store.writing() as db:
        moment, before = now(db), locked(db, key).state
        after = move(db, key, moment)
        if after.state != before:
            record(db, actor(), act, ident, now=moment)
        shape = shape_of(after)
    if as_json:
        print_json(shape)
    else:
        sys.stdout.write(f"{shape['id']}  {shape['channel']} to {shape['to']}, {shape['cadence']}, {shape['state']}\n")

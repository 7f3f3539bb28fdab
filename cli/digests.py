"""`zonewire digests`: cut what is due, and look at what the next digest would hold."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cli.context import installation
from cli.output import print_json
from zonewire.errors import WrongUsage

digests = typer.Typer(help="Digests: cut what is due, or look at the next one.", no_args_is_help=True)


class Form(StrEnum):
    """What a preview prints."""

    HTML = "html"
    TEXT = "text"
    WECHAT = "wechat"


def register(app: typer.Typer) -> None:
    """Add the group `digests`."""
    app.add_typer(digests, name="digests")


@digests.command("run")
def run(
    at: Annotated[
        str | None, typer.Option(help="As if it were then (ISO 8601; without an offset: China Standard Time).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Do what beat does each minute: cut every subscription whose hour has passed, once, and owe what came of it."""
    from tasks.hints import hint_from_command
    from zonewire.delivery.lanes import PUSH_LANES
    from zonewire.digests import cut_due
    from zonewire.store import now

    moment = None if at is None else _moment(at)
    with installation() as (settings, store):
        if moment is None:
            with store.reading() as db:
                moment = now(db)
        cut = cut_due(store, at=moment)
        if cut.deliveries:
            hint_from_command(settings, *PUSH_LANES)
    if as_json:
        print_json({"editions": cut.editions, "deliveries": cut.deliveries, "subscriptions": cut.subscriptions})
        return
    sys.stdout.write(
        f"{cut.subscriptions} subscriptions were due; {cut.deliveries} digests are owed, in {cut.editions} editions.\n"
    )


@digests.command("preview")
def preview(
    subscription: Annotated[str, typer.Option(help="Its id, as `zonewire subscriptions list` prints it.")],
    form: Annotated[Form, typer.Option("--format", help="What to print.")] = Form.TEXT,
) -> None:
    """Print what a subscription's next digest would hold if its window closed now. Changes nothing."""
    from config.catalogue import catalogue_of
    from config.keys import ring_of
    from zonewire.delivery.mailing import Mailing
    from zonewire.digests import preview as next_digest
    from zonewire.store import now
    from zonewire.subscriptions import key_of

    with installation() as (settings, store), store.reading() as db:
        mailing = Mailing(settings.base, settings.mail_from, ring_of(settings), catalogue_of(settings).portal)
        shown = next_digest(db, key_of(subscription), mailing=mailing, now=now(db))
    sys.stdout.write(getattr(shown, form.value))


def _moment(written: str) -> int:
    """*written* in microseconds. Raises WrongUsage."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    try:
        parsed = datetime.fromisoformat(written.strip())
    except ValueError:
        raise WrongUsage(
            f"{written!r} is no time", where="--at", mend="Write it like 2026-06-06T08:00 or 2026-06-06T08:00+08:00."
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return round(parsed.timestamp() * 1_000_000)

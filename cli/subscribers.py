"""`zonewire subscribers …`: what is kept about somebody, given to them, or forgotten at their wish."""

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.acting import actor
from cli.context import installation
from cli.output import print_json
from zonewire.errors import Conflict, StoreBusy

if TYPE_CHECKING:
    from zonewire.store import Store

WAIT_S = 60.0
"""What is on its way to somebody is waited for so long: a lease that nobody renews is over in half of it."""
LOOK_EVERY_S = 0.5

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An email address, or a partner's host.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

group = typer.Typer(help="What is kept about one subscriber.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(group, name="subscribers")


@group.command("export")
def export(address: Address, as_json: AsJson = False) -> None:
    """Print all that is kept about a subscriber as one JSON object, for them to have. Secrets are not in it."""
    from config.keys import ring_of
    from zonewire.operators import Act, record
    from zonewire.store import migrate, now
    from zonewire.subscriptions import export_subscriber, owner_of, subscriber_of

    del as_json  # it is JSON either way
    with installation() as (settings, store), store.reading() as db:
        found = subscriber_of(db, owner_of(address), keys=ring_of(settings))
        number = migrate.installation_number(db)
        kept = export_subscriber(db, found.id, installation=number, now=now(db))
    with installation() as (_, store), store.writing() as db:
        record(db, actor(), Act.EXPORTED, f"subscriber {found.id}", now=now(db))
    print_json(kept)


@group.command("erase")
def erase(
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; a script is not asked anyway.")] = False,
    as_json: AsJson = False,
) -> None:
    """End all subscriptions of an address, and remove everything that says whose they were. Cannot be undone."""
    from config.keys import ring_of
    from zonewire.operators import Act, record
    from zonewire.outbound.couriers.eml import remove_mails
    from zonewire.store import now
    from zonewire.subscriptions import deliveries_of, end_everything, forget, owner_of, subscriber_of, what_ends

    owner = owner_of(address)
    with installation() as (settings, store):
        keys = ring_of(settings)
        with store.reading() as db:
            found = subscriber_of(db, owner, keys=keys)
            subscriptions, endpoints = what_ends(db, found.id)
        if not yes and sys.stdin.isatty():
            question = f"Forget {found.address} for good: {subscriptions} subscriptions at {endpoints} endpoints?"
            typer.confirm(f"{question} This cannot be undone.", abort=True, err=True)
        with store.writing() as db:
            ended = end_everything(db, found, keys=keys, now=now(db))
            counted = {"subscriptions": ended.subscriptions, "cancelled": ended.deliveries}
            record(db, actor(), Act.ERASED, f"subscriber {found.id}", now=now(db), **counted)
        _wait_until_nothing_is_sent(store, found.id, found.address)
        # Before their address is gone: whoever is stopped here erases once more, and finds the mails by it.
        files = remove_mails(settings.data_dir / "outbox", found.address)
        with store.reading() as db:
            theirs = deliveries_of(db, found.id)
        with store.writing() as db:
            forget(db, found, theirs, keys=keys, now=now(db))
        _fold_journal(store)
    told = {"address": found.address, "subscriptions": ended.subscriptions, "cancelled": ended.deliveries}
    if as_json:
        print_json(told | {"mails": files})
    else:
        sys.stdout.write(
            f"{found.address} is forgotten: {ended.subscriptions} subscriptions ended, {ended.deliveries} deliveries"
            f" cancelled, {files} mails removed from the outbox.\n"
            "Backups, your mail server's logs, and PostgreSQL until its next vacuum may still hold the address.\n"
        )


def _wait_until_nothing_is_sent(store: "Store", subscriber: int, owner: str) -> None:
    from zonewire.subscriptions import is_being_sent

    deadline = time.monotonic() + WAIT_S
    while True:
        with store.reading() as db:
            if not is_being_sent(db, subscriber):
                return
        if time.monotonic() > deadline:
            raise Conflict(
                f"all has ended for {owner}, but something is still on its way to them",
                mend="Run this once more in a few minutes: then it is forgotten too.",
            )
        time.sleep(LOOK_EVERY_S)


def _fold_journal(store: "Store") -> None:
    """SQLite keeps what was written before in its journal until that is copied back; somebody who reads delays that."""
    if not store.is_postgresql:
        with contextlib.suppress(StoreBusy), store.reading() as db:
            db.exec_driver_sql("COMMIT")
            db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.exec_driver_sql("BEGIN")

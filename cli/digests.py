"""`zonewire digests`: cut what is due, and look at what the next digest would hold."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import installation
from cli.output import print_json
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from zonewire.digests import Preview

STDOUT = "-"

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
    output: Annotated[str, typer.Option(help="A file to write it to, or `-` for standard output.")] = STDOUT,
    opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a subscription's next digest would hold if its window closed now. Changes nothing."""
    shown = _next_digest(subscription)
    if shown.edition is None:  # then there is nothing to keep in a file or to look at
        if as_json:
            print_json({"subject": None, "format": form, "file": None, "content": shown.sentence})
        else:
            sys.stdout.write(f"{shown.sentence}\n")
        return
    text: str = getattr(shown, form.value)
    files = []
    if output != STDOUT:
        files.append((output, _write(Path(output), text)))
    if opened:
        files.append(_open(_as_page(shown, form)))
    if as_json:
        file = files[0][0] if files else None
        found = {"subject": shown.subject(form.value), "format": form, "file": file}
        print_json(found if files else found | {"content": text})
    else:
        sys.stdout.write("".join(f"{line}\n" for _, line in files) or text)


def _next_digest(subscription: str) -> "Preview":
    from config.catalogue import catalogue_of
    from config.keys import ring_of
    from zonewire.delivery.mailing import Mailing
    from zonewire.digests import preview as next_digest
    from zonewire.store import now
    from zonewire.subscriptions import key_of

    with installation() as (settings, store), store.reading() as db:
        mailing = Mailing(settings.base, settings.mail_from, ring_of(settings), catalogue_of(settings).portal)
        return next_digest(db, key_of(subscription), mailing=mailing, now=now(db))


def _write(file: Path, text: str) -> str:
    """Write *text*, over what is there; the line that says so. Raises WrongUsage."""
    was_there = file.exists()
    try:
        size = file.write_bytes(text.encode())
    except OSError as cause:
        mend = "Name a file in a folder that this user may write to."
        raise WrongUsage(f"cannot write {file}: {cause.strerror}", where="--output", mend=mend) from None
    return f"Wrote {file}: {size:,} bytes{', over what was there' if was_there else ''}."


def _as_page(shown: "Preview", form: Form) -> str:
    """A whole HTML page, which a browser reads as what it is."""
    from html import escape

    if form is Form.HTML:
        return shown.html
    style = "max-width:375px;margin:24px auto;padding:0 16px;background:#fff;font-family:sans-serif"
    body = shown.wechat if form is Form.WECHAT else f'<pre style="white-space:pre-wrap">{escape(shown.text)}</pre>'
    title = escape(shown.subject(form.value))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html>\n<html>\n<head>{head}</head>\n<body style="{style}">\n{body}\n</body>\n</html>\n'


def _open(document: str) -> tuple[str, str]:
    """Show *document* in the browser, from a file that stays for it; the file, and the line that says what was done."""
    import tempfile
    import webbrowser

    with tempfile.NamedTemporaryFile(prefix="zonewire-", suffix=".html", delete=False) as file:  # its owner's alone
        file.write(document.encode())
    if webbrowser.open(Path(file.name).as_uri()):
        return file.name, f"Opened {file.name} in the browser."
    return file.name, f"No browser can be opened here. It is in {file.name}."


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

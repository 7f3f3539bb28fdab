"""`zonewire backup` and `zonewire restore`: everything that an installation needs to live again, in one file."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from cli.output import print_json
from zonewire.errors import Conflict, WrongUsage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.beside import PutBack
    from zonewire.backup import Checked, Manifest, Restored, Taken

STDOUT = "-"
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    as_json: AsJson = False,
) -> None:
    """Write the database and the secrets beside it into one file, while everything runs. Guard it like the machine."""
    from cli.logs import log_warnings_only
    from config.beside import beside
    from config.settings import load
    from zonewire.backup import take
    from zonewire.store import open_store

    log_warnings_only()
    settings = load()
    _refuse_nowhere(file, settings.database)
    with (
        contextlib.closing(open_store(settings.database, pool_size=1)) as store,
        _written(file) as out,
        _progress("Backing up") as told,
    ):
        taken = take(store, out, beside=lambda: beside(settings), told=told)
    size = None if file == STDOUT else Path(file).stat().st_size
    _tell_taken(file, taken, size, as_json=as_json)


def _refuse_nowhere(file: str, database: str) -> None:
    """Before anything is opened: opening an SQLite database that is not there would make it."""
    from sqlalchemy.engine import make_url

    url = make_url(database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise Conflict(f"{url.database} is not there: nothing to back up", mend="Check ZONEWIRE_DATA_DIR.")
    if file == STDOUT and sys.stdout.isatty():
        raise WrongUsage("a backup is no text for a terminal", where="FILE", mend="Name a file, or pipe it somewhere.")


@contextlib.contextmanager
def _written(file: str) -> Iterator[BinaryIO]:
    """Standard output, or *file* as soon as it is whole. Raises Conflict where it cannot be written."""
    from zonewire.backup import whole_file

    try:
        if file == STDOUT:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with whole_file(Path(file)) as out:
                yield out
    except OSError as cause:
        if isinstance(cause, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads what is flushed at the end
        raise Conflict(
            f"{file} cannot be written: {cause.strerror}", mend="Nothing of it is left; name another place."
        ) from None


def _tell_taken(file: str, taken: "Taken", size: int | None, *, as_json: bool) -> None:
    from zonewire.backup import in_words

    manifest = taken.manifest
    if as_json and file != STDOUT:
        print_json({"file": file, "bytes": size} | _shape(manifest, taken.rows))
        return
    said = f"{file}: {in_words(taken.rows)}" + (f"; {size / 1e6:,.1f} MB" if size is not None else "")
    sealed = "the keys" if "secrets.env" in manifest.files and manifest.keys else "the addresses of readers"
    stream = sys.stderr if file == STDOUT else sys.stdout
    stream.write(f"{said}. It holds {sealed}: keep it as you keep the machine.\n")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what the database holds. Without it only an empty one is filled.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the database of a backup, of SQLite or PostgreSQL, and put the secrets back. Nothing may run meanwhile."""
    from cli.acting import actor
    from cli.logs import log_warnings_only
    from config.beside import put_back
    from config.settings import load
    from workers.up import take_lock
    from zonewire.backup import check
    from zonewire.backup import restore as refill
    from zonewire.operators import Act, record
    from zonewire.store import now, open_store

    log_warnings_only()
    with _progress("Checking") as told:
        checked = check(file, told=told)
    settings = load()
    manifest, put = checked.manifest, list["PutBack"]()

    def last(db: "Connection") -> None:
        record(db, actor(), Act.RESTORED, file.name, now=now(db), made_at=manifest.made_at)
        put.append(put_back(settings, dict(checked.files), keys=manifest.keys))

    lock = take_lock(settings.data_dir)
    try:
        with contextlib.closing(open_store(settings.database, pool_size=1)) as store, _progress("Restoring") as told:
            restored = refill(
                store,
                file,
                checked,
                replace=replace,
                before_commit=last,
                told=told,
            )
    finally:
        os.close(lock)
    if as_json:
        found = {"returned": restored.returned, "lost": dict(restored.lost), "opens": put[0].opens}
        print_json({"file": str(file)} | found | _shape(manifest, checked.rows))
    else:
        _tell_restored(checked, restored, put[0])


def _tell_restored(checked: "Checked", restored: "Restored", put: "PutBack") -> None:
    from zonewire.backup import in_words

    manifest = checked.manifest
    made_at = datetime.fromtimestamp(manifest.made_at / 1e6, UTC)
    lines = [f"Restored as it was on {made_at:%Y-%m-%d %H:%M} UTC: {in_words(checked.rows)}."]
    if restored.lost:
        lines.append(f"Given up for it: {in_words(restored.lost)}.")
    lines += put.lines
    if restored.returned:
        lines.append(f"{restored.returned} deliveries were being sent then; they are sent again under the same ids.")
    if not put.opens:
        lines.append(
            f"The key that sealed it ({manifest.keys[0]}) is not here: set ZONEWIRE_SECRET_KEY to the ring of then"
            " before anything starts, or links in mails and secrets of endpoints are lost."
        )
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _shape(manifest: "Manifest", rows: Mapping[str, int]) -> dict[str, object]:
    return {
        "made_at": datetime.fromtimestamp(manifest.made_at / 1e6, UTC).isoformat(timespec="seconds"),
        "migration": manifest.migration,
        "installation": str(manifest.installation),
        "files": list(manifest.files),
        "keys": list(manifest.keys),
        "rows": dict(rows),
    }


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing elsewhere: counting what is to come costs a look at every table."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)

"""`zonewire publish` and `zonewire withdraw`: articles handed over by a person or a script."""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from cli.context import installation
from cli.output import Row, print_json
from cli.saved_pages import chains
from zonewire.errors import InvalidInput, WrongUsage, ZonewireError

if TYPE_CHECKING:
    from config.settings import Settings
    from zonewire.intake.event import Event
    from zonewire.intake.files import Found, Given
    from zonewire.intake.plan import Accepted
    from zonewire.store import Store

BATCH = 100
WAIT_S = 30.0
POLL_S = 0.05
GUIDE = "The folder samples/ shows what is taken."
LARGE_BYTES = 512 * 1024
"""Files from this size on show a progress bar."""


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command()(publish)
    app.command()(withdraw)


def publish(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Article JSON, CloudEvent, JSON lines or a portal page; - is stdin."),
    ],
    guid: Annotated[str, typer.Option(help="The guid of the one article.")] = "",
    url: Annotated[str, typer.Option(help="The address of the one article; a page's guid too.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when its feeds are out and each instant delivery had its first try.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Publish articles. Prints what each was taken for, and what became of it."""
    given = _given(guid, url)
    articles = chains(files)
    if given and len(articles) > 1:
        raise WrongUsage("--guid and --url are for one file", mend="Publish the files one by one.")
    with installation() as (settings, store):
        desk = Desk(settings, store, as_json=as_json)
        for name, *following in articles:
            desk.take_file(name, given, following)
        desk.hint()
        if as_json:
            print_json(desk.rows)
        if wait and desk.guids:
            _wait(store, desk.guids)
    if desk.refused:
        raise typer.Exit(1)


def withdraw(
    guid: Annotated[str, typer.Argument(help="The article's guid.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Withdraw an article from everyone who has it."""
    from zonewire.intake.article_json import check_id
    from zonewire.intake.files import withdrawal

    ident = _checked("GUID", check_id, guid)
    with installation() as (settings, store):
        desk = Desk(settings, store, as_json=as_json)
        (answer,) = desk.accept([withdrawal(ident)])
        desk.hint()
    if as_json:
        print_json({"guid": answer.guid, "version": answer.version, "result": answer.result.value})
    else:
        sys.stdout.write(f"{answer.guid}: {_withdrawn(answer)}\n")


def _given(guid: str, url: str) -> "Given":
    """What the options say about the one article. Raises WrongUsage where it can be no guid or address."""
    from zonewire.intake.article_json import check_address, check_id
    from zonewire.intake.files import Given

    return Given(guid and _checked("--guid", check_id, guid), url and _checked("--url", check_address, url))


def _checked(where: str, check: Callable[[str], str], given: str) -> str:
    try:
        return check(given)
    except ValueError as cause:
        raise WrongUsage(str(cause), where=where) from None


@dataclass(slots=True)
class Desk:
    """Takes files, and keeps what became of them."""

    settings: "Settings"
    store: "Store"
    as_json: bool
    rows: list[Row] = field(default_factory=list)  # for --json
    guids: set[str] = field(default_factory=set)
    refused: int = 0

    def take_file(self, name: str, given: "Given", following: Sequence[str] = ()) -> None:
        """Publish what is in the file *name*, a page with those *following* it.

        What cannot be published is told on standard error, and the rest goes in.
        """
        from zonewire.intake.files import read_file

        try:
            with contextlib.ExitStack() as opened:
                file = opened.enter_context(_opened(name))
                show = opened.enter_context(_progress(name, file))
                more = [opened.enter_context(_opened(one)) for one in following]
                things = read_file(file, given, more)
                while batch := list(itertools.islice(things, BATCH)):
                    self._take([name, *following], batch)
                    show()
        except OSError as cause:
            self._refuse(name, f"{cause.strerror or cause}\nName a file that is there and can be read.")

    def accept(self, events: "list[Event]") -> "list[Accepted]":
        """Hand *events* to intake."""
        from zonewire.articles.identity import host_of
        from zonewire.intake import accept

        answers = accept(self.store, events, host=host_of(self.settings.base))
        self.guids |= {answer.guid for answer in answers}
        return answers

    def hint(self) -> None:
        """Say that there may be work; the relay finds it anyway."""
        if self.guids:
            from tasks.hints import hint_from_command

            hint_from_command(self.settings, "events")

    def _take(self, names: list[str], batch: "list[Found]") -> None:
        """Publish *batch*, which stands in the file that *names* begins with, its page in all of them."""
        name = ", ".join(names)
        good = [found for found in batch if found.event is not None]
        answers = iter(self.accept([found.event for found in good if found.event is not None]) if good else [])
        for found in batch:
            if found.error is not None:
                self._refuse(f"{name}, {found.place}" if found.place else name, _why(found, found.error))
            else:
                self._tell(names, found, next(answers))

    def _tell(self, names: list[str], found: "Found", answer: "Accepted") -> None:
        if self.as_json:
            taken_as = found.taken_as.value if found.taken_as else None
            row: dict[str, object] = {"file": names[0], "taken_as": taken_as, "guid": answer.guid}
            row |= {"version": answer.version, "result": answer.result.value}
            self.rows.append(row | ({"pages": names} if len(names) > 1 else {}))
            return
        name = ", ".join(names)
        place = f"{name}, {found.place}" if found.place else name
        sys.stdout.write(f"{place}: {_KINDS[found.taken_as]}, {_became(answer)}\n")
        if found.has_made_guid:
            sys.stdout.write(
                "  Its guid is made from source, zone, date and title: with another title it would be another article. "
                "--url or --guid avoid that.\n"
            )

    def _refuse(self, where: str, why: str) -> None:
        self.refused += 1
        sys.stderr.write(f"zonewire: {where}: {why}\n")


_KINDS = {"article": "an article", "cloudevent": "a CloudEvent", "page": "a portal page", None: "something"}


def _became(answer: "Accepted") -> str:
    said = {
        "accepted": f"accepted as version {answer.version}",
        "unchanged": f"unchanged: it is version {answer.version} already",
        "duplicate": f"a duplicate: this event made version {answer.version}",
        "stale": f"stale: version {answer.version} is newer",
    }
    return f"{said[answer.result.value]} of {answer.guid}"


def _withdrawn(answer: "Accepted") -> str:
    if answer.result.value == "unchanged":
        return "it was withdrawn before"
    if answer.version == 1:
        return "nothing had this guid; now it stands as withdrawn"
    return f"withdrawn (version {answer.version})"


def _why(found: "Found", error: ZonewireError) -> str:
    taken_for = f"taken for {_KINDS[found.taken_as]}, but " if found.taken_as else ""
    if not isinstance(error, InvalidInput):
        return f"{taken_for}{error.what}" + (f"\n{error.mend}" if error.mend else "")
    return f"{taken_for}{error.all_fields}\n{error.mend or GUIDE}"


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


@contextlib.contextmanager
def _progress(name: str, file: BinaryIO) -> Iterator[Callable[[], None]]:
    """A bar that the function moves to where *file* is read; on a terminal, for large files only."""
    size = os.fstat(file.fileno()).st_size if name != "-" else 0
    if size < LARGE_BYTES or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=size)
        yield lambda: bar.update(task, completed=file.tell())


def pause(seconds: float) -> None:
    """Between two looks; tests put the workers' work here."""
    time.sleep(seconds)


def _wait(store: "Store", guids: set[str]) -> None:
    """Until all of it has arrived. Raises ZonewireError after 30 s."""
    from zonewire.intake.arrival import arrival_of

    deadline = time.monotonic() + WAIT_S
    with store.reading() as db:
        arrival = arrival_of(db, sorted(guids))
    while True:
        with store.reading() as db:
            if arrival.is_complete(db):
                return
        if time.monotonic() > deadline:
            raise ZonewireError(
                f"accepted, but not all of it went out within {WAIT_S:.0f} s",
                mend="`zonewire status` shows whether workers run, and which lane is late.",
            )
        pause(POLL_S)

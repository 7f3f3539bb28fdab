"""`zonewire keys`: which keys seal and sign, a new one in their place, and when an old one may go."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import Conflict, NotFound

if TYPE_CHECKING:
    from config.key_book import KeyBook
    from config.settings import Settings
    from zonewire.keys import KeyRing
    from zonewire.resealing import Resealed
    from zonewire.store import Store

GRACE_S = 6.0
"""Until every process knows a new key: one looks at the file each second, and waits for the database for five."""
COLUMNS = ("key", "role", "rows", "seen_at", "retired_at", "may_go_at")
ROLES = {"first": "seals and signs", "waiting": "waits to be the first", "older": "opens and checks"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

group = typer.Typer(help="The keys that seal secrets and sign links.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `keys`."""
    app.add_typer(group, name="keys")


@group.callback()
def keys() -> None:
    """The keys that seal secrets and sign links."""


@dataclass(slots=True)
class Ring:
    """The ring of an installation, and what is known of it."""

    settings: "Settings"
    store: "Store"
    keys: "KeyRing"
    is_given: bool  # by the environment: nothing here can change it
    book: "KeyBook"
    uses: Counter[int]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its keys, the first one first."""
        return self.keys.names()

    @property
    def left(self) -> int:
        """Rows that rest on another key than the first."""
        return sum(n for place, n in self.uses.items() if place > 0)

    def note(self) -> None:
        """Write down what the ring is now."""
        used = {self.names[place] for place in self.uses if place >= 0}
        self.book.note(self.names, used=used, now_s=time.time())
        self.book.write(self.settings.data_dir)


@contextmanager
def _ring() -> Iterator[Ring]:
    from config.key_book import KeyBook
    from config.keys import ring_of
    from zonewire.resealing import uses_of

    with installation() as (settings, store), _progress("Looking") as told:
        ring = ring_of(settings).now()
        uses = uses_of(store, ring, told=told)
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = Ring(settings, store, ring, settings.is_given("secret_key"), KeyBook.read(settings.data_dir), uses)
        found.note()
        yield found


@group.command("list")
def list_them(as_json: AsJson = False) -> None:
    """List the keys of the ring by name, never the keys: what each is for, and when an older one may go."""
    with _ring() as ring:
        rows = [_shape(ring, place) for place in range(len(ring.names))]
        lost = ring.uses[-1]
    print_list(
        rows if as_json else [row | {"role": ROLES[row["role"]]} for row in rows], COLUMNS, as_json=as_json, empty=""
    )
    if lost:
        sys.stderr.write(f"{lost} rows hold something that no key here opens: a key is missing from the ring.\n")


def _shape(ring: Ring, place: int) -> dict[str, Any]:
    name = ring.names[place]
    ages = ring.book.ages[name]
    role = "first" if place == 0 else "waiting" if name in ring.book.waiting(ring.names) else "older"
    return {
        "key": name,
        "role": role,
        "rows": ring.uses[place],
        "seen_at": ages.seen_at,
        "first_at": ages.first_at,
        "retired_at": ages.retired_at,
        "may_go_at": ages.may_go_at,
    }


@group.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Put a new key in the first one's place, and seal everything again under it, while all runs.

    Where SECRET_KEY comes from the environment it says what to set first; run it again after that. Whatever stops it,
    run it again: it goes on.
    """
    with _ring() as ring:
        if ring.left:
            done = _sealed_again(ring)
            if done.written or done.unopened:
                _tell_sealed(ring.names[0], done, as_json=as_json)
                return
        waiting = ring.book.waiting(ring.names)
        if ring.is_given:
            _tell_what_to_set(waiting, as_json=as_json)
            return
        fresh = _put_first(ring, waiting)
    with _ring() as ring:
        _tell_sealed(fresh, _sealed_again(ring), as_json=as_json)


def _put_first(ring: Ring, waiting: list[str]) -> str:
    """A new key, or the one that waits since a run was stopped: first known to everybody, then the first."""
    from config.made_ring import add_last, put_first

    fresh = waiting[0] if waiting else add_last(ring.settings.data_dir)
    if sys.stderr.isatty():
        sys.stderr.write(f"Waiting {GRACE_S:.0f} s, until every process knows the key {fresh} …\n")
    pause(GRACE_S)
    put_first(ring.settings.data_dir, fresh)
    return fresh


def pause(seconds: float) -> None:
    """While others look at the file; tests put the others' work here."""
    time.sleep(seconds)


def _sealed_again(ring: Ring) -> "Resealed":
    from cli.acting import actor
    from zonewire.operators import Act, record
    from zonewire.resealing import reseal
    from zonewire.store import now

    if ring.is_given:
        _refuse_uninformed(ring)
    with _progress("Sealing") as told:
        done = reseal(ring.store, ring.keys, told=told)
    with ring.store.writing() as db:
        record(db, actor(), Act.ROTATED_KEYS, ring.names[0], now=now(db), rows=done.written)
    return done


def _refuse_uninformed(ring: Ring) -> None:
    """A process that runs since before the first key was in the ring knows nothing of it. Raises Conflict."""
    from datetime import datetime

    from zonewire.delivery import heartbeats
    from zonewire.store import SECOND

    since = datetime.fromisoformat(ring.book.ages[ring.names[0]].seen_at).timestamp()
    with ring.store.reading() as db:
        lanes = heartbeats.lanes_since_before(db, int(since * SECOND))
    if lanes:
        raise Conflict(
            f"workers run since before the key {ring.names[0]} was in the ring (lanes {', '.join(lanes)})",
            mend="Start every process again, web faces too, and then run this once more.",
        )


def _tell_sealed(name: str, done: "Resealed", *, as_json: bool) -> None:
    if as_json:
        counted = {"rows": done.written, "unopened": done.unopened, "twins": done.twins}
        print_json({"step": "sealed", "key": name} | counted)
        return
    sys.stdout.write(f"{name} seals and signs now: {done.written} rows are sealed again under it.\n")
    sys.stdout.write("The older keys stay for links of the last 400 days; `zonewire keys list` says until when.\n")
    if done.unopened:
        sys.stdout.write(
            f"{done.unopened} rows hold something that no key here opens: a key is missing from the ring.\n"
        )
    if done.twins:
        sys.stdout.write(f"{done.twins} endpoints are there twice, made at once under two keys; both go on.\n")


def _tell_what_to_set(waiting: list[str], *, as_json: bool) -> None:
    from zonewire.keys import KeyRing, new_secret_key

    if waiting:
        step: dict[str, Any] = {"step": "put it first", "key": waiting[0]}
        said = (
            f"The key {waiting[0]} is in the ring. Put it before the others in ZONEWIRE_SECRET_KEY, for every\n"
            "process, and start each again. Then run this once more: everything is sealed again under it.\n"
        )
    else:
        secret = new_secret_key()
        step = {"step": "add it last", "key": KeyRing((secret,)).names()[0], "secret_key": secret}
        said = (
            "Nothing is changed yet. Put this key behind those in ZONEWIRE_SECRET_KEY, after a comma, for every\n"
            f"process, and start each again; it is shown only now:\n\n  {secret}\n\n"
            "Then run this once more: it says what comes next.\n"
        )
    if as_json:
        print_json(step)
    else:
        sys.stdout.write(said)


@group.command("drop")
def drop(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its name, as `keys list` shows it.")],
    early: Annotated[bool, typer.Option("--early", help="Though links of the last 400 days end with it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take an older key out of the ring for good, once nothing rests on it and its links have ended."""
    from cli.acting import actor
    from config.made_ring import take_out
    from zonewire.operators import Act, record
    from zonewire.store import now

    with _ring() as ring:
        _refuse_needed(ring, key, early=early)
        if not ring.is_given:
            take_out(ring.settings.data_dir, key)
            del ring.book.ages[key]
            ring.book.write(ring.settings.data_dir)
            with ring.store.writing() as db:
                record(db, actor(), Act.DROPPED_KEY, key, now=now(db))
        given = ring.is_given
    if as_json:
        print_json({"key": key, "dropped": not given})
    elif given:
        sys.stdout.write(f"Nothing needs {key} any more: take it out of ZONEWIRE_SECRET_KEY.\n")
    else:
        sys.stdout.write(f"{key} is gone.\n")


def _refuse_needed(ring: Ring, key: str, *, early: bool) -> None:
    """Raises NotFound; Conflict where something would be lost with the key."""
    from datetime import UTC, datetime

    from zonewire.store import SECOND
    from zonewire.subscriptions import erased_before

    if key not in ring.names:
        raise NotFound(f"there is no key {key!r} in the ring", mend="`zonewire keys list` shows their names.")
    place, ages = ring.names.index(key), ring.book.ages[key]
    if place == 0 or ages.retired_at is None:
        if place == 0:
            raise Conflict(f"{key} seals and signs", mend="`zonewire keys rotate` puts a new one in its place.")
        return  # it waits, and nothing knows it
    if ring.uses[place]:
        raise Conflict(f"{ring.uses[place]} rows rest on {key}", mend="`zonewire keys rotate` seals them again.")
    retired = datetime.fromisoformat(ages.retired_at)
    with ring.store.reading() as db:
        erased = erased_before(db, int(retired.timestamp() * SECOND))
    if erased:
        raise Conflict(
            f"{erased} people who were erased are known by {key} or one before it, and could come back without it",
            mend="Keep it: a mark of an address that is gone cannot be made again.",
        )
    if not early and ages.may_go_at is not None and datetime.now(UTC) < datetime.fromisoformat(ages.may_go_at):
        raise Conflict(
            f"links that {key} signed lead somewhere until {ages.may_go_at[:10]}",
            mend="Wait until then, or give --early; links that unsubscribe end with the key either way.",
        )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    """How many rows were looked at, on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed} rows"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda n: bar.advance(task, n)

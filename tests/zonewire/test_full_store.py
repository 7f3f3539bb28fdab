"""A database without room: what cannot be written is told as such, and what was under way is settled once there is.

On SQLite `max_page_count` bounds the file; on PostgreSQL the database lies on a small disk, where root can mount one.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine

from tests.builders import an_article
from tests.eventually import eventually
from tests.servers.postgres import RUNNER, Postgres
from tests.servers.receiver import Receiver
from tests.servers.small_disk import a_small_disk
from tests.zonewire.intake.events import a_publication
from tests.zonewire.test_push import Pushing
from zonewire.errors import StoreFull
from zonewire.intake import accept
from zonewire.store import Store, open_store
from zonewire.store.tables import versions

LONG = "园区新闻的正文。" * 4_000
ROOM_PAGES = 40


@dataclass(frozen=True, slots=True)
class Bounded:
    """A store whose room can be taken and given back."""

    store: Store
    take_room: Callable[[], None]
    give_room: Callable[[], None]


@contextmanager
def bounded_sqlite(template: Path, folder: Path) -> Iterator[Bounded]:
    path = folder / "zonewire.db"
    path.write_bytes(template.read_bytes())
    most = path.stat().st_size // 4096 + ROOM_PAGES
    limits = [most]
    store = open_store(f"sqlite:///{path}")

    def bound(connection: object, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limits[-1]}")  # type: ignore[attr-defined]  # the driver's

    for engine in _engines(store):
        event.listen(engine, "checkout", bound)
    yield Bounded(store, lambda: None, lambda: limits.append(2**30))
    store.close()


@contextmanager
def bounded_postgresql(postgres: Postgres, template: str, folder: Path) -> Iterator[Bounded]:
    with a_small_disk(folder / "disk", megabytes=24) as disk:
        place = disk.folder / "tablespace"
        place.mkdir()
        _give(place)
        name = f"small_{folder.name.replace('-', '_')[-30:]}"
        postgres.run(f"CREATE TABLESPACE {name} LOCATION '{place}'")
        url = postgres.fresh(f"{template} TABLESPACE {name}")
        store = open_store(url)
        for transaction in (store.reading, store.writing, store.settling):
            with transaction() as db:  # a first connection writes a file of its own there
                db.execute(text("SELECT 1"))
        try:
            yield Bounded(store, disk.fill, disk.free)
        finally:
            store.close()
            postgres.drop(url)
            postgres.run(f"DROP TABLESPACE {name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def bounded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bounded]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield stack.enter_context(bounded_sqlite(request.getfixturevalue("migrated_sqlite"), tmp_path))
        else:
            server, template = (request.getfixturevalue(name) for name in ("postgres", "migrated_postgres"))
            yield stack.enter_context(bounded_postgresql(server, template, tmp_path))


def _engines(store: Store) -> set[Engine]:
    return {store._reader, store._writer, store._settler}


def _give(place: Path) -> None:
    for folder in (place, *place.parents):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o005)
    shutil.chown(place, RUNNER)


def fill(bounded: Bounded) -> int:
    """Publish long articles until there is no room; how many were accepted."""
    bounded.take_room()
    for n in range(2_000):
        try:
            accept(bounded.store, [a_publication(an_article(text=f"{n} {LONG}"))], host="wire.example")
        except StoreFull:
            return n
    raise AssertionError("it never ran out of room")


def count_of_versions(store: Store) -> int:
    with store.reading() as db:
        return int(db.execute(select(func.count()).select_from(versions)).scalar_one())


def test_an_event_without_room_is_refused_as_such_and_leaves_nothing_behind(bounded: Bounded) -> None:
    accepted = fill(bounded)
    assert count_of_versions(bounded.store) == accepted
    bounded.give_room()
    (answer,) = accept(bounded.store, [a_publication(an_article(text=LONG))], host="wire.example")
    assert (answer.version, count_of_versions(bounded.store)) == (1, accepted + 1)


def test_what_was_sent_while_there_was_no_room_is_settled_later_and_not_sent_again(bounded: Bounded) -> None:
    with Receiver() as receiver:
        pushing = Pushing(bounded.store, receiver)
        pushing.owe("/hook")
        pusher = pushing.pusher()
        pusher.turn()
        eventually(lambda: receiver.count == 1, within_s=5)
        fill(bounded)
        _turns_that_may_be_refused(pushing)
        bounded.give_room()
        pushing.until({"delivered": 1}, pusher)
        assert receiver.count == 1
        pusher.courier.close(grace_s=0)


def _turns_that_may_be_refused(pushing: Pushing) -> None:
    (pusher,) = pushing.made
    for _ in range(5):
        with suppress(StoreFull):  # its next turn finds everything where it was
            pusher.turn()
        with pushing.store.reading() as db:
            assert db.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 1

"""`zonewire keys`."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select, update

import cli.keys
from config.key_book import KeyBook
from config.settings import keep_secrets, made_secrets
from tests.builders import NOON, a_subscriber
from tests.cli.conftest import Run
from zonewire.delivery import heartbeats
from zonewire.keys import KeyRing
from zonewire.operators import Act, recorded
from zonewire.store import Store, now
from zonewire.store.tables import endpoints, subscribers
from zonewire.store.tables import heartbeats as beats

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OLD = KeyRing(("the first key of all",))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZONEWIRE_SECRET_KEY", raising=False)
    monkeypatch.setattr(cli.keys, "pause", lambda _: None)


@pytest.fixture
def data(tmp_path: Path, store: Store, run_here: Run) -> Path:
    """A data folder with a key of its own, and a webhook whose secret it seals."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    keep_secrets(folder, {"secret_key": OLD.keys[0]})
    assert run_here("subscribe", "--channel", "webhook", "--to", "https://a.example/hook").returncode == 0
    return folder


def ring(data: Path) -> KeyRing:
    return KeyRing.from_setting(made_secrets(data)["secret_key"])


def listed(run_here: Run) -> list[tuple[str, int]]:
    return [(row["role"], row["rows"]) for row in orjson.loads(run_here("keys", "list", "--json").stdout)]


def secret_of(store: Store) -> bytes:
    with store.reading() as db:
        return bytes(db.execute(select(endpoints.c.secret)).scalar_one())


def test_a_rotation_lets_everybody_know_the_key_before_it_seals_anything(
    store: Store, run_here: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[KeyRing] = []
    monkeypatch.setattr(cli.keys, "pause", lambda _: seen.append(ring(data)))
    said = run_here("keys", "rotate").stdout
    new, old = ring(data).keys
    assert (seen, old) == ([KeyRing((old, new))], OLD.keys[0])
    assert said.startswith(f"{KeyRing((new,)).names()[0]} seals and signs now: 1 rows are sealed again under it.\n")
    assert KeyRing((new,)).open(secret_of(store)).startswith(b"whsec_")
    assert listed(run_here) == [("first", 1), ("older", 0)]
    told = run_here("keys", "list").stdout
    assert not {key for key in (new, old) if key in told + said}
    with store.reading() as db:
        assert [one.act for one in recorded(db)] == [Act.ROTATED_KEYS]


def stopped(when: Callable[..., None]) -> Callable[..., None]:
    def stop(*arguments: object) -> None:
        when(*arguments)
        raise KeyboardInterrupt

    return stop


def test_a_rotation_that_is_stopped_anywhere_goes_on(
    store: Store, run_here: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import config.made_ring

    monkeypatch.setattr(cli.keys, "pause", stopped(lambda _: None))
    assert run_here("keys", "rotate").returncode == 130
    assert listed(run_here) == [("first", 1), ("waiting", 0)]
    monkeypatch.setattr(cli.keys, "pause", lambda _: None)
    with monkeypatch.context() as once:
        once.setattr(config.made_ring, "put_first", stopped(config.made_ring.put_first))
        assert run_here("keys", "rotate").returncode == 130
    assert listed(run_here) == [("first", 0), ("older", 1)]
    assert orjson.loads(run_here("keys", "rotate", "--json").stdout)["rows"] == 1
    assert (len(ring(data).keys), listed(run_here)) == (2, [("first", 1), ("older", 0)])


def test_where_the_environment_has_the_ring_each_step_is_told(
    store: Store, run_here: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = OLD.keys[0]
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", old)
    first = orjson.loads(run_here("keys", "rotate", "--json").stdout)
    new = first["secret_key"]
    assert first == {"step": "add it last", "key": KeyRing((new,)).names()[0], "secret_key": new}
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", f"{old},{new}")
    assert f"The key {first['key']} is in the ring. Put it before the others" in run_here("keys", "rotate").stdout
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", f"{new},{old}")
    with store.writing() as db:
        heartbeats.beat(db, worker="w", lane="push.http")
        db.execute(update(beats).values(started_at=NOON))
    assert "run since before the key" in run_here("keys", "rotate").stderr
    with store.writing() as db:
        db.execute(update(beats).values(started_at=now(db) + 60_000_000))  # it was started again
    assert orjson.loads(run_here("keys", "rotate", "--json").stdout)["step"] == "sealed"
    assert (KeyRing((new,)).open(secret_of(store))[:6], ring(data)) == (b"whsec_", OLD)


def test_a_key_goes_when_nothing_needs_it_any_more(store: Store, run_here: Run, data: Path) -> None:
    (old,) = OLD.names()
    assert "seals and signs" in run_here("keys", "drop", old).stderr
    run_here("keys", "rotate")
    assert "links that" in run_here("keys", "drop", old).stderr
    book = KeyBook.read(data)
    assert (book.ages[old].may_go_at or "") > "2027"
    book.ages[old].retired_at = "2024-01-01T00:00:00+00:00"
    book.write(data)
    assert run_here("keys", "drop", old).stdout == f"{old} is gone.\n"
    assert (len(ring(data).keys), old in KeyBook.read(data).ages) == (1, False)
    assert "there is no key" in run_here("keys", "drop", old).stderr


def test_a_key_by_which_somebody_erased_is_known_stays(store: Store, run_here: Run, data: Path) -> None:
    run_here("keys", "rotate")
    with store.writing() as db:
        erased = {"address": None, "address_mark": b"m", "erased_at": NOON}
        db.execute(update(subscribers).where(subscribers.c.id == a_subscriber(db)).values(erased))
    refused = run_here("keys", "drop", OLD.names()[0], "--early")
    assert refused.stderr.startswith("zonewire: 1 people who were erased are known by")


def test_a_row_that_rests_on_a_key_keeps_it(store: Store, run_here: Run, data: Path) -> None:
    run_here("keys", "rotate")
    with store.writing() as db:
        db.execute(update(endpoints).values(secret=OLD.seal(b"whsec_late")))
    assert "1 rows rest on" in run_here("keys", "drop", OLD.names()[0], "--early").stderr
    with store.writing() as db:
        db.execute(update(endpoints).values(secret=KeyRing(("lost",)).seal(b"x")))
    assert "a key is missing from the ring" in run_here("keys", "list").stderr

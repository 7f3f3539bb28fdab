"""Nothing is lost and nothing comes under a second id, whatever is killed and whenever.

Each test owes several hundred webhooks to a receiver that lets so many through, holds the others until it is told
not to, and kills in between: so the kill is in the middle on any machine.
"""

import signal
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.builders import an_article
from tests.e2e import processes
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.postgres import Postgres
from tests.servers.receiver import Gate, Receiver
from tests.servers.redis import running_redis
from zonewire.articles.model import Article

pytestmark = pytest.mark.slow

READERS = [f"reader-{n}@mail.example" for n in range(100)]
PATHS = [f"/hook/{n}" for n in range(60)]
ENOUGH = 100  # pushes that were answered when the kill comes
PLACES = 32  # connections that one worker opens to one host and port
OWED_WITHIN_S = 60  # a lease (30 s) that nobody is left to give back has to run out first
FAST_RETRIES = "1,1,2,2,5,5"


def test_everything_killed_in_the_middle_and_redis_wiped_loses_nothing_and_repeats_no_id(tmp_path: Path) -> None:
    articles = [an_article() for _ in range(10)]
    last = an_article()
    with (
        Receiver(gate := Gate(ENOUGH)) as receiver,
        an_installation(tmp_path / "data", retry_schedule=FAST_RETRIES) as ours,
    ):
        ours.up()
        _subscribe(ours, receiver)
        ours.import_subscriptions({"channel": "email", "to": reader, "confirmed": True} for reader in READERS)
        ours.publish(articles)
        eventually(lambda: receiver.count > ENOUGH, within_s=10)
        ours.cli("digests", "run", "--at", "2031-01-02T09:00:00+08:00")

        ours.kill9()
        gate.open()
        ours.wipe_redis_files()
        ours.up()
        ours.publish([last])
        ours.kill9()  # directly behind the 202: nothing but the database knows of it
        ours.wipe_redis_files()
        ours.up()

        _each_is_owed_once(receiver, [*articles, last])
        eventually(lambda: set(_letters(ours)) == set(READERS), within_s=10, what="every reader has a letter")
        assert {reader: ids for reader, ids in _letters(ours).items() if len(ids) > 1} == {}


def test_children_that_are_killed_are_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    articles = [an_article() for _ in range(5)]
    with (
        Receiver(gate := Gate(ENOUGH)) as receiver,
        an_installation(tmp_path / "data", retry_schedule=FAST_RETRIES) as ours,
    ):
        ours.up()
        _subscribe(ours, receiver)
        ours.publish(articles)
        eventually(lambda: receiver.count > ENOUGH, within_s=10)

        children = ours.processes() - ours.roots()
        processes.send(children, signal.SIGKILL)
        gate.open()

        eventually(ours.is_ready, within_s=15)
        assert not children & ours.processes()
        articles.append(an_article())
        ours.publish(articles[-1:])
        _each_is_owed_once(receiver, articles, within_s=20)  # `up` gave the leases of the dead back at once


def test_a_courier_that_is_killed_takes_its_worker_with_it_and_both_are_started_again(tmp_path: Path) -> None:
    def couriers() -> set[int]:
        (root,) = ours.roots()
        workers = {pid for pid in processes.descendants(root) if processes.parent(pid) == root}
        return processes.descendants(root) - workers

    with (
        Receiver(gate := Gate(ENOUGH)) as receiver,
        an_installation(tmp_path / "data", retry_schedule=FAST_RETRIES) as ours,
    ):
        ours.up()
        _subscribe(ours, receiver)
        idle = couriers()
        processes.send(idle, signal.SIGKILL)
        eventually(lambda: len(couriers() - idle) == len(idle), within_s=10, what="new couriers")

        articles = [an_article() for _ in range(5)]
        ours.publish(articles)
        eventually(lambda: receiver.count > ENOUGH, within_s=10)
        processes.send(couriers(), signal.SIGKILL)
        gate.open()

        _each_is_owed_once(receiver, articles, within_s=20)


def test_two_workers_and_two_beats_on_postgresql_finish_the_work_of_one_that_was_killed(
    tmp_path: Path, postgres: Postgres
) -> None:
    articles = [an_article() for _ in range(10)]
    with Receiver(gate := Gate(ENOUGH)) as receiver, running_redis(over_tcp=True) as outside:
        settings = {"database_url": postgres.fresh(), "redis_url": outside.url, "retry_schedule": FAST_RETRIES}
        secrets = {name: f"a long secret called {name}" for name in ("event_token", "admin_token", "secret_key")}
        with an_installation(tmp_path / "data", **settings, **secrets) as ours:
            ours.cli("db", "upgrade")
            ours.start("web", "--port", str(ours.port))
            ours.start("beat")
            ours.start("beat")
            ours.start("worker")
            ours.wait_until_ready()
            before = ours.processes()
            doomed = ours.start("worker")
            _subscribe(ours, receiver)
            eventually(lambda: len(ours.processes() - before) > 7, within_s=20, what="a process for every lane")
            ours.publish(articles)
            eventually(lambda: receiver.connections > PLACES, within_s=10, what="both workers are sending")

            family = processes.descendants(doomed.pid) | {doomed.pid}
            ours.forget(doomed)
            processes.send(family, signal.SIGKILL)
            gate.open()

            _each_is_owed_once(receiver, articles)


def test_sigterm_ends_everything_within_fifteen_seconds_and_leaves_nothing_running(tmp_path: Path) -> None:
    with Receiver(Gate(0)) as receiver, an_installation(tmp_path / "data") as ours:
        ours.up()
        _subscribe(ours, receiver)
        ours.publish([an_article()])
        eventually(lambda: receiver.count, within_s=10)  # it is busy
        family = ours.processes()

        assert ours.terminate() < 15

        left = ours.processes() | {pid for pid in family if processes.is_alive(pid)}
        assert {pid: processes.command(pid) for pid in left} == {}
        # Who copies the database now has all of it: nothing stands in a journal beside it.
        assert [path.name for path in ours.data_dir.glob("zonewire.db*")] == ["zonewire.db"]


def _subscribe(ours: Installation, receiver: Receiver) -> None:
    ours.import_subscriptions({"channel": "webhook", "to": receiver.url(path)} for path in PATHS)


def _each_is_owed_once(receiver: Receiver, articles: Sequence[Article], within_s: float = OWED_WITHIN_S) -> None:
    """Every path comes to have every article, each under one id; a repetition may only be of the same id."""
    owed = {(path, article.guid) for path in PATHS for article in articles}
    eventually(lambda: len(_ids(receiver, PATHS)) >= len(owed), within_s=within_s, what=f"{len(owed)} webhooks")
    ids = _ids(receiver, PATHS)
    assert set(ids) == owed
    assert {key: found for key, found in ids.items() if len(found) > 1} == {}
    assert len(set.union(*ids.values())) == len(owed)


def _ids(receiver: Receiver, paths: Iterable[str]) -> dict[tuple[str, str], set[str]]:
    """The webhook-ids by path and article."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in paths:
        for push in receiver.received(path):
            found.setdefault((path, push.json()["data"]["guid"]), set()).add(push.id)
    return found


def _letters(ours: Installation) -> dict[str, set[str]]:
    """The Message-IDs of the mails that were written, by reader."""
    found: dict[str, set[str]] = {}
    for path in (ours.data_dir / "outbox").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes())
        found.setdefault(mail["To"], set()).add(mail["Message-ID"])
    return found

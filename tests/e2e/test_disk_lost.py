"""The disk is lost, and what was backed up lives again elsewhere."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders import an_article
from tests.e2e.installation import ZONEWIRE, Installation, an_installation
from tests.eventually import eventually
from tests.servers.postgres import Postgres
from tests.servers.receiver import Gate, Receiver
from zonewire import ROOT
from zonewire.articles.model import Article

pytestmark = pytest.mark.slow

PATHS = [f"/hook/{n}" for n in range(10)]
ENOUGH = 20  # pushes that were answered when the backup is taken; the receiver holds the next ones
PUSHED_WITHIN_S = 30


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_backup_taken_while_all_goes_on_is_all_that_is_needed_to_go_on_elsewhere(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def settings() -> dict[str, str]:
        postgres: Postgres | None = request.getfixturevalue("postgres") if database == "postgresql" else None
        return {"retry_schedule": "1,1,2"} | ({"database_url": postgres.fresh()} if postgres else {})

    file, owed = tmp_path / "backup.tgz", [an_article() for _ in range(5)]
    with Receiver(gate := Gate(ENOUGH)) as receiver:
        with an_installation(tmp_path / "lost", **settings()) as lost:
            lost.up()
            lost.import_subscriptions({"channel": "webhook", "to": receiver.url(path)} for path in PATHS)
            lost.publish(owed)
            eventually(lambda: receiver.count > ENOUGH, within_s=10)
            eventually(lambda: lost.json("status")["lanes"]["events"]["waiting"] == 0, within_s=10)  # all is owed
            late = backed_up_while_more_comes(lost, file)
            gate.open()
            eventually(lambda: has_all(receiver, owed + late), within_s=PUSHED_WITHIN_S, what="all is pushed")
            lost.kill9()
            shutil.rmtree(lost.data_dir)
        before = len(receiver.received())
        with an_installation(tmp_path / "new", **settings()) as new:
            new.cli("restore", str(file))
            new.up()
            new.publish(late)  # the portal repeats what the backup may not have
            eventually(lambda: has_all(receiver, late), within_s=PUSHED_WITHIN_S)
            eventually(lambda: new.json("status")["backlog"] == 0, within_s=PUSHED_WITHIN_S)
        ids = ids_by_push(receiver)
        assert {key: ids[key] for key in pushes_of(owed) if len(ids[key]) > 1} == {}
        # What was settled after the backup is sent once more, under the id that it had.
        assert {push.id for push in receiver.received()[before:]} & {push.id for push in receiver.received()[:before]}


def backed_up_while_more_comes(ours: Installation, file: Path) -> list[Article]:
    """Back up into *file*, through a pipe; the articles that were accepted meanwhile."""
    late = []
    with file.open("wb") as out:
        backup = subprocess.Popen([str(ZONEWIRE), "backup", "-"], env=ours.environment, cwd=ROOT, stdout=out)
        while backup.poll() is None:
            late.append(an_article())
            ours.publish(late[-1:])
    assert backup.returncode == 0
    return late


def has_all(receiver: Receiver, articles: list[Article]) -> bool:
    return pushes_of(articles) <= ids_by_push(receiver).keys()


def pushes_of(articles: list[Article]) -> set[tuple[str, str]]:
    return {(path, article.guid) for path in PATHS for article in articles}


def ids_by_push(receiver: Receiver) -> dict[tuple[str, str], set[str]]:
    """The webhook-ids by path and article."""
    found: dict[tuple[str, str], set[str]] = {}
    for push in receiver.received():
        found.setdefault((push.path, push.json()["data"]["guid"]), set()).add(push.id)
    return found

"""A release and the one before it work on one PostgreSQL while processes are replaced one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.postgres import Postgres
from tests.servers.receiver import Gate, Receiver
from tests.servers.redis import running_redis
from tests.upgrades.earlier import let_run, tree
from zonewire.articles.model import as_json

pytestmark = pytest.mark.slow

PATHS = [f"/hook/{n}" for n in range(60)]
PLACES = 32  # connections that one worker opens to one host and port
LANES = ("worker", "--lanes", "events,push.http")
SECRETS = {name: f"a long secret called {name}" for name in ("event_token", "admin_token", "secret_key")}


def test_workers_of_both_releases_share_what_is_owed_and_send_each_of_it_once(
    tmp_path: Path, postgres: Postgres
) -> None:
    articles = [an_article() for _ in range(4)]
    with Receiver(gate := Gate(0)) as receiver, both(tmp_path, postgres) as (then, now):
        then.cli("db", "upgrade")
        subscribe(then, receiver, PATHS[:30])
        then.start(*LANES)
        now.cli("db", "upgrade")
        subscribe(now, receiver, PATHS[30:])
        now.start(*LANES)
        eventually(lambda: all_work(now), within_s=45, what="a worker of each release on each lane")

        for side, article in zip((then, now) * 2, articles, strict=True):
            side.cli("publish", "-", stdin=orjson.dumps(as_json(article)).decode())
        eventually(lambda: receiver.connections > PLACES, within_s=90, what="both are sending")
        gate.open()

        owed = len(PATHS) * len(articles)
        eventually(lambda: receiver.count >= owed, within_s=45, what=f"{owed} webhooks")
        eventually(lambda: now.json("status")["backlog"] == 0, within_s=45)
        assert len(receiver.ids()) == receiver.count == owed
        assert then.json("status")["deliveries"] == now.json("status")["deliveries"]


@contextmanager
def both(tmp_path: Path, postgres: Postgres) -> Iterator[tuple[Installation, Installation]]:
    """The release before, and today's, on one empty PostgreSQL and one Redis."""
    earlier = tree(tmp_path / "earlier")
    with running_redis(over_tcp=True) as redis:
        settings = {"database_url": postgres.fresh(), "redis_url": redis.url} | SECRETS
        sides = (an_installation(tmp_path / name, **settings) for name in ("then", "now"))
        with next(sides) as then, next(sides) as now:
            let_run(then, earlier)
            yield then, now


def subscribe(side: Installation, receiver: Receiver, paths: list[str]) -> None:
    side.import_subscriptions({"channel": "webhook", "to": receiver.url(path)} for path in paths)


def all_work(side: Installation) -> bool:
    """Whether each lane has a worker of either release."""
    lanes = side.json("status")["lanes"]
    return all(lanes[name]["workers"] == 2 for name in ("events", "push.http"))

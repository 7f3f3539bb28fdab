"""docker-compose.yml's own services, each started by its very command: the proof that there is without an engine."""

import itertools
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.builders import an_article, an_event_json
from tests.e2e import processes
from tests.e2e.services import BIN, COMPOSE, OURS, UID, Services, prepared
from tests.eventually import eventually
from tests.servers.mailbox import running_mailbox
from tests.servers.nginx import Proxy, running_proxy
from tests.servers.postgres import Postgres
from tests.servers.receiver import Receiver
from tests.servers.redis import RedisServer
from zonewire import ROOT
from zonewire.delivery.lanes import Lane

pytestmark = pytest.mark.slow  # twelve processes

STARTS_WITHIN_S = 90  # a failure after this long; on a machine with nothing else to do it takes eight
LANES = {lane.value for lane in Lane}
LASTING = [name for name in OURS if name != "migrate"]
ASKED = ("web", "flower", "worker", "worker-push-http")
"""Whose health is asked: that of the other workers is asked in the same words, and each costs a second."""


@dataclass(frozen=True, slots=True)
class Site:
    """All of it: the services, the proxy before them, and a partner."""

    services: Services
    proxy: Proxy
    partner: Receiver

    def secret(self, name: str) -> str:
        return (self.services.folder / "secrets" / name).read_text()

    def flower(self, path: str, **options: Any) -> requests.Response:
        port = self.services.there["5555"]
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=20, **options)

    @property
    def has_started(self) -> bool:
        log = self.services.log.read_text()
        opened = 2 * len(Lane)  # by the worker of `minimal`, and by those of `full`
        return log.count('"worker.opened"') == opened and "Visit me at" in log and self.proxy.get("/healthz").ok

    @property
    def login(self) -> tuple[str, str]:
        name, _, word = self.secret("flower_login").partition(":")
        return name, word


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis_server: RedisServer) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("compose")
    folder.chmod(0o755)
    addresses = {"database": postgres.fresh(), "redis": redis_server.url}
    with running_mailbox() as mailbox, Receiver() as partner:
        services = prepared(
            folder,
            mail=mailbox.url,
            base_url="https://127.0.0.1",
            allow_endpoints=f"127.0.0.1:{partner.port}",
            **addresses,
        )
        (folder / "proxy").mkdir()
        with running_proxy(folder / "proxy", f"127.0.0.1:{services.there['8080']}") as proxy:
            try:
                assert services.run("migrate") == 0, services.last_words()
                for name in LASTING:
                    services.start(name)
                yield Site(services, proxy, partner)
            finally:
                services.end()


def test_each_service_is_well_by_its_own_health_check(site: Site) -> None:
    eventually(lambda: site.has_started, within_s=STARTS_WITHIN_S, what="all have started, as their logs say")

    with ThreadPoolExecutor(2) as two:  # a health check takes a second of one core
        answers = dict(zip(ASKED, two.map(site.services.is_healthy, ASKED), strict=True))

    assert answers == dict.fromkeys(ASKED, True), site.services.last_words()


def test_each_runs_without_root_and_can_write_to_its_data_alone(site: Site) -> None:
    if not site.services.is_confined:
        pytest.skip("needs root, to take it away and to mount a root that cannot be written")
    for name in LASTING:
        folder = Path(f"/proc/{site.services.running[name].pid}")
        assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}" in (folder / "status").read_text(), name
        root = next(line for line in (folder / "mountinfo").read_text().splitlines() if line.split()[4] == "/")
        assert root.split()[5].startswith("ro,"), name
    assert "Read-only file system" not in site.services.log.read_text()
    assert "Permission denied" not in site.services.log.read_text()


def test_an_article_goes_through_the_proxy_to_a_partner_and_into_a_cached_feed(site: Site) -> None:
    environment = site.services.environment("web")
    subscribe = [str(BIN / "zonewire"), "subscribe", "--channel", "webhook", "--to", site.partner.url("/hook")]
    subprocess.run(subscribe, env=environment, cwd=ROOT, check=True, capture_output=True)

    answer = requests.post(
        f"{site.proxy.https}/v1/events",
        data=orjson.dumps(an_event_json(an_article(title="穿过代理的消息"))),
        headers={
            "Authorization": f"Bearer {site.secret('event_token')}",
            "Content-Type": "application/cloudevents+json",
        },
        verify=str(site.proxy.authority),
        timeout=10,
    )

    assert answer.status_code == 202, site.services.last_words()
    eventually(lambda: site.partner.received("/hook"), within_s=10, what="the webhook")
    n = itertools.count()  # each address is kept for itself
    eventually(lambda: "穿过代理的消息" in site.proxy.get(f"/feeds/all.atom?{next(n)}").text, within_s=10)
    feed, again = (site.proxy.get("/feeds/all.atom") for _ in range(2))
    assert "穿过代理的消息" in feed.text
    assert (feed.headers["X-Cache"], again.headers["X-Cache"]) == ("MISS", "HIT")
    assert again.content == feed.content
    assert site.proxy.get("/metrics").status_code == 404


def test_flower_has_a_login_and_shows_every_worker_and_what_it_does(site: Site) -> None:
    assert site.flower("/api/workers").status_code == 401

    def seen() -> dict[str, bool]:
        return dict(site.flower("/api/workers?status=true", auth=site.login).json())

    eventually(lambda: {name.partition("@")[0] for name, up in seen().items() if up} == LANES, within_s=25)
    tasks = eventually(lambda: site.flower("/api/tasks?limit=50", auth=site.login).json(), within_s=10)
    assert {task["name"].removesuffix(".turn") for task in tasks.values()} <= LANES
    assert site.flower("/workers", auth=site.login).status_code == 200


def test_celerys_remote_control_reaches_every_worker(site: Site) -> None:
    command = [str(BIN / "celery"), "-A", "tasks.app", "inspect", "active", "--timeout", "4", "--json"]
    environment = site.services.environment("flower")
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    asked = site.flower("/api/workers?refresh=true", auth=site.login).json()  # its own inspect: stats, conf, queues …

    assert {name.partition("@")[0] for name in orjson.loads(done.stdout)} == LANES
    assert {name.partition("@")[0] for name, said in asked.items() if said.get("stats")} == LANES


def test_sigterm_ends_each_within_its_grace(site: Site) -> None:
    began = time.monotonic()
    for process in site.services.running.values():
        process.send_signal(signal.SIGTERM)
    for name, process in site.services.running.items():
        grace_s = int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s"))
        left = max(0.1, began + grace_s - time.monotonic())
        assert process.wait(left) in {0, -signal.SIGTERM}, f"{name}\n{site.services.last_words()}"
        assert not processes.descendants(process.pid)
    site.services.running.clear()

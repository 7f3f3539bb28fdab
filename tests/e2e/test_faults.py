"""When things go wrong around it: receivers that misbehave delay nobody else, and an empty Redis is filled again."""

import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.builders import an_article
from tests.e2e import processes
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.receiver import (
    Behaviour,
    Receiver,
    drip,
    drip_body,
    flood,
    garbage,
    gone,
    hang,
    hang_up,
    redirect,
    status,
)
from tests.servers.redis import running_redis
from zonewire.delivery.lanes import Lane

pytestmark = pytest.mark.slow  # half a minute of waiting for receivers that misbehave

PROMPT_S = 3.0  # what a good receiver waits for its webhook while others misbehave


SETTINGS = {"retry_schedule": "1,1,1,2,2,2,3,300", "http_timeout": "4"}


@pytest.fixture(scope="module")
def good() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


HOSTILE: dict[str, Behaviour] = {
    "hangs": hang,
    "drips": drip,
    "drips a body": drip_body,
    "floods": flood,
    "answers garbage": garbage,
    "hangs up": hang_up,
    "fails": status(500),
    "is busy": status(503, retry_after=120),
}


@pytest.mark.parametrize("way", HOSTILE)
def test_a_receiver_that_misbehaves_delays_nobody_else(installation: Installation, good: Receiver, way: str) -> None:
    zone, path = f"产业园 {way}", f"/beside-{way.replace(' ', '-')}"
    with Receiver(HOSTILE[way]) as bad:
        # A hundred endpoints, more than it gets connections; the good one comes last.
        addresses = [*(bad.url(f"/{n}") for n in range(100)), good.url(path)]
        installation.import_subscriptions({"channel": "webhook", "to": to, "zone": zone} for to in addresses)
        installation.publish([an_article(zone=zone)])
        eventually(lambda: bad.count, within_s=PROMPT_S, what="the bad one is tried")
        eventually(lambda: good.received(path), within_s=PROMPT_S, what=f"the good one beside one that {way}")
        installation.publish([an_article(zone=zone)])  # now the bad one has all its connections open
        eventually(lambda: len(good.received(path)) == 2, within_s=PROMPT_S, what="the good one's second")


def test_a_redirect_is_not_followed_and_counts_as_a_failure(installation: Installation, good: Receiver) -> None:
    with Receiver(redirect(good.url("/trap"))) as bad:
        to = bad.url("/moved")
        installation.subscribe("webhook", to, "--zone", "搬走的产业园")
        installation.publish([an_article(zone="搬走的产业园")])
        eventually(lambda: bad.count >= 3, within_s=10, what="tried again")
        (delivery,) = [d for d in installation.json("deliveries", "list") if d["to"] == to]
    assert good.received("/trap") == []
    assert delivery["state"] in {"retrying", "sending"}  # it goes on while we look
    assert delivery["attempts"] >= 2
    assert "302" in delivery["last_error"]
    assert len(bad.ids()) == 1


def test_one_that_floods_or_drips_behind_a_200_has_what_it_was_sent(installation: Installation) -> None:
    with Receiver(flood) as flooding, Receiver(drip_body) as dripping:
        for receiver in (flooding, dripping):
            installation.subscribe("webhook", receiver.url("/odd"), "--zone", "水库产业园")
        installation.publish([an_article(zone="水库产业园")])
        wanted = {flooding.url("/odd"): "delivered", dripping.url("/odd"): "delivered"}
        eventually(lambda: _states(installation, wanted) == wanted, within_s=15)
        assert (flooding.count, dripping.count) == (1, 1)


def test_one_that_says_gone_is_disabled_at_once_and_never_called_again(installation: Installation) -> None:
    with Receiver(gone) as receiver:
        to = receiver.url("/gone")
        installation.subscribe("webhook", to, "--zone", "关闭的产业园")
        installation.publish([an_article(zone="关闭的产业园")])
        eventually(lambda: _endpoint(installation, to)["state"] == "disabled", within_s=10)
        assert "gone" in _endpoint(installation, to)["reason"]
        assert _states(installation, [to]) == {to: "dead"}
        installation.publish([an_article(zone="关闭的产业园"), last := an_article()])
        eventually(lambda: last.title in installation.get("/feeds/all.json").text, within_s=8)
        assert receiver.count == 1


def test_nobody_listening_is_tried_again_until_somebody_does(installation: Installation) -> None:
    port = free_port()
    to = f"http://127.0.0.1:{port}/late"
    installation.subscribe("webhook", to, "--zone", "新建的产业园")
    installation.publish([an_article(zone="新建的产业园")])
    eventually(lambda: _states(installation, [to]) == {to: "retrying"}, within_s=5)
    with Receiver(port=port) as receiver:
        eventually(lambda: receiver.count, within_s=10)
        assert len(receiver.ids("/late")) == 1


@pytest.mark.parametrize("time_", [1, 2, 3])
def test_flushall_on_the_running_system_is_got_over_within_seconds(
    installation: Installation, good: Receiver, time_: int
) -> None:
    zone, path = f"冲刷的产业园{time_}", f"/flushed-{time_}"
    installation.subscribe("webhook", good.url(path), "--zone", zone)
    with installation.redis() as client:
        client.flushall()
        installation.publish([article := an_article(zone=zone)])
        client.flushall()  # the hint of that one, too
    eventually(lambda: good.received(path), within_s=5)
    eventually(lambda: article.title in installation.get("/feeds/all.json").text, within_s=8)


def test_redis_killed_is_started_again_and_lanes_consume(installation: Installation, good: Receiver) -> None:
    installation.subscribe("webhook", good.url("/without-redis"), "--zone", "断电的产业园")
    old = installation.redis_process()
    processes.send({old}, signal.SIGKILL)
    installation.publish([an_article(zone="断电的产业园")])
    eventually(lambda: good.received("/without-redis"), within_s=10)
    eventually(installation.is_ready, within_s=10)
    assert installation.redis_process() != old


def test_every_lane_consumes_within_three_seconds_after_redis_was_away_for_twelve(tmp_path: Path) -> None:
    with running_redis(over_tcp=True) as outside, an_installation(tmp_path / "data", redis_url=outside.url) as ours:
        ours.up()
        outside.kill()
        time.sleep(12)  # the outage itself: nothing is waited for
        outside.start()
        probe = Celery("probe", broker=outside.broker_url, set_as_current=False)
        for lane in Lane:
            probe.send_task("nobody.knows.this", queue=lane.value, ignore_result=True)
        with outside.client() as client:
            eventually(lambda: _waiting(client) == [], within_s=3, what="no lane has a task that nobody took")


def test_a_redis_that_refuses_writes_ends_no_worker_and_articles_go_on(
    installation: Installation, good: Receiver
) -> None:
    installation.subscribe("webhook", good.url("/refusing-redis"), "--zone", "满盘的产业园")
    before = installation.processes()
    with installation.redis() as client:
        client.config_set("min-replicas-to-write", 1)  # as with a full disk or no memory: it answers, and takes nothing
        time.sleep(3)  # the trouble itself: nothing is waited for
        installation.publish([an_article(zone="满盘的产业园")])
        eventually(lambda: good.received("/refusing-redis"), within_s=8)
        assert before <= installation.processes()
        client.config_set("min-replicas-to-write", 0)
        eventually(installation.is_ready, within_s=5)
        eventually(lambda: _waiting(client) == [], within_s=5, what="hints are taken again")


def _waiting(client: "redis.Redis") -> list[str]:
    return [lane.value for lane in Lane if client.llen(lane.value)]


def _endpoint(installation: Installation, to: str) -> dict[str, Any]:
    (endpoint,) = (e for e in installation.json("endpoints", "list") if e["to"] == to)
    return dict(endpoint)


def _states(installation: Installation, addresses: Iterable[str]) -> dict[str, str]:
    """The state of the delivery to each of these addresses."""
    wanted = set(addresses)
    return {d["to"]: d["state"] for d in installation.json("deliveries", "list") if d["to"] in wanted}

"""/metrics, as Prometheus asks for it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import a_delivery, an_endpoint
from tests.web.faces import a_web_face
from tests.zonewire.delivery.test_ledger import claim, settle
from tests.zonewire.intake.events import a_publication
from zonewire.delivery import heartbeats, pauses, readings
from zonewire.delivery.lanes import Lane
from zonewire.delivery.outcomes import Delivered, Later
from zonewire.feeds import publish_due
from zonewire.intake import accept
from zonewire.reaction import react
from zonewire.store import SECOND, Store, now
from zonewire.store.pacing import Pace
from zonewire.telemetry import HISTOGRAMS, METRICS

TOKEN = "a token for metrics"
APPID = "wx0123456789abcdef"

Samples = dict[tuple[str, ...], float]


def told(url: str) -> Samples:
    """Each sample by its name and the values of its labels, in the order of their names."""
    text = requests.get(f"{url}/metrics", timeout=5).text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one_of_each(store: Store) -> None:
    """So that no metric is without a sample."""
    with store.writing() as db:
        a_delivery(db)
        a_delivery(db, state="delivered")
        a_delivery(db, endpoint_id=an_endpoint(db, state="disabled"), due_at=None)
        heartbeats.beat(db, worker="w", lane=Lane.PUSH_HTTP)
        heartbeats.beat(db, worker="u", lane=Lane.UPKEEP, tasked_ago_s=2.0)
        minute_ago = now(db) - 60 * SECOND
        pauses.pause(db, Lane.DIGESTS, operator="li", reason="", until_at=None, now=minute_ago)
        readings.note(db, {(readings.DATABASE_WRITE_US, ""): 4_000})
        until_s = now(db) // SECOND + 90
        readings.note(db, {(readings.CERTIFICATE_UNTIL_S, "https://wire.example"): until_s})
    readings.note_token(store, APPID, until_s=minute_ago / SECOND + 7_060)


def an_article_out(store: Store) -> None:
    """One article is accepted, and its feeds are published."""
    accept(store, [a_publication()], host="portal.example")
    react(store, Pace(pauses=False), owed=lambda _: None)
    publish_due(store, base_url="https://wire.example", window_s=0)


def tries(store: Store) -> None:
    """A webhook is delivered, a mail is put off."""
    with store.settling() as db:
        moment = now(db)
        a_delivery(db, endpoint_id=an_endpoint(db, channel="webhook"), created_at=moment - 2 * SECOND)
        rows = claim(db, now=moment).rows
        settle(db, rows, Delivered(200), now=moment)
        settle(db, [row._replace(channel="email") for row in rows], Later("450 try later"), now=moment)


def test_every_metric_is_there(store: Store, tmp_path: Path) -> None:
    one_of_each(store)
    an_article_out(store)
    with store.settling() as db:
        settle(db, claim(db, now=now(db)).rows, Delivered(200), now=now(db))
    with a_web_face(store, tmp_path) as url:
        requests.get(f"{url}/feeds/all.rss", timeout=5)
        found = told(url)

    parts = {f"{name}{end}" for name in HISTOGRAMS for end in ("_bucket", "_sum", "_count")}
    assert {name for name, *_ in found} == set(METRICS) - HISTOGRAMS | parts


def test_lanes_are_told_by_age_workers_and_rest(store: Store, tmp_path: Path) -> None:
    one_of_each(store)
    with a_web_face(store, tmp_path) as url:
        found = told(url)

    assert found["zonewire_lane_waiting", "push.http"] == 1
    assert found["zonewire_lane_oldest_due_seconds", "push.http"] > found["zonewire_lane_budget_seconds", "push.http"]
    assert (found["zonewire_lane_workers", "push.http"], found["zonewire_lane_workers", "events"]) == (1, 0)
    assert 0 <= found["zonewire_lane_turn_age_seconds", "push.http"] < 10
    assert (found["zonewire_lane_paused", "digests"], found["zonewire_lane_paused", "feeds"]) == (1, 0)
    assert 60 <= found["zonewire_lane_paused_seconds", "digests"] < 120
    assert found["zonewire_lane_in_total", "push.http"] == 2  # what is held is not in it
    assert found["zonewire_lane_out_total", "push.http"] == 1
    assert 2 <= found["zonewire_beat_age_seconds",] < 60


def test_deliveries_are_told_by_state_and_tries_by_outcome_and_time(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_delivery(db, endpoint_id=an_endpoint(db, state="disabled"), due_at=None)
    tries(store)
    with a_web_face(store, tmp_path) as url:
        found = told(url)

    assert found["zonewire_deliveries", "true", "push.http", "pending"] == 1
    assert found["zonewire_endpoints", "disabled"] == 1
    assert found["zonewire_deliveries_total", "webhook", "delivered"] == 1
    assert found["zonewire_mails_total", "later"] == found["zonewire_deliveries_total", "email", "later"] == 1
    assert (found["zonewire_delivery_seconds_sum", "webhook"], found["zonewire_delivery_seconds_count", "webhook"]) == (
        2.0,
        1,
    )
    assert found["zonewire_delivery_seconds_bucket", "webhook", "1.0"] == 0
    assert found["zonewire_delivery_seconds_bucket", "webhook", "2.5"] == 1
    assert found["zonewire_attempt_seconds_count", "email"] == 1


def test_an_article_is_told_from_its_event_to_its_feeds(store: Store, tmp_path: Path) -> None:
    an_article_out(store)
    with a_web_face(store, tmp_path) as url:
        for path in ("all.rss", "all.atom", "all.rss", "zone/nowhere.json"):
            requests.get(f"{url}/feeds/{path}", timeout=5)
        found = told(url)

    assert found["zonewire_events_total", "accepted"] == 1
    assert found["zonewire_events_total", "stale"] == 0
    assert (found["zonewire_lane_in_total", "events"], found["zonewire_lane_out_total", "events"]) == (1, 1)
    assert found["zonewire_lane_in_total", "feeds"] == found["zonewire_lane_out_total", "feeds"] > 1
    assert found["zonewire_article_seconds_count",] == 1
    assert 0 < found["zonewire_article_seconds_sum",] < 60
    assert (found["zonewire_outbox_rows",], found["zonewire_outbox_oldest_seconds",]) == (0, 0)
    answers = {key[1:]: n for key, n in found.items() if key[0] == "zonewire_feed_requests_total"}
    assert answers == {("rss", "200"): 2, ("atom", "200"): 1, ("json", "404"): 1}


def test_what_is_around_is_told(store: Store, tmp_path: Path) -> None:
    one_of_each(store)
    readings.note_token(store, "wxrefused", refused=40125)
    with a_web_face(store, tmp_path, broker_answers=lambda: False) as url:
        found = told(url)

    assert found["zonewire_broker_up",] == 0
    assert 0 < found["zonewire_disk_free_bytes",] <= found["zonewire_disk_size_bytes",]
    assert (found["zonewire_token_valid", APPID], found["zonewire_token_valid", "wxrefused"]) == (1, 0)
    assert 6_900 < found["zonewire_token_expires_seconds", APPID] <= 7_000
    assert 0 < found["zonewire_database_write_seconds",] < 5


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs the apt package prometheus")
def test_promtool_finds_nothing_to_mend(store: Store, tmp_path: Path) -> None:
    one_of_each(store)
    an_article_out(store)
    tries(store)
    with a_web_face(store, tmp_path) as url:
        text = requests.get(f"{url}/metrics", timeout=5).text
    judged = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=10
    )

    assert (judged.returncode, judged.stderr) == (0, "")


def test_others_than_this_machine_need_the_token(store: Store, tmp_path: Path) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    with a_web_face(store, tmp_path, metrics_token=TOKEN) as url:
        assert requests.get(f"{url}/metrics", headers=proxied, timeout=5).status_code == 401
        wrong = proxied | {"Authorization": "Bearer wrong"}
        assert requests.get(f"{url}/metrics", headers=wrong, timeout=5).status_code == 401
        right = proxied | {"Authorization": f"Bearer {TOKEN}"}
        assert requests.get(f"{url}/metrics", headers=right, timeout=5).status_code == 200
    with a_web_face(store, tmp_path) as url:  # without a token nobody else has one
        assert requests.get(f"{url}/metrics", headers=right, timeout=5).status_code == 401


@pytest.mark.parametrize("header", ["Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded"])
def test_a_proxy_on_this_machine_asks_for_somebody_else(store: Store, tmp_path: Path, header: str) -> None:
    with a_web_face(store, tmp_path) as url:
        assert requests.get(f"{url}/metrics", headers={header: "1.1 proxy"}, timeout=5).status_code == 401


def test_an_empty_token_opens_nothing(store: Store, tmp_path: Path) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    with a_web_face(store, tmp_path, metrics_token="") as url:
        for authorization in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}):
            assert requests.get(f"{url}/metrics", headers=proxied | authorization, timeout=5).status_code == 401

"""/metrics, as Prometheus asks for it."""

from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import a_delivery, an_endpoint
from tests.web.faces import a_web_face
from zonewire.delivery import heartbeats
from zonewire.delivery.lanes import Lane
from zonewire.store import Store
from zonewire.telemetry import METRICS

TOKEN = "a token for metrics"


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_metric_is_there_with_its_value(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_delivery(db)
        a_delivery(db, state="delivered")
        a_delivery(db, endpoint_id=an_endpoint(db, state="disabled"), due_at=None)
        heartbeats.beat(db, worker="w", lane=Lane.PUSH_HTTP)
    with a_web_face(store, tmp_path) as url:
        answer = requests.get(f"{url}/metrics", timeout=5)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert {name for name, *_ in found} == set(METRICS)
    assert found["zonewire_lane_waiting", "push.http"] == 1
    assert found["zonewire_lane_oldest_due_seconds", "push.http"] > found["zonewire_lane_budget_seconds", "push.http"]
    assert (found["zonewire_lane_workers", "push.http"], found["zonewire_lane_workers", "events"]) == (1, 0)
    assert 0 <= found["zonewire_lane_turn_age_seconds", "push.http"] < 10
    assert found["zonewire_deliveries", "true", "push.http", "pending"] == 1
    assert found["zonewire_deliveries", "false", "push.http", "delivered"] == 1
    assert (found["zonewire_backlog",], found["zonewire_endpoints", "disabled"]) == (1, 1)


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

"""The alerts of config/deploy/prometheus/: each has its page, names what there is, fires, and nearly does not."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.promql import OF_PROMETHEUS, known, names_in
from zonewire import ROOT
from zonewire.alarms import SYMPTOMS, symptoms
from zonewire.delivery.lanes import Lane
from zonewire.delivery.states import State

FOLDER = ROOT / "config/deploy/prometheus"
READ = YAML(typ="safe")
ALERTS: list[dict[str, Any]] = READ.load(FOLDER / "rules.yml")["groups"][0]["rules"]
NAMES = sorted({alert["alert"] for alert in ALERTS})
RUNBOOK = (ROOT / "docs/operators/runbook.md").read_text()
PARTS = re.findall(r"^## ([a-z-]+)$", RUNBOOK, re.MULTILINE)

HAS_PROMTOOL = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs promtool, of the Debian package prometheus"
)
HAS_AMTOOL = pytest.mark.skipif(not shutil.which("amtool"), reason="needs amtool, of prometheus-alertmanager")


def kebab(name: str) -> str:
    """ZonewireDeadLettersGrowing: dead-letters-growing, its part of the runbook."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name.removeprefix("Zonewire")).lower()


def seconds(span: str) -> int:
    """30m: 1800."""
    return int(span[:-1]) * {"s": 1, "m": 60, "h": 3_600}[span[-1]]


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, check=False)


def test_each_alert_has_its_part_of_the_runbook_and_each_part_its_alert() -> None:
    assert {kebab(name) for name in NAMES} == set(PARTS)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_each_says_what_it_is_how_bad_and_where_to_read_on(alert: dict[str, Any]) -> None:
    annotations = alert["annotations"]

    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["for"], "one bad look alone wakes nobody"
    assert len(annotations["summary"]) <= 60
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"] == "{{ $externalLabels.runbook }}#" + kebab(alert["alert"])


def test_zonewire_itself_watches_the_same_with_the_same_patience() -> None:
    """But for `down`, which the dead cannot tell; and what must hold for a quarter before the rule sees it."""
    unlike = {"queue-not-draining": 900}
    ours = {(one.name.value, one.wakes, one.lasts_s - unlike.get(one.name, 0), one.gone_s) for one in SYMPTOMS}
    theirs = {
        (
            kebab(alert["alert"]),
            alert["labels"]["severity"] == "page",
            seconds(alert["for"]),
            seconds(alert.get("keep_firing_for", "1m")),
        )
        for alert in ALERTS
        if alert["alert"] != "ZonewireDown"
    }
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ZonewireArticleNotOut", f"> {symptoms.NOT_OUT_S}"),
        ("ZonewireDigestMissed", f"> {symptoms.MISSED_S}"),
        ("ZonewireChannelFailing", f"[{symptoms.TRIES_MINUTES}m]"),
        ("ZonewireChannelFailing", f"> {symptoms.FAILING_SHARE}"),
        ("ZonewireChannelFailing", f">= {symptoms.FEWEST_TRIES}"),
        ("ZonewireBeatGone", f"> {symptoms.BEAT_S:.0f}"),
        ("ZonewireDatabaseSlow", f"[{symptoms.WRITE_MINUTES}m])) > {symptoms.SLOW_WRITE_S:.0f}"),
        ("ZonewireDiskNearlyFull", f"< {symptoms.NO_DISK // symptoms.MEBIBYTE} * 1024 * 1024"),
        ("ZonewireCertificateExpires", f"< {symptoms.CERTIFICATE_LAST_DAYS} * 86400"),
        ("ZonewireCertificateExpires", f"< {symptoms.CERTIFICATE_DAYS} * 86400"),
        ("ZonewireQueueNotDraining", f"[{symptoms.FLOW_MINUTES}m])) > {symptoms.FEWEST_WAITING}"),
        ("ZonewireDeadLettersGrowing", f">= {symptoms.FEWEST_DEAD}"),
        ("ZonewireLanePaused", f"> {symptoms.FORGOTTEN_S}"),
    ],
)
def test_the_rules_and_zonewire_itself_go_by_the_same_numbers(name: str, said: str) -> None:
    assert any(said in alert["expr"] for alert in ALERTS if alert["alert"] == name)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_each_names_metrics_and_labels_that_there_are(alert: dict[str, Any]) -> None:
    metrics, found = known(), names_in(alert["expr"])
    labels = set().union(*(metrics[name] for name in found.metrics)) | OF_PROMETHEUS

    assert found.metrics <= set(metrics)
    assert found.labels <= labels
    assert set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"]))) <= found.labels


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_each_selects_by_values_that_there_are(alert: dict[str, Any]) -> None:
    values: dict[str, set[str]] = {
        "lane": set(Lane),
        "state": set(State),
        "outcome": {"delivered", "later", "never", "unknown"},
    }
    for metric, label, pattern in names_in(alert["expr"]).matched:
        assert label in known().get(metric, OF_PROMETHEUS)
        for one in pattern.split("|"):
            regex = re.compile(one.replace("\\\\", "\\"))
            assert label not in values or any(map(regex.fullmatch, values[label])), f"no {label} {one}"


def test_every_part_of_the_runbook_says_the_same_things_in_the_same_order() -> None:
    asked = ["What you see", "What it means", "What Zonewire does", "Look", "Over when"]
    for name, text in zip(PARTS, re.split(r"^## [a-z-]+$", RUNBOOK, flags=re.MULTILINE)[1:], strict=True):
        told = [
            heading for heading in re.findall(r"^\*\*([A-Z][\w ]+?)\.?\*\*", text, re.MULTILINE) if heading in asked
        ]
        assert told == asked, name
        assert f"[{name}](#{name})" in RUNBOOK, "it is in the table above"


def test_every_link_inside_the_runbook_leads_to_one_of_its_parts() -> None:
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) == set(PARTS)


def test_each_alert_fires_in_a_test_of_its_own() -> None:
    text = (FOLDER / "tests.yml").read_text()
    fires = set(re.findall(r"labels: '(?:ALERTS)?\{[^}]*alertname=\"(\w+)\"", text))
    fires |= set(re.findall(r"- alertname: (\w+)", text))

    assert fires == set(NAMES)


@HAS_PROMTOOL
@pytest.mark.parametrize(
    "words", [("check", "rules", "rules.yml"), ("check", "config", "--syntax-only", "prometheus.yml")]
)
def test_promtool_takes_rules_and_configuration(words: tuple[str, ...]) -> None:
    done = run("promtool", *words)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow  # three seconds of promtool's own
@HAS_PROMTOOL
def test_each_alert_fires_when_it_should_and_not_when_it_nearly_should() -> None:
    done = run("promtool", "test", "rules", "tests.yml")

    assert done.returncode == 0, done.stdout + done.stderr


@HAS_AMTOOL
@pytest.mark.parametrize(("severity", "receiver"), [("page", "pages"), ("ticket", "tickets")])
def test_alertmanager_sends_each_severity_its_way(severity: str, receiver: str) -> None:
    checked = run("amtool", "check-config", "alertmanager.yml")
    sent = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", f"severity={severity}")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert sent.stdout.split() == [receiver]


def test_what_alertmanager_keeps_silent_about_are_alerts() -> None:
    rules = READ.load(FOLDER / "alertmanager.yml")["inhibit_rules"]
    named = set(re.findall(r"Zonewire\w+", str(rules)))

    assert named <= set(NAMES)


def test_the_monitoring_page_names_each_file_that_there_is() -> None:
    page = (ROOT / "docs/operators/monitoring.md").read_text()
    files = re.findall(r"`(config/deploy/[\w./-]+)`", page)

    assert files
    assert all((ROOT / Path(path)).exists() for path in files)

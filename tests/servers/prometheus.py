"""A Prometheus on our own rules, looking every few seconds; of the Debian package prometheus."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.eventually import eventually
from tests.servers.ports import free_port
from zonewire import ROOT

RULES = ROOT / "config" / "deploy" / "prometheus" / "rules.yml"
CONFIG = """global:
  {{scrape_interval: 5s, evaluation_interval: 5s, external_labels: {{runbook: docs/operators/runbook.md}}}}
rule_files: [{rules}]
scrape_configs: [{{job_name: zonewire, static_configs: [{{targets: ["{target}"]}}]}}]
"""
STARTS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    def firing(self) -> list[str]:
        """The alerts that fire now, as `name{what it is about}`."""
        answer = requests.get(f"{self.url}/api/v1/alerts", timeout=10).json()
        return sorted({_shown(alert["labels"]) for alert in answer["data"]["alerts"] if alert["state"] == "firing"})


@contextlib.contextmanager
def running_prometheus(folder: Path, target: str) -> Iterator[Prometheus | None]:
    """One that scrapes *target* (host:port) for as long as the block lasts; None where it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        yield None
        return
    folder.mkdir(parents=True)
    (folder / "prometheus.yml").write_text(CONFIG.format(rules=RULES, target=target))
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        made = Prometheus(f"http://{address}")
        eventually(lambda: _is_ready(made), within_s=STARTS_WITHIN_S, what="Prometheus is ready")
        yield made
    finally:
        process.kill()
        process.wait(10)


def _is_ready(one: Prometheus) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{one.url}/-/ready", timeout=5).ok
    return False


def _shown(labels: dict[str, str]) -> str:
    about = [labels[name] for name in ("lane", "channel", "account") if name in labels]
    return f"{labels['alertname']}{{{','.join(about)}}}" if about else labels["alertname"]

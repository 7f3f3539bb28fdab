"""Grafana's dashboards: whole, at home with the data source that comes along, and asking for what /metrics has.

No Grafana can be had here: what is checked is what it would refuse, or show nothing for.
"""

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.promql import OF_PROMETHEUS, known, names_in
from zonewire import ROOT

FOLDER = ROOT / "config/deploy/grafana"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))
}
SOURCE = YAML(typ="safe").load(FOLDER / "provisioning/datasources/zonewire.yml")["datasources"][0]
ITSELF = "-- Grafana --"
WIDTH = 24
SCHEMA = 39  # Grafana 11's; newer ones bring it up to theirs


def panels() -> list[tuple[str, dict[str, Any]]]:
    return [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]


def expressions() -> list[tuple[str, str]]:
    """Every query, with its panel; and the one that makes the marks of releases."""
    found = [
        (f"{name}: {panel['title']}", target["expr"]) for name, panel in panels() for target in panel.get("targets", ())
    ]
    marks = [note["expr"] for board in BOARDS.values() for note in board["annotations"]["list"] if "expr" in note]
    return [*found, *(("marks", mark) for mark in marks)]


def everywhere(value: Any, key: str) -> list[Any]:
    """What stands under *key*, at any depth."""
    if isinstance(value, dict):
        own = [value[key]] if key in value else []
        return own + [one for inner in value.values() for one in everywhere(inner, key)]
    return [one for inner in value for one in everywhere(inner, key)] if isinstance(value, list) else []


def test_both_are_there_and_known_by_names_that_stay() -> None:
    assert {board["uid"]: board["title"] for board in BOARDS.values()} == {
        "zonewire-glance": "Zonewire: at a glance",
        "zonewire-lanes": "Zonewire: lanes and channels",
    }
    for board in BOARDS.values():
        assert (board["id"], board["schemaVersion"]) == (None, SCHEMA)
        assert board["refresh"]


def test_each_asks_the_data_source_that_comes_along_and_no_other() -> None:
    asked = {source["uid"] for board in BOARDS.values() for source in everywhere(board, "datasource")}

    assert asked == {SOURCE["uid"], ITSELF}
    assert SOURCE["type"] == "prometheus"
    assert SOURCE["isDefault"] is True


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_numbers_of_their_own_and_do_not_lie_on_each_other(name: str) -> None:
    board = BOARDS[name]["panels"]
    places = [panel["gridPos"] for panel in board]

    assert len({panel["id"] for panel in board}) == len(board)
    for one, other in itertools.combinations(places, 2):
        apart_in_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_in_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_in_x or apart_in_y, (one, other)
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= WIDTH for place in places)


@pytest.mark.parametrize(("name", "panel"), [(n, p) for n, p in panels() if p["type"] != "row"])
def test_each_panel_says_what_it_shows_and_in_which_unit(name: str, panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["type"] in {"stat", "timeseries", "table", "state-timeline"}
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_each_query_names_metrics_and_labels_that_there_are(where: str, expression: str) -> None:
    metrics, found = known(), names_in(expression)
    assert found.metrics <= set(metrics)
    labels = set().union(*(metrics[name] for name in found.metrics)) | OF_PROMETHEUS

    if "ALERTS" not in expression:  # alerts bring whatever their own metrics have
        assert found.metrics
        assert found.labels <= labels
    for metric, label, _value in found.matched:
        assert label in metrics.get(metric, set()) | OF_PROMETHEUS


def test_each_legend_names_labels_that_its_query_leaves() -> None:
    for _, panel in panels():
        for target in panel.get("targets", ()):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= names_in(target["expr"]).labels, target["expr"]


def test_every_variable_that_is_used_is_there() -> None:
    for board in BOARDS.values():
        made = {variable["name"] for variable in board["templating"]["list"]}
        used = set(re.findall(r"\$(\w+)", json.dumps(everywhere(board["panels"], "expr")))) - {"__rate_interval"}
        assert used == made


def test_every_word_on_the_runbook_is_one_of_its_parts() -> None:
    parts = set(re.findall(r"^## ([a-z-]+)$", (ROOT / "docs/operators/runbook.md").read_text(), re.MULTILINE))
    for _, panel in panels():
        for words in re.findall(r"Runbook: ([a-z, -]+)\.", panel.get("description", "")):
            assert set(words.split(", ")) <= parts


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of the Debian package prometheus")
def test_promtool_can_read_each_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{n}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
        for n, (_, expression) in enumerate(expressions())
    ]
    file = tmp_path / "queries.json"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))  # JSON is YAML too

    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr

"""The units of config/deploy/systemd/: systemd itself judges them where it is; what they name, the code does."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import PREFIX, Settings
from docs.generate import all_commands
from tests.test_compose import COMPOSE, ENDS_WITHIN_S
from zonewire import ROOT
from zonewire.delivery.lanes import Lane

UNITS = ROOT / "config/deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
COMMON = (UNITS / "zonewire-.service.d/common.conf").read_text()
PROGRAM = "/opt/zonewire/.venv/bin/zonewire"


def values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd, for systemd-analyze")
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path / "units")
    for unit in (tmp_path / "units").glob("*.service"):
        unit.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))  # it is asked whether the program is there
    names = ["zonewire.target", "zonewire-worker@push.http.service"]
    names += [unit.name for unit in SERVICES if "@" not in unit.name]

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / "units" / name) for name in names)],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path / 'units'}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_each_unit_starts_a_command_that_there_is(unit: Path) -> None:
    (line,) = values(unit.read_text(), "ExecStart")
    words = line.replace("%i", Lane.FEEDS).removeprefix(f"{PROGRAM} ").split()
    context = next(
        context for context in all_commands() if (path := context.command_path.split()[1:]) == words[: len(path)]
    )

    context.command.make_context("", words[len(context.command_path.split()) - 1 :], parent=context.parent)


def test_the_target_wants_the_web_face_beat_and_a_worker_for_each_lane() -> None:
    wanted = " ".join(values((UNITS / "zonewire.target").read_text(), "Wants")).split()
    workers = {f"zonewire-worker@{lane}.service" for lane in Lane}

    assert set(wanted) == workers | {"zonewire-web.service", "zonewire-beat.service"}


def test_each_secret_is_handed_over_as_a_credential_and_read_from_there() -> None:
    given = dict(value.split(":") for value in values(COMMON, "LoadCredential"))
    read = dict(value.split("=") for value in values(COMMON, "Environment") if "=%d/" in value)

    assert {name.removeprefix("%d/") for name in read.values()} == set(given)
    assert all(path == f"/etc/zonewire/secrets/{name}" for name, path in given.items())
    for variable, value in read.items():
        name = variable.removeprefix(PREFIX).removesuffix("_FILE").lower()
        assert name in Settings.model_fields
        assert value == f"%d/{name}"


def test_containers_units_and_the_command_read_the_same_secrets() -> None:
    handed = {value.split(":")[0] for value in values(COMMON, "LoadCredential")}
    (line,) = re.findall(r"for name in (.*); do", (UNITS / "zonewire").read_text())

    assert handed == set(line.split()) == set(COMPOSE["services"]["web"]["secrets"])


def test_the_settings_of_the_example_are_settings() -> None:
    names = re.findall(r"^(\w+)=", (UNITS / "zonewire.env").read_text(), re.MULTILINE)

    assert names
    assert {name.removeprefix(PREFIX).lower() for name in names} <= set(Settings.model_fields)


def test_they_are_given_the_time_that_an_orderly_end_takes_and_start_again_by_themselves() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(COMMON)

    assert parser.getint("Service", "TimeoutStopSec") > ENDS_WITHIN_S
    assert parser["Service"]["KillMode"] == "mixed"
    for unit in SERVICES:
        assert unit.name == "zonewire-migrate.service" or values(unit.read_text(), "Restart") == ["always"]


@pytest.mark.parametrize(
    "option", ["NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "StateDirectory=zonewire", "UMask=0077"]
)
def test_none_of_them_may_do_more_than_it_has_to(option: str) -> None:
    assert option in COMMON.splitlines()

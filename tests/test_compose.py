"""docker-compose.yml and the Dockerfile name what the code has: lanes, commands, settings, paths.

No container engine runs here; `make lint` checks the file against the Compose specification's schema.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from config.settings import PREFIX, Settings, load
from docs.generate import all_commands
from zonewire import ROOT
from zonewire.delivery.lanes import Lane
from zonewire.keys import new_webhook_secret

COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
OTHERS = [name for name in SERVICES if name not in OURS]
STANDS_ON = {"redis", "postgres", "mail"}
BESIDE = {"proxy", "flower", "prometheus", "alertmanager", "grafana"}
PER_LANE = {f"worker-{lane.replace('.', '-')}" for lane in Lane}
MINIMAL = STANDS_ON | {"migrate", "web", "beat", "worker"}
FULL = STANDS_ON | {"migrate", "web", "beat"} | PER_LANE | BESIDE
ENDS_WITHIN_S = 15  # docs/operators/running.md
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def environment(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}


def zonewire_commands() -> list[tuple[str, list[str]]]:
    return [(name, SERVICES[name]["command"][1:]) for name in OURS if SERVICES[name]["command"][0] == "zonewire"]


def of_profile(profile: str) -> set[str]:
    return {name for name, service in SERVICES.items() if profile in service["profiles"]}


def test_every_part_is_there_and_each_profile_is_whole() -> None:
    assert of_profile("minimal") == MINIMAL
    assert of_profile("full") == FULL
    assert set(SERVICES) == MINIMAL | FULL
    for profile in (MINIMAL, FULL):
        for name in profile:
            assert set(SERVICES[name].get("depends_on", {})) <= profile


@pytest.mark.parametrize("profile", [MINIMAL, FULL], ids=["minimal", "full"])
def test_each_lane_has_one_worker(profile: set[str]) -> None:
    lanes = [
        lane
        for name, (command, *options) in zonewire_commands()
        if name in profile and command == "worker"
        for lane in (options[1].split(",") if options else Lane)
    ]

    assert sorted(lanes) == sorted(Lane)


def test_each_workers_health_is_that_of_its_own_lanes() -> None:
    asked = SERVICES["worker"]["healthcheck"]["test"]
    for service, command in zonewire_commands():
        if command[0] == "worker":
            assert environment(service)["LANES"].split(",") == (command[2:] or list(Lane))
            assert SERVICES[service]["healthcheck"]["test"] == asked
            assert "LANES" in asked[1]


@pytest.mark.parametrize(("service", "command"), zonewire_commands())
def test_each_command_is_one_that_the_command_line_takes(service: str, command: list[str]) -> None:
    for context in all_commands():
        path = context.command_path.split()[1:]
        if command[: len(path)] == path:
            # Parsing alone: raises where an option does not exist or its value is wrong.
            context.command.make_context(path[-1], command[len(path) :], parent=context.parent)
            return
    pytest.fail(f"{service}: no command {command}")


def test_flower_and_celery_find_the_application() -> None:
    assert SERVICES["flower"]["command"][:3] == ["celery", "-A", "tasks.app"]
    assert find_spec("tasks.app") is not None
    assert find_spec("flower") is not None
    assert "--conf=config/deploy/flower.py" in SERVICES["flower"]["command"]
    assert environment("flower")["FLOWER_LOGIN_FILE"] == "/run/secrets/flower_login"


@pytest.mark.parametrize("service", OURS)
def test_each_variable_is_a_setting(service: str) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    for name in environment(service):
        assert name in {"LANES", "FLOWER_LOGIN_FILE"} or name.removesuffix("_FILE") in known


@pytest.mark.parametrize("service", [name for name in OURS if name != "flower"])
def test_the_settings_of_each_service_can_be_read(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    for name, value in environment(service).items():
        monkeypatch.setenv(name, _filled(value, tmp_path))

    settings = load()

    assert settings.database == "postgresql://zonewire:word@postgres/zonewire"
    assert settings.redis == "redis://redis:6379/0"
    assert settings.base == "http://127.0.0.1:8080"
    assert settings.secret_key


def _filled(value: str, folder: Path) -> str:
    """A value with its ${NAME:-default} filled in, and a secret's file in *folder*."""
    if value.startswith("/run/secrets/"):
        name = value.rsplit("/", 1)[1]
        secrets = {
            "database_url": "postgresql://zonewire:word@postgres/zonewire",
            "event_secret": new_webhook_secret(),
            "smtp_url": "smtp://mail:1025",
        }
        (folder / name).write_text(secrets.get(name, "a long random text"))
        return str(folder / name)
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


@pytest.mark.parametrize("service", SERVICES)
def test_each_secret_that_a_service_reads_is_given_to_it(service: str) -> None:
    read = {value.rsplit("/", 1)[1] for value in environment(service).values() if value.startswith("/run/secrets/")}
    given = set(SERVICES[service].get("secrets", []))

    assert read <= given <= set(COMPOSE["secrets"])


def test_the_secrets_are_neither_in_the_repository_nor_in_the_image() -> None:
    files = {Path(secret["file"]).parts[0] for secret in COMPOSE["secrets"].values()}

    assert files == {"secrets"}
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "!secrets/" not in (ROOT / ".dockerignore").read_text()


def test_what_a_service_waits_for_is_a_service_with_that_condition() -> None:
    for service in SERVICES.values():
        for name, wish in service.get("depends_on", {}).items():
            if wish["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert wish["condition"] == "service_completed_successfully"
                assert name == "migrate"


def test_volumes_networks_and_mounted_files_exist() -> None:
    made = {"./secrets/tls", "./secrets/acme"}  # by config/deploy/prepare.sh
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert volume.endswith(":ro")
                assert source in made or (ROOT / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("service", SERVICES)
def test_each_is_read_only_limited_unprivileged_and_ends_in_time(service: str) -> None:
    found = SERVICES[service]

    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert set(found["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert found["logging"]["options"]["max-size"]
    if service in OURS:
        assert int(found["stop_grace_period"].removesuffix("s")) > ENDS_WITHIN_S
        assert any(folder.startswith("/tmp:") for folder in found["tmpfs"])
        assert found["ulimits"]["nofile"]["soft"] >= 65_536


@pytest.mark.parametrize("service", OTHERS)
def test_no_image_of_others_is_run_as_root(service: str) -> None:
    assert SERVICES[service]["user"].partition(":")[0] not in {"0", "root", ""}


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in {"migrate", "beat"}])
def test_all_that_lasts_says_how_it_is(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_every_image_of_others_is_pinned_by_a_version() -> None:
    images = [SERVICES[name]["image"] for name in OTHERS] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    for image in images:
        assert re.search(r":v?\d+\.?\d*", image), image


def test_the_proxy_is_the_one_way_in() -> None:
    for name, service in SERVICES.items():
        ports = service.get("ports", [])
        assert name == "proxy" or all(port.startswith("127.0.0.1:") for port in ports), name
    assert [port.rpartition(":")[2] for port in SERVICES["proxy"]["ports"]] == ["80", "443"]


def test_prometheus_asks_the_web_face_with_the_token_that_it_is_given() -> None:
    read = YAML(typ="safe").load(ROOT / "config/deploy/prometheus/prometheus.yml")
    (job,) = read["scrape_configs"]

    assert job["static_configs"] == [{"targets": ["web:8080"]}]
    assert job["authorization"]["credentials_file"] == environment("web")["ZONEWIRE_METRICS_TOKEN_FILE"]
    assert "metrics_token" in SERVICES["prometheus"]["secrets"]
    assert read["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]


def test_the_container_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)

    assert users
    assert users[-1] not in {"root", "0"}
    assert "user" not in SERVICES["web"]


def test_what_the_dockerfile_copies_and_what_runs_is_there() -> None:
    let_in = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}

    assert (ROOT / "requirements/runtime.txt").is_file()
    assert all((ROOT / name).exists() for name in let_in)
    assert let_in >= {"zonewire", "tasks", "workers", "web", "cli", "config", "templates", "requirements"}


def test_the_data_folder_of_the_image_is_the_volume() -> None:
    assert environment("web")["ZONEWIRE_DATA_DIR"] == "/data"
    assert "data:/data" in SERVICES["web"]["volumes"]
    assert re.search(r"install -d -o zonewire .* /data", DOCKERFILE)


def test_the_image_writes_nothing_where_it_may_not() -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in DOCKERFILE
    assert "HOME=/tmp" in DOCKERFILE

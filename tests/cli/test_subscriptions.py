"""`zonewire subscribe`, `subscriptions …` and `endpoints list`, as a shell sees them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from zonewire.keys import new_webhook_secret, secret_bytes

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# The entry point itself, with the groups that this file is about.
PROGRAM = (
    "import cli.main as m; from cli import endpoints, subscriptions as s; "
    "m._register = lambda: [group.register(m.app) for group in (s, endpoints)]; m.main()"
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on an installation of the test's own."""

    def command(*args: str, stdin: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
        environment = {"ZONEWIRE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200", **settings}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *args],
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=Path(__file__).parents[2],
        )

    return command


def printed(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return orjson.loads(done.stdout)


def test_a_webhook_subscribed_before_the_first_start_is_listed_paused_and_removed(run: Run) -> None:
    to = ("--channel", "webhook", "--to", "https://Partner.example/hook")
    made = printed(run("subscribe", *to, "--city", "泰州", "--city", "苏州", "--not-keyword", "招聘", "--json"))
    assert list(made) == ["id", "endpoint", "channel", "to", "cadence", "state", "secret"]
    assert len(secret_bytes(made["secret"])) == 32
    assert "secret" not in printed(run("subscribe", *to, "--json"))

    listed = printed(run("subscriptions", "list", "--json"))
    assert [row["filter"] for row in listed] == [{"city": ["泰州", "苏州"], "not_keyword": ["招聘"]}, {}]
    assert printed(run("subscriptions", "pause", made["id"], "--json"))["state"] == "paused"
    assert printed(run("subscriptions", "resume", made["id"], "--json"))["state"] == "active"
    assert "ended" in run("subscriptions", "remove", made["id"]).stdout
    assert [row["state"] for row in printed(run("subscriptions", "list", "--json"))] == ["ended", "active"]
    assert [row["id"] for row in printed(run("endpoints", "list", "--json"))] == [made["endpoint"]]
    assert made["endpoint"] in run("endpoints", "list").stdout


def test_a_secret_can_come_from_standard_input(run: Run) -> None:
    secret = new_webhook_secret()
    options = ("--channel", "webhook", "--to", "https://partner.example/", "--secret", "-", "--json")
    assert printed(run("subscribe", *options, stdin=f"{secret}\n"))["secret"] == secret


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("--channel", "websub", "--to", "https://a.example/"), 2, "/hub"),
        (("--channel", "wecom", "--to", "https://a.example/"), 2, "not built yet"),
        (("--channel", "webhook", "--to", "https://a.example/", "--cadence", "daily"), 2, "webhook cannot be daily"),
        (("--channel", "email", "--to", "a@mail.example", "--timezone", "Mars"), 2, "timezone"),
        (("--channel", "email"), 2, "--to"),
        (("--channel", "email", "--to", "nobody"), 1, "no email address"),
        (("--channel", "webhook", "--to", "http://127.0.0.1:9/"), 1, "leads inside"),
    ],
)
def test_what_cannot_be_is_told_in_a_line_or_two(run: Run, args: tuple[str, ...], status: int, said: str) -> None:
    done = run("subscribe", *args)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_decide_what_leads_inside(run: Run) -> None:
    options = ("subscribe", "--channel", "webhook", "--to", "http://127.0.0.1:9000/", "--json")
    assert run(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1:9001").returncode == 1
    assert run(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1").returncode == 2
    assert printed(run(*options, ZONEWIRE_ALLOW_ENDPOINTS="127.0.0.1:9000"))["state"] == "active"


def test_an_import_tells_bad_lines_and_takes_the_others(run: Run, tmp_path: Path) -> None:
    lines = [{"channel": "email", "to": f"reader{n}@mail.example", "confirmed": True} for n in range(3)]
    lines[1]["to"] = "nobody"
    file = tmp_path / "subscribers.jsonl"
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    done = run("subscriptions", "import", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("line 2: ")
    assert done.stdout == "2 added, 0 known already, 1 bad lines left out\n"
    again = run("subscriptions", "import", "-", "--json", stdin=orjson.dumps(lines[0]).decode())
    assert printed(again) == {"added": 0, "known": 1, "bad": 0, "secrets": []}


def test_an_import_prints_the_secrets_that_it_made(run: Run) -> None:
    line = orjson.dumps({"channel": "webhook", "to": "https://partner.example/"}).decode()
    (made,) = printed(run("subscriptions", "import", "-", "--json", stdin=line))["secrets"]
    assert secret_bytes(made["secret"])


@pytest.mark.parametrize("args", [("import", "/nowhere"), ("pause", "s4711"), ("remove", "x"), ("resume", "e1")])
def test_what_is_not_there_is_told(run: Run, args: tuple[str, ...]) -> None:
    done = run("subscriptions", *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("zonewire: ")
    assert "Traceback" not in done.stderr

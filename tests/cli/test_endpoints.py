"""`zonewire endpoints …`, as an operator uses it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.builders import a_delivery, a_subscription, an_endpoint
from tests.cli.conftest import PROGRAM, Run
from zonewire import ROOT
from zonewire.store import Store


def an_endpoint_that_holds(store: Store, n: int) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, state="disabled", disabled_at=1, reason="failed for too long without one success")
        a_subscription(db, endpoint_id=endpoint)
        for _ in range(n):
            a_delivery(db, endpoint_id=endpoint, due_at=None)


def test_show_tells_all_but_the_secret(store: Store, run_here: Run) -> None:
    an_endpoint_that_holds(store, 2)
    done = run_here("endpoints", "show", "e1")
    assert "failed for too long without one success" in done.stdout
    assert "s1, instant, active: everything" in done.stdout
    shown = orjson.loads(run_here("endpoints", "show", "e1", "--json").stdout)
    assert (shown["state"], shown["held"], shown["deliveries"]["pending"]) == ("disabled", 2, 2)
    assert "secret" not in shown


def test_enable_asks_what_becomes_of_what_is_held(store: Store, run_here: Run) -> None:
    an_endpoint_that_holds(store, 2)
    asked = run_here("endpoints", "enable", "e1")
    assert asked.returncode == 2
    assert "--held: e1 holds 2 deliveries: say what becomes of them" in asked.stderr
    assert run_here("endpoints", "enable", "e1", "--held", "some").returncode == 2
    done = run_here("endpoints", "enable", "e1", "--held", "newest")
    assert done.stdout == "e1 is enabled; 1 delivery released; 1 delivery cancelled\n"
    assert run_here("endpoints", "enable", "e1").stdout == "e1 is enabled\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_a_terminal_the_question_is_put_until_it_is_answered(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    an_endpoint_that_holds(store, 2)
    terminal, end = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, "endpoints", "enable", "e1", "--json"]
    os.write(terminal, b"perhaps\nnone\n")
    settings = {"ZONEWIRE_DATABASE_URL": database_url, "ZONEWIRE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(command, stdin=end, capture_output=True, env=settings, cwd=ROOT, timeout=60, check=True)
    os.close(terminal)
    os.close(end)
    question = "e1 holds 2 deliveries. Send all of them, only the newest, or none? [all|newest|none]:"
    assert done.stderr.decode().splitlines() == [f"{question}Error: 'perhaps' is no choice", question]
    assert orjson.loads(done.stdout) == {"id": "e1", "state": "healthy", "released": 0, "cancelled": 2}


def test_disable_holds_what_is_owed_at_once(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        a_delivery(db)
    done = run_here("endpoints", "disable", "e1", "--reason", "they move")
    assert done.stdout == "e1 is disabled; 1 delivery held\n"
    assert orjson.loads(run_here("status", "--json").stdout)["backlog"] == 0
    assert run_here("endpoints", "disable", "e1").stdout == "e1 is disabled already; 1 delivery held\n"


def test_a_test_message_is_owed_to_what_is_enabled_and_refused_to_what_is_not(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        an_endpoint(db)
        an_endpoint(db, state="disabled")
    owed = orjson.loads(run_here("endpoints", "test", "e1", "--json").stdout)
    assert "kind         test" in run_here("deliveries", "show", owed["delivery"]).stdout
    refused = run_here("endpoints", "test", "e2")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (1, "zonewire: e2 is disabled")


@pytest.mark.parametrize(("state", "status"), [("unconfirmed", 1), ("ended", 1), ("active", 0), ("paused", 0)])
def test_a_test_mail_goes_only_to_somebody_who_has_agreed(store: Store, run_here: Run, state: str, status: int) -> None:
    with store.writing() as db:
        a_subscription(db, endpoint_id=an_endpoint(db, channel="email"), channel="email", state=state)
    done = run_here("endpoints", "test", "e1")
    assert (done.returncode, "wants mail" in done.stderr) == (status, status == 1)


def test_an_endpoint_that_is_not_there_is_told(store: Store, run_here: Run) -> None:
    for command in ("show", "test", "rotate", "enable", "disable"):
        done = run_here("endpoints", command, "e7")
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, "zonewire: there is no endpoint 'e7'")

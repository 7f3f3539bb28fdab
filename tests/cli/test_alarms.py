"""`zonewire alarms`: who is told, what is on, and a test that really arrives."""

from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import Run
from tests.servers.receiver import Receiver, status
from tests.servers.smtp import running_smtp
from tests.zonewire.alarms.pictures import EACH
from zonewire.alarms import judge, keep
from zonewire.operators import recorded
from zonewire.store import SECOND, Store, now

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def an_alarm(store: Store) -> None:
    """Beat is gone for an hour."""
    for ago_s in (400, 360, 300, 240, 180, 120, 60, 0):
        with store.writing() as db:
            keep(db, judge(EACH["beat-gone", ""]), now=now(db) - ago_s * SECOND)


def test_who_is_told_is_listed_until_they_are_told_no_more(store: Store, run_here: Run) -> None:
    told = orjson.loads(run_here("alarms", "tell", "--channel", "email", "--to", "Night@Ops.example", "--json").stdout)
    (listed,) = orjson.loads(run_here("alarms", "receivers", "--json").stdout)
    assert listed == {**told, "to": "Night@ops.example", "is_told": True}
    assert run_here("alarms", "receivers").stdout.splitlines()[1].split()[-1] == "yes"
    assert "told no more" in run_here("alarms", "untell", told["endpoint"]).stdout
    assert "was not told" in run_here("alarms", "untell", told["endpoint"]).stdout
    assert "Nobody is told" in run_here("alarms", "receivers").stdout
    with store.reading() as db:
        assert [one.act for one in recorded(db)] == ["alarms.untold", "alarms.told"]


@ON_ONE_DATABASE
def test_what_is_on_is_listed_with_what_to_do(store: Store, run_here: Run) -> None:
    assert "No alarm is on." in run_here("alarms", "list").stdout
    an_alarm(store)
    (one,) = orjson.loads(run_here("alarms", "list", "--json").stdout)
    assert (one["alarm"], one["wakes"], one["until"], one["told"]) == ("beat-gone", False, None, [])
    assert one["seen"] == "No hint of a beat has reached a worker for 61 seconds."
    assert one["runbook"] == "docs/operators/runbook.md#beat-gone"
    assert "beat-gone" in run_here("alarms", "list", "--lately").stdout


@ON_ONE_DATABASE
def test_a_test_arrives_and_says_where_it_did_not(store: Store, run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_ALLOW_PRIVATE_ENDPOINTS", "true")
    with running_smtp() as server, Receiver(default=status(500)) as receiver:
        monkeypatch.setenv("ZONEWIRE_SMTP_URL", server.url)
        run_here("alarms", "tell", "--channel", "email", "--to", "night@ops.example")
        run_here("alarms", "tell", "--channel", "webhook", "--to", receiver.url("/x"))
        done = run_here("alarms", "test", "--json")
    assert done.returncode == 1
    assert [(one["channel"], one["error"]) for one in orjson.loads(done.stdout)] == [
        ("email", ""),
        ("webhook", "HTTP 500"),
    ]
    assert [one.recipient for one in server.mails] == ["night@ops.example"]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("tell", "--channel", "indexnow", "--to", "x.example"), 2, "carries no alarms"),
        (("tell", "--channel", "email", "--to", "nobody"), 2, "nobody"),
        (("tell", "--channel", "webhook", "--to", "http://127.0.0.1/x"), 1, "leads inside"),
        (("test",), 1, "nobody is told of alarms"),
        (("untell", "e99"), 1, "there is no endpoint"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    store: Store, run_here: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run_here("alarms", *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


@ON_ONE_DATABASE
def test_a_mail_goes_to_the_outbox_where_there_is_no_server(store: Store, run_here: Run, tmp_path: Path) -> None:
    run_here("alarms", "tell", "--channel", "email", "--to", "night@ops.example")
    assert run_here("alarms", "test").returncode == 0
    assert len(list((tmp_path / "data/outbox").glob("*.eml"))) == 1

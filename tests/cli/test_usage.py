"""Wrong usage: exit 2, a line or two that say what, where and what to do, and never a box."""

import pytest

from tests.cli.conftest import Run

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""None of these comes so far as to look into it."""


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "said", "help_of"),
    [
        ("", "name one of its commands", "zonewire"),
        ("deliveries", "deliveries: name one of its commands", "zonewire deliveries"),
        ("nonsense", "no such command 'nonsense'", "zonewire"),
        ("deliveris list", "Did you mean 'deliveries'?", "zonewire"),
        ("status --nonsense", "status: no such option --nonsense", "zonewire status"),
        ("subscribe --channel email", "subscribe: --to is missing", "zonewire subscribe"),
        ("subscribe --channel", "subscribe: --channel needs a value", "zonewire subscribe"),
        ("status --json=yes", "status: --json does not take a value", "zonewire status"),
        ("publish", "publish: FILE… is missing", "zonewire publish"),
        ("withdraw a b", "withdraw: more words than it takes: b", "zonewire withdraw"),
        ("deliveries list --limit x", "--limit: must be a valid integer", "zonewire deliveries list"),
        ("drill --seconds 5", "--seconds: must be greater than or equal to 25", "zonewire drill"),
        ("web --port 99999", "--port: must be less than or equal to 65535", "zonewire web"),
        ("digests preview --subscription s1 --format xml", "'xml' is not one of", "zonewire digests preview"),
        ("deliveries replay", "name deliveries, or ask for --dead", "zonewire deliveries replay"),
        ("deliveries replay x --since 2026-06-06", "go with --dead", "zonewire deliveries replay"),
    ],
)
def test_wrong_usage_is_told_in_a_line_and_points_to_the_help(
    run_here: Run, words: str, said: str, help_of: str
) -> None:
    done = run_here(*words.split())
    what, mend = done.stderr.splitlines()
    assert done.returncode == 2
    assert what.startswith("zonewire: ")
    assert said in what
    assert mend == f"`{help_of} --help` shows how it is used."


def test_a_terminal_of_any_width_gets_no_box_and_no_traceback(run: Run) -> None:
    done = run("deliveries", "list", "--limit", "x", COLUMNS="40", FORCE_COLOR="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2
    assert not set("╭│╰\x1b") & set(done.stderr)


@ON_ONE_DATABASE
def test_what_was_typed_stays_on_one_line_however_it_looks(run_here: Run) -> None:
    done = run_here("withdraw", "a", "b\nTraceback \x1b[31m" + "x" * 5_000)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert len(done.stderr) < 500
    assert "\x1b" not in done.stderr


@ON_ONE_DATABASE
@pytest.mark.parametrize(("words", "status", "printed"), [("--help", 0, "publish"), ("deliveries", 2, "replay")])
def test_help_is_printed_to_standard_output(run_here: Run, words: str, status: int, printed: str) -> None:
    done = run_here(words)
    assert done.returncode == status
    assert printed in done.stdout


def test_what_was_asked_properly_ends_well_before_the_first_start(run: Run) -> None:
    assert run("status").returncode == 0
    assert run("db", "upgrade").returncode == 0

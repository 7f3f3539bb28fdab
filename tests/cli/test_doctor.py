"""`zonewire doctor`, as an operator reads it."""

import orjson
import pytest

from tests.cli.conftest import Run


def test_each_finding_is_a_line_with_what_mends_it_below(run: Run) -> None:
    done = run("doctor")
    assert done.returncode == 0
    assert "ok    settings    every setting can be read\n" in done.stdout
    assert "warn  database    none in " in done.stdout
    assert "\n                  `zonewire up` makes it" in done.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_has_failed_ends_it_with_one_and_json_has_it_all(run_here: Run) -> None:
    done = run_here("doctor", "--json", ZONEWIRE_SMTP_URL="smtp://127.0.0.1:1")
    findings = {one["check"]: one for one in orjson.loads(done.stdout)}
    assert done.returncode == 1
    assert (findings["smtp"]["result"], set(findings["smtp"])) == ("fail", {"check", "result", "found", "mend"})
